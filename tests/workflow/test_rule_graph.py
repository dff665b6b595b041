"""The picture of the rules in the documentation is that of the rules."""

from tests.support import ROOT
from tests.support.rule_graph import PAGE, README, demo, graph, parts, reduced
from tests.workflow.test_rules import rules


def test_readme_and_page_have_the_graph_of_the_demo():
    drawn = demo()
    for file in (README, PAGE):
        assert drawn in file.read_text(encoding="utf-8"), f"{file.name}: run `make docs`"


def test_the_page_names_every_rule_that_has_a_script():
    """Those that the demo does not run are named in the sentences around its graph."""
    text = PAGE.read_text(encoding="utf-8")
    assert [rule for rule in rules() if f"    {rule}\n" not in text and f"`{rule}`" not in text] == []
    assert set(rules()) <= set(parts())


def test_an_arrow_that_follows_from_others_is_left_out():
    mermaid = "flowchart TB\n\tid0[all]\n\tid1[b]\n\tid2[a]\n\tstyle id0 fill:#57C5D9\n\tid1 --> id0\n\tid2 --> id0\n\tid2 --> id1\n"
    rules_of = graph(mermaid)
    assert rules_of == {"all": {"a", "b"}, "b": {"a"}, "a": set()}
    assert reduced(rules_of) == {"all": {"b"}, "b": {"a"}, "a": set()}


def test_make_docs_writes_it():
    assert "python -m tests.support.rule_graph" in (ROOT / "Makefile").read_text(encoding="utf-8")
