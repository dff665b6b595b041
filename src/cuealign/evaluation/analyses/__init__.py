"""Analyses: each is a module that computes one table of metrics for every model and split.

The module defines ``compute(evaluation, options)``. It takes an :class:`cuealign.evaluation.evaluation.Evaluation` and returns a
data frame, which is written to ``results/metrics/{dataset}/{split}/{model}/{name}.csv``. The module may define ``Options``, a
:class:`cuealign.core.registry.PluginOptions`, for the keys of ``analyses.<name>``. Tables refer to conditions by their ids.

To add an analysis, add a module and name it under ``analyses`` in the config.
"""

from cuealign.core.registry import Registry

ANALYSES = Registry("analysis", __name__, "compute")
"""All analyses."""
