"""Figures over the results of the small study."""

import json
import re
from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from PIL import Image
from scipy import stats

from cuealign.config.entries.figure_style import FigureStyle
from cuealign.config.entries.figures import SCOPES
from cuealign.core.errors import InputError
from cuealign.core.registry import NoOptions
from cuealign.reporting.colours import model_colours
from cuealign.reporting.figures import FIGURES
from cuealign.reporting.figures.confusions import row_normalised
from cuealign.reporting.figures.corruption import seed_interval
from cuealign.reporting.figures.drawing import drawn, page_of
from cuealign.reporting.figures.fonts import families
from cuealign.reporting.figures.places import places
from cuealign.reporting.figures.style import Page, save, styled, wrapped
from cuealign.reporting.figures.tokens import frequencies
from tests.support.made_up import study

SPLIT = {"dataset": "emosynth", "split": "test"}
DRAWINGS = {
    "tokens": {"dataset": "emosynth"},
    "corruption": SPLIT,
    "confusions": SPLIT | {"model": "cue-tiny"},
    "grounding": {},
    "reliance": SPLIT,
    "reading": SPLIT | {"model": "listener-cues"},
}
SMALLEST = 6.5 * 88 / 80
"""Points of text that are 6.5 where the figure's column of 88 mm is printed in one of 80."""


def draw(name, results, style=None, columns=None):
    page = page_of(
        style or FigureStyle(), columns or FIGURES.constant(name, "WIDTHS", (1, 2))[0], model_colours(results.models, results.models)
    )
    return drawn(name, results, page, FIGURES.options(name, {}, name), DRAWINGS[name], font="DejaVu Sans", caption="")


@pytest.mark.parametrize("name", DRAWINGS)
def test_figures_are_drawn_to_the_same_bytes(results, tmp_path, name):
    for copy_number in range(2):
        with draw(name, results) as (picture, _):
            for kind in ("pdf", "svg", "png"):
                save(picture, tmp_path / f"{copy_number}.{kind}", caption="What it shows.")
    for kind in ("pdf", "svg", "png"):
        assert (tmp_path / f"0.{kind}").read_bytes() == (tmp_path / f"1.{kind}").read_bytes()


@pytest.mark.parametrize("titles", [True, False])
@pytest.mark.parametrize(("name", "columns"), [(name, width) for name in DRAWINGS for width in FIGURES.constant(name, "WIDTHS", (1, 2))])
def test_a_figure_has_the_width_of_its_columns_and_no_text_that_is_too_small(results, name, columns, titles):
    with draw(name, results, FigureStyle(titles=titles), columns) as (picture, _):
        assert picture.get_figwidth() * 25.4 == pytest.approx({1: 88, 2: 182}[columns])
        texts = [text for text in picture.findobj(Text) if text.get_text().strip() and text.get_visible()]
        assert min(text.get_fontsize() for text in texts) >= SMALLEST
        written = " ".join(text.get_text() for text in texts)
    assert ("Caution" in written) is titles
    if name not in ("grounding", "tokens"):  # in these, models and emotions are named in any case
        assert ("emosynth (test)" in written) is titles


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_numbers_of_captions_and_alternative_texts_come_from_the_data(results, name):
    with draw(name, results) as (picture, text):
        said = json.loads(text.json(picture))
    assert said["caption"].startswith(FIGURES.constant(name, "CAPTION"))
    assert re.search(r"\b[\d,]+ utterances", said["caption"])
    assert len(said["alternative_text"]) > 60
    assert any("Synthetic speech" in caution for caution in said["cautions"])
    if name in ("corruption", "reliance", "grounding", "reading"):
        assert "95%" in said["caption"]
        other = results.statistics.model_copy(update={"confidence": 0.9})
        with draw(name, type(results)(results.results, results.experiments, results.datasets, results.models, other)) as (picture, text):
            written = text.tex("a.pdf") + " ".join(each.get_text() for each in picture.findobj(Text))
        assert "95" not in re.sub(r"\.\d+", "", written)
        assert "90" in written


@pytest.mark.parametrize("titles", [True, False])
@pytest.mark.parametrize("name", DRAWINGS)
def test_places_that_lead_to_utterances_lie_on_what_is_drawn(results, tmp_path, name, titles):
    """The middle of each, in the picture as saved, is a mark: of the model's colour, or no white paper at least."""
    with draw(name, results, FigureStyle(titles=titles)) as (picture, _):
        save(picture, tmp_path / "a.svg")
        save(picture, tmp_path / "a.png")
        found = places(picture)
    colours = model_colours(results.models, results.models)
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    height, width = pixels.shape[:2]
    assert len(found) >= 3
    for place in found:
        left, top, wide, high = place["box"]
        assert 0 <= left < left + wide <= 1
        assert 0 <= top < top + high <= 1
        row, column = round((top + high / 2) * height), round((left + wide / 2) * width)
        seen = pixels[row - 4 : row + 5, column - 4 : column + 5].reshape(-1, 3)
        if name in ("grounding", "corruption"):
            top_most = [each["utterances"]["model"] for each in found if each["box"] == place["box"]][-1]
            colour = [int(colours[top_most][at : at + 2], 16) for at in (1, 3, 5)]
            assert (np.abs(seen - colour).max(axis=1) < 8).any(), place
        elif name != "confusions":  # whose empty cells are white
            assert (seen.min(axis=1) < 250).any(), place


def test_a_cell_of_the_confusions_leads_to_what_its_number_counts(results, small_study):
    """The number is written in the middle of its place; of an intervention with one run, it is the share of the predictions."""
    with draw("confusions", results) as (picture, _):
        picture.draw_without_rendering()
        found = {tuple(np.round(middle(place["box"]), 2)): place["utterances"] for place in places(picture)}
        texts = [(text, text.get_window_extent()) for axes in picture.axes for text in axes.texts]
        shares = [
            (text.get_text(), (box.x0 + box.width / 2) / picture.bbox.width, 1 - (box.y0 + box.height / 2) / picture.bbox.height)
            for text, box in texts
        ]
    checked = 0
    for share, x, y in shares:
        behind = min(found.items(), key=lambda each: abs(each[0][0] - x) + abs(each[0][1] - y))[1]
        intervention, p, seed = behind["condition"]
        if intervention not in ("none", "correct", "conflict"):
            continue
        file = small_study / f"results/predictions/emosynth/test/cue-tiny/{intervention}/p{p}/seed{seed}.parquet"
        table = pd.read_parquet(file)
        own = table[table["label"] == behind["label"]]
        assert float(share) == pytest.approx((own["prediction"] == behind["prediction"]).mean(), abs=0.0051)
        checked += 1
    assert checked >= 10


def middle(box):
    left, top, wide, high = box
    return left + wide / 2, top + high / 2


def test_a_figure_for_latex_spans_the_columns_that_it_fills(results):
    for name, environment in (("tokens", "figure"), ("confusions", "figure*")):
        with draw(name, results) as (_, text):
            assert rf"\begin{{{environment}}}[t]" in text.tex("a.pdf")
            assert r"\label{fig:a}" in text.tex("a.pdf")


def test_every_model_has_one_colour_in_all_figures(small_settings):
    names = ["cue-tiny", "af3", "listener-audio", "qw-omni"]
    found = model_colours(small_settings.models, names)
    assert len({found["cue-tiny"], found["af3"], found["qw-omni"], found["listener-audio"]}) == 4
    assert model_colours(small_settings.models, ["listener-cues"])["listener-cues"] == found["listener-audio"]  # controls are grey


def test_the_legend_of_corruption_names_the_lines_of_all_panels(results, own_study):
    """Models that ran different conditions: the first one only corrupt."""
    file = own_study / "results/metrics/emosynth/test/cue-tiny/conditions.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(line for line in lines if not line.startswith(("none", "correct"))) + "\n", encoding="utf-8")
    other = type(results)(own_study / "results", results.experiments, results.datasets, results.models, results.statistics)
    with styled():
        picture = FIGURES.get("corruption")(other, Page(), NoOptions(), **SPLIT)
        legend = [text.get_text() for text in picture.legends[0].get_texts()]
        lines = {line.get_label() for axes in picture.axes for line in axes.lines if not line.get_label().startswith("_")}
    assert lines <= set(legend)
    assert len(set(legend)) == len(legend)


def changed(results, own_study, name, change):
    """The results with one of the metrics of all models changed."""
    for file in own_study.glob(f"results/metrics/emosynth/test/*/{name}.csv"):
        change(pd.read_csv(file, dtype=str, keep_default_na=False)).to_csv(file, index=False)
    return replace(results, results=own_study / "results")


@pytest.mark.parametrize("name", ["grounding", "reliance"])
def test_alternative_text_has_no_statement_without_a_number(results, own_study, name):
    """A study of a few speakers: nothing can be measured."""
    title = results.models["cue-tiny"].title
    assert title in FIGURES.constant(name, "describe")(results, NoOptions(), **DRAWINGS[name])
    empty = changed(results, own_study, "reliance", lambda table: table.assign(value="", low="", high=""))
    said = FIGURES.constant(name, "describe")(empty, NoOptions(), **DRAWINGS[name])
    assert re.search(r"[Nn]o model", said)
    assert not re.search(r"[:;,.]\s*[:;,.]|\(undecidable\)", said)


def test_alternative_text_of_corruption_without_references_ends_with_its_numbers(results, own_study):
    others = changed(results, own_study, "conditions", lambda table: table[~table["intervention"].isin(["none", "correct"])])
    said = FIGURES.constant("corruption", "describe")(others, NoOptions(), **SPLIT)
    assert "at p = 1.0. " in said
    assert "; ." not in said


def test_one_seed_has_no_interval_in_plot_and_legend(results, own_study):
    for file in own_study.glob("results/metrics/emosynth/test/*/conditions.csv"):
        lines = file.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not (line.startswith("corrupt") and line.split(",")[2] not in ("0", "mean"))]
        file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    other = type(results)(own_study / "results", results.experiments, results.datasets, results.models, results.statistics)
    with styled():
        picture = FIGURES.get("corruption")(other, Page(), NoOptions(), **SPLIT)
        legend = [text.get_text() for text in picture.legends[0].get_texts()]
    assert any("one seed" in name for name in legend)
    assert not any("CI" in name for name in legend)


def test_corruption_shows_chance(results):
    with styled():
        picture = FIGURES.get("corruption")(results, Page(), NoOptions(), **SPLIT)
        chance = [line for line in picture.axes[0].lines if line.get_label() == "chance"]
        said = [text.get_text() for text in picture.axes[0].texts if "chance" in text.get_text()]
    assert (chance and chance[0].get_ydata()[0] == 0.25) or said == ["chance .250 ↓"]


def test_a_users_own_settings_of_matplotlib_change_nothing(results, tmp_path):
    for number, own in enumerate(({}, {"savefig.bbox": "tight", "axes.prop_cycle": matplotlib.cycler(color=["r"]), "font.size": 20})):
        with matplotlib.rc_context(own), draw("corruption", results) as (picture, _):
            save(picture, tmp_path / f"{number}.png")
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()


def test_a_dollar_in_a_title_is_a_dollar():
    with styled():
        picture = matplotlib.pyplot.figure()
        text = picture.text(0, 0, "a $\\frac{1}{2}$ b_1")
        picture.draw_without_rendering()
        assert not text.get_parse_math()


def test_characters_that_the_font_lacks_come_from_another_font_or_are_named():
    assert families("DejaVu Sans", ["angry", "Übermut"]) == ["DejaVu Sans"]
    with pytest.raises(InputError, match=r"figure_style\.font: the font 'No Such Font' is not installed"):
        families("No Such Font", [])
    # Planes of private use have no letters in any font.
    with pytest.raises(InputError, match="no installed font has"):
        families("DejaVu Sans", ["a\U000fabcd"])


def test_a_font_is_found_for_what_the_first_one_lacks():
    """STIX comes with matplotlib and has letters that its Computer Modern lacks."""
    chosen = families("cmr10", ["Ελπίδα"])
    assert chosen[0] == "cmr10"
    assert len(chosen) == 2


def test_long_names_are_wrapped_at_spaces_and_hyphens():
    with styled():
        lines = wrapped("an emphatic-annoyed Supercalifragilisticexpialidocious voice", 60, 7.2).split("\n")
    assert lines[:3] == ["an", "emphatic-", "annoyed"]
    assert "".join(lines).replace(" ", "") == "anemphatic-annoyedSupercalifragilisticexpialidociousvoice"


def test_token_frequencies_are_a_crosstab(results):
    tokens = results.tokens("emosynth")
    shares = frequencies(tokens, "PITCH", ["angry", "happy", "neutral", "sad"])
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    angry = tokens[tokens["label"] == "angry"]
    assert shares.loc["angry", "HIGH"] == pytest.approx((angry["PITCH"] == "HIGH").mean())


def test_confusion_rows_sum_to_one(results):
    table = results.metrics(results.select()[0], "confusion")
    matrix = row_normalised(table[table["intervention"] == "none"], ["angry", "happy", "neutral", "sad"])
    np.testing.assert_allclose(matrix.sum(axis=1), 1)


def test_seed_interval_is_students():
    values = np.array([0.5, 0.53, 0.48, 0.55, 0.5])
    mean, half = seed_interval(values, 0.95)
    low, high = stats.t.interval(0.95, 4, loc=values.mean(), scale=stats.sem(values))
    assert (mean - half, mean + half) == (pytest.approx(low), pytest.approx(high))
    mean, half = seed_interval(values[:1], 0.95)
    assert mean == 0.5
    assert np.isnan(half)


def test_a_study_without_corruption_or_conflict_still_draws(bare):
    with styled():
        drawn = FIGURES.get("corruption")(bare, Page(), NoOptions(), **SPLIT)
        assert "no intervention with several strengths" in drawn.axes[0].texts[0].get_text().replace("\n", " ")
        drawn = FIGURES.get("grounding")(bare, Page(), NoOptions())
        assert any("no model ran" in text.get_text() for text in drawn.axes[0].texts)


def test_a_label_that_nobody_speaks_has_no_row_of_confusions(tmp_path, small_settings):
    dataset, model = small_settings.datasets["emosynth"], small_settings.models["af3"]
    made = study(tmp_path, dataset, {"m0": model}, silent_labels=["sad"])
    scope = {"dataset": "made", "split": "test", "model": "m0"}
    options = FIGURES.options("confusions", {}, "confusions")
    with drawn("confusions", made, Page(), options, scope, font="DejaVu Sans", caption="") as (picture, text):
        save(picture, tmp_path / "drawn.png")
    assert "angry" in text.alternative_text
    assert "nan" not in text.alternative_text
    assert not re.search(r"[:,] sad [.\d–]+ \(else", text.alternative_text)


def test_chance_is_of_the_labels_that_a_split_has(tmp_path, small_settings):
    dataset, model = small_settings.datasets["emosynth"], small_settings.models["af3"]
    assert study(tmp_path / "all", dataset, {"m0": model}).chance("made", "test") == 1 / 4
    made = study(tmp_path / "three", dataset, {"m0": model}, silent_labels=["sad"])
    assert made.chance("made", "test") == 1 / 3
    assert "Chance .333" in FIGURES.module("corruption").describe(made, NoOptions(), dataset="made", split="test")


def test_every_figure_says_its_scopes_its_widths_and_its_caption():
    for name in FIGURES.names():
        assert set(FIGURES.constant(name, "SCOPES")) <= set(SCOPES)
        assert set(FIGURES.constant(name, "WIDTHS", (1, 2))) <= {1, 2}
        assert len(FIGURES.constant(name, "CAPTION")) > 20
        assert all(hasattr(FIGURES.module(name), part) for part in ("caption", "describe"))


def test_an_option_of_a_figure_does_what_it_says(results):
    scope = {"dataset": "emosynth", "split": "test", "model": "listener-audio"}
    written = []
    for smallest in (0.01, 0.9):
        with styled():
            options = FIGURES.options("confusions", {"annotate_from": smallest}, "figures.confusions")
            drawn = FIGURES.get("confusions")(results, page_of(FigureStyle(), 2, {}), options, **scope)
            cells = [float(text.get_text()) for axes in drawn.axes for text in axes.texts if text.get_text()]
        assert all(value >= round(smallest, 2) for value in cells)
        written.append(len(cells))
    assert written[0] > written[1]


def test_a_figure_carries_its_caption(results, tmp_path):
    with draw("grounding", results) as (picture, _):
        for kind in ("pdf", "svg", "png"):
            save(picture, tmp_path / f"a.{kind}", caption="What it shows.")
    assert "What it shows." in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert b"What it shows." in (tmp_path / "a.pdf").read_bytes()
    assert Image.open(tmp_path / "a.png").text["Description"] == "What it shows."
