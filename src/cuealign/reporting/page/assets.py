"""The look of the pages: templates, style and script, which are no Python code."""

import hashlib
from pathlib import Path

LOOK = Path(__file__).parent / "look"
"""Folder that holds them."""


def look(name: str) -> str:
    """Text of one of the files."""
    return (LOOK / name).read_text(encoding="utf-8")


def look_version() -> str:
    """Hash of all of them. The version of the code of a rule does not hold it, so that rules need it as a parameter."""
    return hashlib.sha256("\0".join(look(path.name) for path in sorted(LOOK.iterdir())).encode()).hexdigest()[:16]
