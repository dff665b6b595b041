"""Figures: one module each.

A figure module defines ``draw(results, options, …) -> matplotlib.figure.Figure``, which also takes what names one drawing of its scope
(``dataset``, ``split``, ``model``), and ``SCOPES``, the scopes that it can show. It may define ``Options``, a
:class:`cuealign.core.registry.PluginOptions` of ``figures.<name>``; ``NEEDS``, the analyses that it reads; and ``CAPTION``, what it
shows, for the report and for readers who cannot see it.

To add one, add a module and name it under ``figures`` in the config.
"""

from cuealign.core.registry import Registry

FIGURES = Registry("figure", __name__, "draw")
"""All figures."""
