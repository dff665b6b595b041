"""Readers: one module per corpus format.

A reader module defines

* ``read(dataset, files) -> table`` with the columns of :data:`cuealign.corpora.rows.RAW_COLUMNS`;
* ``sources(dataset) -> list of files``: what the description of the corpus depends on, audio not included;
* optionally ``Options``: a :class:`cuealign.core.registry.PluginOptions` of ``datasets.<id>.options``;
* optionally ``listing(dataset) -> list of names``: what else it depends on, such as names of files;
* optionally ``differences(dataset, table) -> list of lines``: where the table's counts are not the published ones.

``dataset`` is the corpus's entry of the config, a :class:`cuealign.config.entries.dataset.Dataset`. To add a corpus format, add a
module here and name it as ``reader`` in ``config/datasets.yaml``.
"""

from cuealign.core.registry import Registry

READERS = Registry("reader", __name__, "read")
"""All readers."""
