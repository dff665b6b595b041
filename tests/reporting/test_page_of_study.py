"""The page of the small study says what its results say."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import TypeAdapter

from cuealign.config.entries.figures import SCOPES
from cuealign.config.grid import runs
from cuealign.core.schema import PREDICTIONS, RESPONSES, read_tokens
from cuealign.core.vocabulary import CONCEPTS
from cuealign.prompts.templates import prompt_id
from cuealign.reporting.colours import model_colours
from cuealign.reporting.page.assemble import Study, assemble
from cuealign.reporting.page.build import page_html
from cuealign.reporting.page.cover import Part, part_of
from cuealign.reporting.page.packing import unpacked
from tests.support import ROOT


@pytest.fixture(scope="module")
def html(small_study) -> str:
    return (small_study / "results/report/emosynth_test.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def block(html):
    def read(name: str) -> bytes:
        return unpacked(re.search(rf'<script type="application/octet-stream" id="{name}">(.*?)</script>', html)[1])

    return read


@pytest.fixture(scope="module")
def study(html) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="study">(.*?)</script>', html)[1])


@pytest.fixture(scope="module")
def utterances(block) -> list[str]:
    return json.loads(block("utterances"))["utterance"]


def test_the_cover_of_one_page_is_the_page(small_study, html):
    assert (small_study / "results/report/index.html").read_text(encoding="utf-8") == html
    assert not re.search(r"/(home|root|Users|tmp)/", html)


def test_the_page_is_rebuilt_to_the_same_bytes(small_study, small_settings, results, html):
    found = runs(small_settings.grid)
    study = Study(
        results,
        runs={each: [run.condition for run in found if run.experiment == each] for each in results.experiments},
        colours=model_colours(small_settings.models, (run.model for run in found)),
        prompts=small_settings.prompts,
        answers=small_settings.answers_of("emosynth"),
        cue_block=small_settings.cue_block,
        readout=small_settings.readout,
        statistics=small_settings.statistics,
        judgement=small_settings.grounding,
        tables=[name for name in small_settings.tables if (small_study / f"results/tables/{name}.json").is_file()],
        drawings={
            "_".join([figure, *(getattr(run, part) for part in SCOPES[entry.scope])]): {
                part: getattr(run, part) for part in SCOPES[entry.scope]
            }
            for figure, entry in small_settings.figures.items()
            for run in found
            if entry.scope != "model" or small_settings.models[run.model].kind != "control"  # a ruler has no figures of its own
        },
        citation=yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8")),
        has_conditions=True,
    )
    page = assemble(study, "emosynth", "test", small_settings.report, Path("results/report"))
    assert page_html(page) == html
    assert part_of(page, "emosynth_test.html") == TypeAdapter(Part).validate_json(
        (small_study / "results/report/emosynth_test.json").read_text(encoding="utf-8")
    )


def test_predictions_and_answers_are_those_of_the_study(small_study, study, block, utterances):
    for number, model in enumerate(study["models"]):
        shape = len(model["conditions"]), len(utterances)
        predicted = np.frombuffer(block(f"predictions-{number}"), np.uint8).reshape(shape)
        answers, words = np.frombuffer(block(f"answers-{number}"), "<u2").reshape(shape), json.loads(block(f"words-{number}"))
        for place, condition in enumerate(model["conditions"]):
            intervention, p, seed = study["conditions"][condition]["id"].split("/")
            path = small_study / f"results/predictions/emosynth/test/{model['id']}/{intervention}/p{p}/seed{seed}.parquet"
            table = PREDICTIONS.read(path).set_index("utterance").loc[utterances]
            assert [study["labels"][code] for code in predicted[place]] == table["prediction"].tolist()
            assert [words[code] for code in answers[place]] == table["answer"].tolist()


def test_prompts_are_those_that_were_asked(small_study, study, block, utterances):
    """Their hashes are in the responses, which the engines wrote."""
    tokens = np.frombuffer(block("tokens"), np.uint8).reshape(-1, len(CONCEPTS), len(utterances))
    asked = (
        RESPONSES.read(small_study / "results/responses/emosynth/test/cue-tiny/shard0.parquet").groupby("utterance")["prompt_id"].apply(set)
    )
    model = next(each for each in study["models"] if each["id"] == "cue-tiny")
    shown: dict[str, set[str]] = {name: set() for name in utterances}
    for number in model["conditions"]:
        place = study["conditions"][number]["tokens"]
        for position, name in enumerate(utterances):
            prompt = model["promptAlone"]
            if place >= 0:
                words = [study["vocabulary"][code] for code in tokens[place, :, position]]
                block_text = "".join(literal + (words[concept] if concept >= 0 else "") for literal, concept in study["cueBlock"])
                prompt = model["prompt"].replace(study["mark"], block_text)
            shown[name].add(prompt_id(prompt))
    assert shown == {name: asked[name] for name in utterances}


def test_probabilities_are_those_of_the_log_probabilities(small_study, study, block, utterances):
    table = PREDICTIONS.read(small_study / "results/predictions/emosynth/test/cue-tiny/correct/p0/seed0.parquet").set_index("utterance")
    odds = np.exp(table.loc[utterances, [f"logprob_{label}" for label in study["labels"][:-1]]].to_numpy())
    number = [each["id"] for each in study["models"]].index("cue-tiny")
    place = study["models"][number]["conditions"].index([each["id"] for each in study["conditions"]].index("correct/0/0"))
    planes = (
        np.frombuffer(block(f"probabilities-{number}"), np.uint8)
        .astype(int)
        .reshape(2, len(study["models"][number]["conditions"]), -1, len(utterances))
    )
    found = (planes[0] + 256 * planes[1])[place].T
    assert np.abs(found / 1000 - odds / odds.sum(axis=1, keepdims=True)).max() <= 0.0005 + 1e-9  # rounded to thousandths


def test_every_verdict_stands_with_its_sentence(small_study, html, study):
    text = html.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&")
    for model in study["models"]:
        found = json.loads((small_study / f"results/metrics/emosynth/test/{model['id']}/verdict.json").read_text(encoding="utf-8"))
        assert found["sentence"] in text
        assert all(missing in text for missing in found["missing"])


def test_every_caution_stands_on_the_page(html, results):
    text = html.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&")
    cautions = results.cautions()
    assert cautions
    # One about all models is said of each.
    assert [caution for caution in cautions if "all 3 models" not in caution and f"<li>{caution}</li>" not in text] == []


def test_every_table_and_figure_of_the_study_is_on_the_page(small_study, html, block):
    csv = {block(name).decode() for name in re.findall(r'id="(csv-\d+)"', html)}
    filled = {path for path in (small_study / "results/tables").glob("*.json") if json.loads(path.read_text(encoding="utf-8"))["rows"]}
    assert csv == {path.with_suffix(".csv").read_text(encoding="utf-8") for path in filled}
    drawn = {block(name) for name in re.findall(r'octet-stream" id="(drawing-\d+)"', html)}
    assert drawn == {path.read_bytes() for path in (small_study / "results/figures").glob("*.svg")}


def test_tokens_are_those_of_each_condition(small_study, study, block, utterances):
    tokens = np.frombuffer(block("tokens"), np.uint8).reshape(-1, len(CONCEPTS), len(utterances))
    for condition in study["conditions"]:
        intervention, p, seed = condition["id"].split("/")
        table = read_tokens(small_study / f"results/interventions/emosynth/test/{intervention}/p{p}/seed{seed}.parquet")
        expected = table.set_index("utterance").loc[utterances, list(CONCEPTS)]
        if condition["tokens"] < 0:
            assert (expected == "").all(axis=None)
        else:
            found = pd.DataFrame(np.array(study["vocabulary"])[tokens[condition["tokens"]]].T, columns=list(CONCEPTS), index=expected.index)
            pd.testing.assert_frame_equal(found.astype(object), expected.astype(object))
