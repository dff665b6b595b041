"""All problems are reported together, and not more of them than one can read."""

import pytest

from cuealign.core.errors import ConfigError, CuealignError, InputError, ModelError, raise_all


def test_of_many_problems_the_first_are_listed_and_the_rest_counted():
    with pytest.raises(InputError) as error:
        raise_all((f"row {row}" for row in range(30)), where="t.csv", show=3)
    assert str(error.value).splitlines() == ["t.csv: 30 problems", "  - row 0", "  - row 1", "  - row 2", "  - … and 27 more"]


def test_few_problems_are_all_listed():
    with pytest.raises(InputError) as error:
        raise_all((f"row {row}" for row in range(20)), where="t.csv")
    assert len(str(error.value).splitlines()) == 21
    assert "more" not in str(error.value)


def test_one_problem_is_in_the_singular():
    with pytest.raises(InputError, match=r"^t\.csv: 1 problem\n  - row 0$"):
        raise_all(["row 0"], where="t.csv")


def test_no_problem_is_no_error():
    raise_all([], where="t.csv")


def test_all_errors_for_users_have_one_base():
    assert all(issubclass(kind, CuealignError) for kind in (ConfigError, InputError, ModelError))


def test_a_value_as_long_as_a_book_does_not_fill_the_screen():
    with pytest.raises(InputError) as error:
        raise_all(["line 2: speaker is '" + "x" * 100_000 + "', not a name"], where="t.csv")
    assert len(str(error.value)) < 700
    assert "line 2: speaker is 'xxx" in str(error.value)
    assert str(error.value).endswith("xxx', not a name")
