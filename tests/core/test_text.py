"""Lists in messages have a limit, durations the unit that fits, and paths lead from where the command was given."""

import pytest

from cuealign.core.text import duration, found_at, printable, some


def test_a_list_names_the_first_few_counts_the_rest_and_names_the_file_that_has_all():
    assert some(range(3)) == "0, 1, 2"
    assert some(range(3), file="all.csv") == "0, 1, 2"
    assert some(range(2000), 2, file="all.csv") == "0, 1 and 1,998 more (all in all.csv)"
    assert some(["b", "a", "b"], 1, between="; ") == "b and 1 more"
    assert some([]) == "nothing"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        *((0, "0 s"), (0.04, "0 s"), (0.44, "0.4 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 00 s"), (61, "1 min 01 s")),
        *((3599.6, "1 h 00 min"), (3600 * 12 + 7 * 60 + 20, "12 h 07 min"), (3600 * 5000, "5,000 h 00 min")),
    ],
)
def test_a_duration_has_the_unit_that_fits(seconds, said):
    assert duration(seconds) == said


def test_a_path_is_whole_if_the_study_lies_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))
    assert found_at("results/tables") == "results/tables"
    monkeypatch.setenv("PWD", "/")
    assert found_at("results/tables") == f"{tmp_path}/results/tables"


def test_what_steers_a_terminal_is_not_printed():
    assert printable("a\x1b[31mb\rc\x9b\n\td é生") == "a�[31mb�c�\n\td é生"
