"""Tables: one module each.

A table module defines ``build(results, published, options) -> TableContent``: of the results of a study
(:class:`cuealign.reporting.results.Results`) and the paper's values (``resources/published.csv``). It may define

* ``Options``, a :class:`cuealign.core.registry.PluginOptions` of ``tables.<name>``;
* ``NEEDS``, the analyses that it reads;
* ``COMPARES_MODELS``, True if it reads the differences between models;
* ``READS_BLOCKS``, True if it reads the tokens under each condition;
* ``CAPTION``, what it shows, for the report.

To add one, add a module and name it under ``tables`` in the config.
"""

from cuealign.core.registry import Registry

TABLES = Registry("table", __name__, "build")
"""All tables."""
