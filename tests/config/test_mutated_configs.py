"""Whatever is done to a config, it is refused in clear lines, or it says the same elsewhere.

A few hundred changes are tried in every run, as many as wanted with CUEALIGN_EXAMPLES (:mod:`tests.support.mutations`).
"""

import copy
import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from cuealign.config.comparability import deviations
from cuealign.config.entries.base import amount
from cuealign.config.grid import runs
from cuealign.config.loading import load
from cuealign.config.settings import Config
from cuealign.config.workflow import limit, missing_sources
from cuealign.core.errors import ConfigError
from tests.support.config import merge, shipped
from tests.support.mutations import mutations

# Every section says something, so that every part of the config can be changed.
MORE = {
    "intervention_options": {"blank": {"word": "WUG"}},
    "readout": "generate",
    "statistics": {"resamples": 1000, "confidence": 0.9, "seed": 1},
    "grounding": {"margins": {"uar": 0.02, "share": 0.8}, "towards": "neutral"},
    "emosynth": {"seed": 1, "train_speakers": 3, "test_speakers": 3, "per_emotion": 2},
    "analyses": {"trend": {}},
    "tables": {"uar": {}, "blocks": None},
    "figures": {"confusions": {"scope": "model", "annotate_from": 0.1}, "tokens": None},
}
BASE = merge(shipped(), MORE)
UNCHANGED = load(BASE).model_dump(mode="json")
PAPER = load(shipped("paper"))

NUMBERS = (
    *(None, True, False, 0, 1, -1, 1.5, -0.0, float("nan"), float("inf"), -float("inf")),
    *(10**30, -(10**30), 10**5000, 2**63, 1e308, 5e-324),
)
NUMBERS_AS_TEXT = ("0", "1", "-1", "1e3", "1_0", "0.5", "٣", "１", "0x10", "nan", "inf", " 1", "1 ", "9" * 5000, "0GB", "0h")
AMOUNTS = ("4 GB", "4gb", "4 gigabytes", "1 hour", "٤GB", "1_0h", "0.0GB", "1e3GB", "4GB ", "\n4GB", "99999999999TB", "0.1m")
TEXTS = (
    *("", "  ", "null", "~", "x", "X y", "a\nb", "a\r\n", "\x00", "\u2028", "\ud800", "\u202e", "{x}", "{", "}", "{label}"),
    *(
        "{labels}",
        "%s",
        "$HOME",
        "~/x",
        "~nobody-of-that-name/x",
        "/",
        "..",
        "../x",
        "*",
        "(a+)+$",
        "[",
        "a{99999999999}",
        "é",
        "e\u0301",
        "|",
    ),
    *("a|b", "mps", "cuda:0", "cuda:٣", "0" * 40, "all", "none", "INVALID", "correct", "results", "[key]", "function-before[", "a" * 3000),
)
OTHERS = (
    *([], [None], [[]], ["x"], ["x", "x"], [1], {}, {"x": 1}, {"x": None}, {None: 1}, {1: 2}, {True: "x"}, {"scope": None}),
    *({"a": {"b": {}}}, datetime.date(2020, 1, 1), b"bytes", {"x"}, (1, 2)),
)
KEYS = st.sampled_from([value for value in (*NUMBERS, *TEXTS) if not isinstance(value, list | dict | set)])
ODD = st.one_of(*map(st.sampled_from, (NUMBERS, NUMBERS_AS_TEXT, AMOUNTS, TEXTS, OTHERS)))


def places(values: Any, above: tuple = ()) -> Iterator[tuple]:
    """Paths of all keys and items."""
    for key, value in values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ():
        yield (*above, key)
        yield from places(value, (*above, key))


PLACES = list(places(BASE))


def at(values: Any, place: tuple) -> Any:
    for key in place:
        values = values[key]
    return values


@st.composite
def changes(draw) -> tuple[tuple, str, Any]:
    """Where a config is changed, how, and the value or key for it."""
    section = draw(st.sampled_from(sorted(BASE)))
    place = draw(st.sampled_from(draw(st.sampled_from([PLACES, [one for one in PLACES if one[0] == section]]))))
    how = draw(st.sampled_from(("odd", "odd", "lost", "from elsewhere", "another key", "one more", "wrapped")))
    more = {
        "odd": ODD,
        "lost": st.none(),
        "from elsewhere": st.sampled_from(PLACES).map(lambda other: at(BASE, other)),
        "another key": KEYS,
        "one more": st.tuples(KEYS, ODD),
        "wrapped": st.sampled_from(WRAPPERS),
    }
    return place, how, draw(more[how])


WRAPPERS = ("[{}]", "{{x: {}}}", "{}", " {}", "{}\n")


def changed(change: tuple[tuple, str, Any]) -> dict:
    """The config with a change."""
    place, how, value = change
    values, value = copy.deepcopy(BASE), copy.deepcopy(value)
    around, key = at(values, place[:-1]), place[-1]
    if how == "lost":
        del around[key]
    elif how == "another key" and isinstance(around, dict):
        around[value] = around.pop(key)
    elif how == "one more" and isinstance(around[key], dict):
        around[key][value[0]] = value[1]
    elif how == "one more" and isinstance(around[key], list):
        around[key].append(value[1])
    elif how == "wrapped":
        inner = around[key]
        around[key] = {"[{}]": [inner], "{{x: {}}}": {"x": inner}}.get(value, value.format(inner))
    else:
        around[key] = value[1] if how == "one more" else value
    return values


def all_that_the_workflow_asks(config: Config) -> dict[str, Any]:
    """Everything that is computed of a config before the first job, and its plain values."""
    missing_sources(config)
    deviations(config, PAPER, {})
    for run in runs(config.grid):
        limit(config, run.experiment)
    for model in config.models.values():
        assert amount(model.memory)[0] > 0
    plain = config.model_dump(mode="json")
    assert load(json.loads(json.dumps(plain))).model_dump(mode="json") == plain
    return plain


def assert_clear(error: ConfigError) -> None:
    for line in str(error).split("\n"):
        assert line.startswith("config: ")
        assert line.isprintable()
        assert len(line) < 640


def without_section(plain: dict, place: tuple) -> dict:
    return {name: value for name, value in plain.items() if name != place[0]}


@mutations
@seed(0)
@given(changes())
def test_a_changed_config_is_refused_in_clear_lines_or_the_same_elsewhere(change):
    values, place = changed(change), change[0]
    try:
        plain = all_that_the_workflow_asks(load(values))
    except ConfigError as error:
        assert_clear(error)
        return
    if place[1:]:
        assert without_section(plain, place) == without_section(UNCHANGED, place)
    if isinstance(was := _found(UNCHANGED, place), int | float) and not isinstance(was, bool):
        assert_as_written(at(values, place) if _found(values, place) is not None else None, _found(plain, place))


def assert_as_written(written: Any, read: Any) -> None:
    """A number is the one that was written, in whatever way."""
    if isinstance(written, int | float | str) and isinstance(read, int | float):
        assert type(written) is not bool
        assert float(written) == read


def _found(values: Any, place: tuple) -> Any:
    try:
        return at(values, place)
    except (KeyError, IndexError, TypeError):
        return None


def test_a_config_whose_values_are_all_text_is_the_same():
    """The command line hands over text alone."""

    def as_text(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): as_text(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [as_text(inner) for inner in value]
        return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    assert load(as_text(BASE)).model_dump(mode="json") == UNCHANGED


@pytest.mark.parametrize("section", sorted(BASE))
@pytest.mark.parametrize("value", [None, True, 0, 1.5, "x", [], {}, [None], {"x": None}], ids=repr)
def test_a_section_of_another_type_is_refused_or_empty(section, value):
    try:
        all_that_the_workflow_asks(load(BASE | {section: value}))
    except ConfigError as error:
        assert_clear(error)
