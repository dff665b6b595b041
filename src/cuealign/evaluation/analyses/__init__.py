"""Analyses: one module per table of metrics that is computed for every model and split.

An analysis module defines ``compute(evaluation, options) -> table``: of an :class:`cuealign.evaluation.evaluation.Evaluation`, a data
frame that becomes ``results/metrics/{dataset}/{split}/{model}/{name}.csv``. It may define ``Options``, a
:class:`cuealign.core.registry.PluginOptions` of ``analyses.<name>``. Conditions are named by their ids.

To add one, add a module and name it under ``analyses`` in the config.
"""

from cuealign.core.registry import Registry

ANALYSES = Registry("analysis", __name__, "compute")
"""All analyses."""
