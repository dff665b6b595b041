"""Figures over the results of the small study."""

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from cuealign.config.entries.figures import SCOPES
from cuealign.reporting.figures import FIGURES
from cuealign.reporting.figures.confusions import row_normalised
from cuealign.reporting.figures.corruption import seed_interval
from cuealign.reporting.figures.style import COLUMN, TWO_COLUMNS, save, styled
from cuealign.reporting.figures.tokens import frequencies


@pytest.mark.parametrize(
    ("name", "scope", "width"),
    [
        ("tokens", {"dataset": "emosynth"}, COLUMN),
        ("corruption", {"dataset": "emosynth", "split": "test"}, COLUMN),
        ("confusions", {"dataset": "emosynth", "split": "test", "model": "cue-tiny"}, COLUMN),
        ("grounding", {}, COLUMN),
        ("reliance", {"dataset": "emosynth", "split": "test"}, TWO_COLUMNS),
        ("reading", {"dataset": "emosynth", "split": "test", "model": "cue-tiny"}, TWO_COLUMNS),
    ],
)
def test_figures_are_drawn_to_the_same_bytes(results, tmp_path, name, scope, width):
    for copy_number in range(2):
        with styled():
            drawn = FIGURES.get(name)(results, FIGURES.options(name, {}, name), **scope)
            for kind in ("pdf", "svg", "png"):
                save(drawn, tmp_path / f"{copy_number}.{kind}", caption="What it shows.")
            assert drawn.get_figwidth() == width
    for kind in ("pdf", "svg", "png"):
        assert (tmp_path / f"0.{kind}").read_bytes() == (tmp_path / f"1.{kind}").read_bytes()


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
        options = FIGURES.options("corruption", {}, "figures.corruption")
        drawn = FIGURES.get("corruption")(bare, options, dataset="emosynth", split="test")
        assert "no intervention with several strengths" in drawn.axes[0].texts[0].get_text()
        drawn = FIGURES.get("grounding")(bare, options)
        assert any("no model ran" in text.get_text() for text in drawn.axes[0].texts)


def test_every_figure_says_its_scopes_and_its_caption():
    for name in FIGURES.names():
        assert set(FIGURES.constant(name, "SCOPES")) <= set(SCOPES)
        assert len(FIGURES.constant(name, "CAPTION")) > 20


def test_an_option_of_a_figure_does_what_it_says(results):
    scope = {"dataset": "emosynth", "split": "test", "model": "listener-audio"}
    written = []
    for smallest in (0.01, 0.9):
        with styled():
            options = FIGURES.options("confusions", {"annotate_from": smallest}, "figures.confusions")
            drawn = FIGURES.get("confusions")(results, options, **scope)
            cells = [float(text.get_text()) for axes in drawn.axes for text in axes.texts if text.get_text()]
        assert all(value >= round(smallest, 2) for value in cells)
        written.append(len(cells))
    assert written[0] > written[1]


def test_a_figure_carries_its_caption(results, tmp_path):
    with styled():
        drawn = FIGURES.get("grounding")(results, FIGURES.options("grounding", {}, "figures.grounding"))
        for kind in ("pdf", "svg", "png"):
            save(drawn, tmp_path / f"a.{kind}", caption="What it shows.")
    assert "What it shows." in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert b"What it shows." in (tmp_path / "a.pdf").read_bytes()
    assert Image.open(tmp_path / "a.png").text["Description"] == "What it shows."
