"""Readers: one module per corpus format.

A reader module defines

* ``read(dataset, files) -> table`` with the columns of :data:`cuealign.corpora.rows.RAW_COLUMNS`;
* ``sources(dataset) -> list of files``: the files that describe the corpus, without the audio;
* optionally ``Options``: a :class:`cuealign.core.registry.PluginOptions` of ``datasets.<id>.options``;
* optionally ``listing(dataset) -> list of names``: what else describes the corpus, such as the names of its files;
* optionally ``differences(dataset, table) -> list of lines``: one message per count that differs from the published one.

``dataset`` is the entry of the corpus in the config, a :class:`cuealign.config.entries.dataset.Dataset`. To add a corpus format, add a
module here and name it as ``reader`` in ``config/datasets.yaml``.
"""

from cuealign.core.registry import Registry

READERS = Registry("reader", __name__, "read")
"""All readers."""
