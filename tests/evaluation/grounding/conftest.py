"""Small studies of known responders."""

import pytest

from cuealign.evaluation.grounding.quantities import Grounding
from tests.support.studies import Size, World, simulate_with_listeners

SMALL = Size(8, 240, 4, (1, 1, 1, 1), sessions=4, unevenness=0.3)


@pytest.fixture(scope="session")
def world() -> World:
    return World(3)


@pytest.fixture(scope="session")
def grounding_of(world):
    """Of a kind of responder and a seed: its grounding, on a small study."""
    made = {}

    def make(kind: str, seed: int = 0) -> Grounding:
        if (kind, seed) not in made:
            own, audio, cues = simulate_with_listeners(kind, SMALL, world, seed)
            made[kind, seed] = Grounding(own, {"audio": audio, "cues": cues}, towards="L0")
        return made[kind, seed]

    return make
