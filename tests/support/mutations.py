"""How many mutations of valid input a test tries: a few hundred, or what CUEALIGN_EXAMPLES says."""

import os

from hypothesis import HealthCheck, settings

mutations = settings(
    max_examples=int(os.environ.get("CUEALIGN_EXAMPLES", "300")),
    deadline=None,
    # Each example writes its own file, so that a fixture that lasts for the whole test does no harm.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
