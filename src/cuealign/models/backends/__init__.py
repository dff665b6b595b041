"""Backends: one module per family of models.

A backend module defines ``load(entry, name, labels, template)``, which returns a ``Responder`` or a ``CausalModel`` (see
:mod:`cuealign.models.base`). ``entry`` (a :class:`cuealign.config.entries.model.Model`) and ``name`` are those of the model in the
config; ``labels`` and ``template`` are those of the prompts. A module may define ``Options``, a
:class:`cuealign.core.registry.PluginOptions` for ``models.<id>.options``, and ``KIND``, the kind of its models: ``alm`` (the
default), ``contrastive`` or ``control``.

To add a family, add a module and name it as ``backend`` in ``config/models.yaml``.
"""

from cuealign.core.registry import Registry

BACKENDS = Registry("backend", __name__, "load")
"""All backends."""
