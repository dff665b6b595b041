"""Configs as Snakemake merges them."""

from typing import TypeVar

import yaml

from cuealign.core.validation import StrictModel
from tests.support import ROOT

Entry = TypeVar("Entry", bound=StrictModel)


def changed(entry: Entry, **changes: object) -> Entry:
    """An entry of a config with some keys changed, validated as a whole."""
    return type(entry).model_validate(entry.model_dump(mode="json") | changes)


def merge(base: dict, over: dict) -> dict:
    """Merge as Snakemake merges config files."""
    for key, value in over.items():
        base[key] = merge(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return base


def shipped(*names: str) -> dict:
    values: dict = {}
    for name in ("datasets", "models", "prompts", "config", *names):
        merge(values, yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text(encoding="utf-8")))
    return values
