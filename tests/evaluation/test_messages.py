"""Messages of a job about errors."""

import pytest

from cuealign.core.errors import InputError, raise_all
from cuealign.runtime.job import messages


def test_an_error_for_the_user_is_one_message_and_no_traceback(tmp_path, capsys):
    with pytest.raises(SystemExit), messages(tmp_path / "logs" / "job.log"):
        raise InputError("a.wav: no such file")
    assert capsys.readouterr().err == "error: a.wav: no such file\n"
    assert (tmp_path / "logs" / "job.log").read_text() == "error: a.wav: no such file\n"


def test_any_other_error_keeps_its_traceback(tmp_path, capsys):
    with pytest.raises(ZeroDivisionError), messages(tmp_path / "job.log"):
        _ = 1 / 0
    assert "Traceback" in (tmp_path / "job.log").read_text()
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_of_many_problems_the_first_are_listed_and_the_rest_counted():
    with pytest.raises(InputError) as error:
        raise_all((f"row {row}" for row in range(30)), where="t.csv", show=3)
    lines = str(error.value).splitlines()
    assert lines[0] == "t.csv: 30 problems"
    assert lines[-1] == "  - … and 27 more"
    assert len(lines) == 5
    raise_all([], where="t.csv")
