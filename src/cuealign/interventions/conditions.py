"""Ids and titles of conditions, that is, of interventions at a strength. Ids are used in files, titles in figures and tables."""

import functools

from cuealign.interventions import INTERVENTIONS

known = functools.cache(INTERVENTIONS.get)
"""An intervention by name. The registry searches the folders of plug-ins each time, which is long for every row of a table."""


def condition_id(intervention: str, p: str = "0") -> str:
    """Id of a condition, such as ``conflict`` or ``corrupt(0.4)``."""
    return f"{intervention}({p})" if known(intervention).has_strength else intervention


def parse_condition_id(identifier: str) -> tuple[str, str]:
    """Intervention and strength of a condition; the inverse of :func:`condition_id`."""
    intervention, _, rest = identifier.partition("(")
    return intervention, rest.removesuffix(")") or "0"


def condition_title(intervention: str, p: str = "0") -> str:
    """Title of a condition, such as ``Corrupt(0.4)``."""
    found = known(intervention)
    return f"{found.title}({p})" if found.has_strength else found.title
