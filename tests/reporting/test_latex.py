"""Tables and figures in LaTeX: they fit the columns of a paper, whatever the names."""

import re
import shutil

import pandas as pd
import pytest

from cuealign.config.entries.figure_style import FigureStyle
from cuealign.core.registry import NoOptions
from cuealign.reporting import escaping
from cuealign.reporting.colours import model_colours
from cuealign.reporting.figures import FIGURES
from cuealign.reporting.figures.drawing import drawn, page_of
from cuealign.reporting.figures.style import save
from cuealign.reporting.tables import TABLES
from cuealign.reporting.tables.content import TableContent
from cuealign.reporting.tables.text_width import text_width
from tests.support import ROOT, latex
from tests.support.made_up import study

LONG = "An Audio Language Model With a Very Long Name, Fine-Tuned on_Everything & More (70B)"
SEVEN = ["anger", "disgust", "emphatic-annoyed", "fear", "happiness", "neutral", "sadness"]
SPLIT = {"dataset": "made", "split": "test"}
DRAWINGS = {"tokens": {"dataset": "made"}, "corruption": SPLIT, "reliance": SPLIT, "grounding": {}}


@pytest.fixture(scope="module", params=["one model of a short name", "eight models of long names, seven labels"])
def made_up(request, tmp_path_factory, small_settings):
    folder, dataset, model = tmp_path_factory.mktemp("made"), small_settings.datasets["emosynth"], small_settings.models["af3"]
    if request.param.startswith("one"):
        return study(folder, dataset, {"m0": model})
    entry = dataset.model_copy(update={"title": "A Corpus of Emotional Speech With a Long Name", "labels": SEVEN})
    return study(folder, entry, {f"m{i}": model.model_copy(update={"title": f"{LONG} {i}"}) for i in range(8)}, sounds_cut=5)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")
@pytest.mark.parametrize("template", latex.TEMPLATES)
def test_no_table_and_no_figure_is_too_wide_or_too_tall_for_a_paper(made_up, published, tmp_path, template):
    names = []
    for name in TABLES.names():
        if name not in ("aibo", "iemocap", "sensitivity"):  # the first two are as uar, and nobody made up descriptors
            tmp_path.joinpath(f"{name}.tex").write_text(TABLES.get(name)(made_up, published, NoOptions()).tex(), encoding="utf-8")
            names.append(name)
    colours, last = model_colours(made_up.models, made_up.models), list(made_up.models)[-1]
    own = SPLIT | {"model": last}
    for name, scope in (DRAWINGS | {"confusions": own, "reading": own}).items():
        for columns in FIGURES.constant(name, "WIDTHS", (1, 2)):
            page, options = page_of(FigureStyle(), columns, colours), FIGURES.options(name, {}, name)
            with drawn(name, made_up, page, options, scope, font="DejaVu Sans", caption="") as (picture, text):
                save(picture, tmp_path / f"drawn_{name}_{columns}.pdf")
            tmp_path.joinpath(f"figure_{name}_{columns}.tex").write_text(text.tex(f"drawn_{name}_{columns}.pdf"), encoding="utf-8")
            names.append(f"figure_{name}_{columns}")
    body = "\n".join(rf"\input{{{name}}}\clearpage" for name in names)
    assert latex.complaints(tmp_path, template, rf"\extrafloats{{100}}{body} End.") == []


@pytest.mark.long
@pytest.mark.usefixtures("demo_made")
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")
@pytest.mark.parametrize("template", latex.TEMPLATES)
def test_a_paper_of_two_pages_is_made_of_the_demos_tables_and_figures(tmp_path, template):
    for part in ("tables", "figures"):
        shutil.copytree(ROOT / "results" / part, tmp_path / part)
    for file in (ROOT / "resources/papers").iterdir():
        shutil.copy(file, tmp_path)
    log = latex.compiled(tmp_path, template)
    assert latex.warnings_of(log) == []
    assert "(2 pages" in log


def test_every_row_of_a_tall_table_is_printed_once_and_in_order():
    count = 200
    display = pd.DataFrame({"Model": [f"m{number}" for number in range(count)], "UAR": [f".{number:03d}" for number in range(count)]})
    content = TableContent("Many.", display, display)
    tex = content.tex("tab:many")
    assert re.findall(r"^m\d+ & (\.\d+)", tex, re.MULTILINE) == list(display["UAR"])
    assert tex.count(r"\caption") == tex.count(r"\begin{table}") > 2
    assert tex.count(r"\label") == 1
    assert tex.count("(continued)") == tex.count(r"\addtocounter{table}{-1}") == tex.count(r"\caption") - 1


def test_a_wide_table_spans_two_columns_and_a_wider_one_has_panels():
    def columns(count):
        display = pd.DataFrame({"Model": ["a", "b"], **{f"Quantity {number}": [".123\n[.111, .222]"] * 2 for number in range(count)}})
        return TableContent("Wide.", display, display).tex()

    assert r"\begin{table}[t]" in columns(3)
    assert r"\begin{table*}[t]" in columns(7)
    assert columns(7).count(r"\toprule") == 1
    assert columns(20).count(r"\toprule") > 1
    assert columns(20).count("Quantity") == 20


def test_text_stands_left_and_numbers_in_the_middle():
    display = pd.DataFrame({"Model": ["a", "b"], "p": ["4×10⁻⁷", "<10⁻³⁰⁰"], "UAR": [".5", "–"], "Said": ["yes", "–"]})
    tex = TableContent("T.", display, display).tex()
    assert r"\begin{tabular}{@{}lccl@{}}" in tex
    assert r"4$\times$10$^{-7}$" in tex
    assert r"$<$10$^{-300}$" in tex


def test_what_is_the_same_in_all_rows_goes_into_the_caption_and_the_rest_heads_groups():
    display = pd.DataFrame({"Dataset": ["D"] * 3, "Split": ["dev", "dev", "test"], "Model": list("abc"), "UAR": [".1", ".2", ".3"]})
    tex = TableContent("Recalls.", display, display).tex()
    assert r"\caption{Recalls (D).}" in tex
    assert tex.index(r"\emph{dev}") < tex.index("a & .1") < tex.index("b & .2") < tex.index(r"\emph{test}") < tex.index("c & .3")


HOSTILE = [
    "50 % & more_$x$ {a} \\input{/etc/passwd} ~^#",
    "| a | `b` <b>c</b> [d](http://e) *f*",
    "two\nlines\r\n\tand a tab",
    "\u202eturned\x07",
]


def test_text_of_others_is_shown_and_not_obeyed():
    display = pd.DataFrame({"Model": HOSTILE, "UAR": [".1"] * len(HOSTILE)})
    content = TableContent(HOSTILE[0], display, display, note=HOSTILE[1], cautions=(HOSTILE[2],))
    md, tex = content.md(), content.tex()
    rows = [line for line in md.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(HOSTILE)
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 3 for row in rows)
    assert "<b>" not in md.replace("\\<b\\>", "")
    assert "](" not in md
    assert r"\input{" not in tex
    assert r"50 \% \& more\_\$x\$ \{a\} \textbackslash{}input\{" in tex
    for text in (md, tex, content.json()):
        assert "\u202e" not in text
        assert "\x07" not in text


def test_a_spreadsheet_takes_no_text_for_a_formula():
    values = pd.DataFrame({"label": ["=1+1", "@a", "-x", "+x", "-1.5", "a"], "delta": [-0.5, 0.1, -1.0, 2.0, 0.0, 1.0]})
    written = TableContent("T", values, values.astype(str)).csv()
    assert [line.split(",")[0] for line in written.splitlines()[1:]] == ["'=1+1", "'@a", "'-x", "'+x", "-1.5", "a"]
    assert [float(line.split(",")[1]) for line in written.splitlines()[1:]] == list(values["delta"])


def test_a_long_word_may_be_broken_anywhere_and_loses_nothing():
    word = "a_very/long-name" + "x" * 50
    assert "".join(escaping.pieces(word)) == word
    assert max(map(len, escaping.pieces(word))) <= 10
    assert escaping.pieces("short-name") == ["short-name"]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")
def test_widths_of_text_are_not_less_than_those_in_print(tmp_path):
    samples = ["[−.123, +.456]", "uses, partly follows", "Correct − Audio-only", "AVWM@%", "4×10⁻⁷", "UAR⁺ − UAR⁻", "lji.,:;"]
    lines = [rf"\setbox0\hbox{{{escaping.latex(text)}}}\typeout{{width \the\wd0}}" for text in samples]
    log = latex.log_of(tmp_path, "interspeech", r"\fontsize{8}{9.6}\selectfont " + "\n".join(lines) + " End.")
    printed = [float(width) for width in re.findall(r"width ([\d.]+)pt", log)]
    for text, width in zip(samples, printed, strict=True):
        assert width <= text_width(text, 8) <= 1.25 * width + 2  # kerning and mathematics differ a little
