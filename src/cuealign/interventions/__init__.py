"""Token interventions: the audio is never touched, only the cue block changes.

One module per intervention. It defines ``INTERVENTION``, an :class:`~cuealign.interventions.base.Intervention`. To add one, add a
module and name it in the grid. ``apply`` applies them to tables, ``conditions`` names what they make.
"""

from cuealign.core.registry import Registry

INTERVENTIONS = Registry("intervention", __name__, "INTERVENTION")
"""All interventions."""
