"""Engines that answer requests, and the store that keeps their responses."""

LANGUAGE_MODEL = f"{__name__}.language_model"
"""Module with all that a job does with an audio language model. It takes seconds to import, so nothing else loads it."""


def loaded_for(kind: str) -> tuple[str, ...]:
    """Dotted names of modules that only jobs of models of a kind load, such as ``alm``; the code of these jobs depends on them."""
    return (LANGUAGE_MODEL,) if kind == "alm" else ()
