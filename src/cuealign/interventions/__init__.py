"""Token interventions: change the cue block, never the audio.

Each intervention is a module that defines ``INTERVENTION``, an :class:`~cuealign.interventions.base.Intervention`. To add one, add
a module and name it in the grid. ``apply`` applies interventions to tables; ``conditions`` names the resulting conditions.
"""

from cuealign.core.registry import Registry

INTERVENTIONS = Registry("intervention", __name__, "INTERVENTION")
"""All interventions."""
