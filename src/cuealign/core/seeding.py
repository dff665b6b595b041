"""Random generators keyed by their purpose, so that no draw depends on the order of the work."""

import hashlib

import numpy as np


def derive_seed(*key: object) -> int:
    """Return a 128-bit integer that depends on every part of ``key`` and on nothing else.

    Parts are joined by the unit separator, which occurs in no identifier, so that
    ``("a", "bc")`` and ``("ab", "c")`` differ.
    """
    text = "\x1f".join(str(part) for part in key)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def generator(*key: object) -> np.random.Generator:
    """Return NumPy's PCG64 generator seeded by ``derive_seed(*key)``.

    The same key gives the same stream on every platform and in every process. Adding or
    dropping another key, such as another utterance, does not change it.
    """
    return np.random.Generator(np.random.PCG64(derive_seed(*key)))
