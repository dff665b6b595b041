"""Ids and titles of conditions."""

import pytest

from cuealign.interventions.conditions import condition_id, condition_title, parse_condition_id


@pytest.mark.parametrize(
    ("name", "p", "title"),
    [
        ("none", "0", "Audio-only"),
        ("correct", "0", "Correct"),
        ("shuffle", "0", "Shuffle"),
        ("conflict", "0", "Conflict"),
        ("blank", "0", "Blank"),
        ("corrupt", "0.4", "Corrupt(0.4)"),
        ("corrupt", "1.0", "Corrupt(1.0)"),
    ],
)
def test_title_names_the_intervention_and_its_strength(name, p, title):
    assert condition_title(name, p) == title


@pytest.mark.parametrize(
    ("name", "p", "identifier"),
    [("none", "0", "none"), ("conflict", "0", "conflict"), ("corrupt", "0.4", "corrupt(0.4)"), ("corrupt", "1.0", "corrupt(1.0)")],
)
def test_id_can_be_parsed_back_into_intervention_and_strength(name, p, identifier):
    assert condition_id(name, p) == identifier
    assert parse_condition_id(identifier) == (name, p)
