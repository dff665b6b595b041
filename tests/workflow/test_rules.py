"""Rules and scripts agree: every parameter is used, every script says what it needs."""

import inspect
import re
import runpy

import pytest

from cuealign.runtime.job import CODE, CONTENT
from tests.support import ROOT

RULE = re.compile(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def rules() -> dict[str, str]:
    """Text of every rule that has a script."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    return {name: body for name, body in RULE.findall(text) if "script:" in body}


def names(body: str, section: str) -> set[str]:
    """Names that a section of a rule defines."""
    found = re.search(rf"^    {section}:\n((?:^(?:        .*)?\n)+)", body, re.MULTILINE)
    return set(re.findall(r"^        (\w+)=", found[1], re.MULTILINE)) if found else set()


def arguments(body: str) -> set[str]:
    script = ROOT / "scripts" / re.search(r"scripts/(\w+\.py)", body)[1]
    return set(inspect.signature(runpy.run_path(str(script), run_name="imported")["main"]).parameters)


def test_every_script_belongs_to_a_rule():
    used = {re.search(r"scripts/(\w+\.py)", body)[1] for body in rules().values()}
    assert used == {path.name for path in (ROOT / "scripts").glob("*.py")}


@pytest.mark.parametrize("rule", rules())
def test_no_rule_gives_its_script_what_the_script_does_not_take(rule):
    body = rules()[rule]
    given = names(body, "params") - {CODE, CONTENT}
    assert given <= arguments(body), f"{rule}: unused parameters"
    assert names(body, "output") <= arguments(body), f"{rule}: unused outputs"
    assert "code" in names(body, "params"), f"{rule}: no version of its code"


@pytest.mark.parametrize("rule", rules())
def test_every_argument_of_a_script_is_given_once(rule):
    body = rules()[rule]
    wildcards = set(re.findall(r"\{(\w+)\}", re.search(r"^    log:\n +(.*)$", body, re.MULTILINE)[1]))
    sources = [names(body, "input"), names(body, "output"), names(body, "params") - {CODE, CONTENT}, wildcards, {"threads"}]
    for argument in arguments(body):
        assert sum(argument in source for source in sources) == 1, f"{rule}: {argument}"


def test_no_rule_lists_modules():
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not re.search(r"\bcuealign\.(?!yaml)", line) or line.startswith("from cuealign."), f"{path.name}: {line}"


def test_no_rule_runs_python_in_the_snakefile():
    for path in (ROOT / "workflow").rglob("*.smk"):
        assert not re.search(r"^\s+run:", path.read_text(encoding="utf-8"), re.MULTILINE)
