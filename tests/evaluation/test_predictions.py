"""From responses to predictions, and the frame around the scripts."""

import logging
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from cuealign.core.errors import InputError, raise_all
from cuealign.core.schema import MANIFEST, RESPONSES, TOKEN_SEQUENCES, read_tokens
from cuealign.corpora.splits import select_split
from cuealign.evaluation.predictions import predict
from cuealign.prompts.labels import answer_parser, label_words, prompt_template
from cuealign.prompts.templates import prompt_id
from cuealign.runtime.job import job
from cuealign.runtime.progress import Progress, progress
from tests.support.prompts import LABELS, TEMPLATE, random_tokens

ANSWERS = {label.name: {"word": label.word, "synonyms": []} for label in LABELS}
WORDS = [label.word for label in LABELS]
SAID = ["angry", "I think she is happy.", "sad or neutral", "no idea", "SAD"]
EXPECTED = ["angry", "happy", "INVALID", "INVALID", "sad"]


@pytest.fixture
def manifest():
    count = len(SAID)
    return pd.DataFrame(
        {
            "utterance": [f"u{index}" for index in range(count)],
            "file": "f",
            "start": 0.0,
            "end": 1.0,
            "speaker": ["a", "a", "b", "b", "b"],
            "gender": "female",
            "language": "",
            "label": ["angry", "happy", "neutral", "sad", "sad"],
            "split": ["x", "x", "y", "y", "z"],
            "duration": 1.0,
            "audio_sha256": "0",
        }
    )


@pytest.fixture
def condition(manifest):
    return random_tokens(list(manifest["utterance"]))


@pytest.fixture
def responses(manifest, condition):
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "utterance": manifest["utterance"],
            "prompt_id": [prompt_id(TEMPLATE.render(WORDS, block)) for block in condition["cue_block"]],
            "answer": SAID,
            "reasoning": "",
            "label_logprobs": [np.log(random.dirichlet(np.ones(4))) for _ in SAID],
            "label_order": "|".join(label.name for label in LABELS),
            "path": "label",
            "answer_tokens": 2,
            "prompt_tokens": 9,
            "audio_tokens": 4,
            "audio_truncated": False,
            "fingerprint": "f",
        }
    )
    return table.sample(frac=1, random_state=0)  # shards come in any order


def run(manifest, condition, responses, readout="generate"):
    return predict(manifest, condition, responses, TEMPLATE, LABELS, answer_parser(ANSWERS), readout=readout)


def test_answers_are_read_and_nothing_is_dropped(manifest, condition, responses):
    table = run(manifest, condition, responses)
    assert list(table["prediction"]) == EXPECTED
    assert list(table["answer"]) == SAID
    assert list(table["utterance"]) == list(manifest["utterance"])
    np.testing.assert_allclose(np.exp(table.filter(like="logprob_").to_numpy()).sum(axis=1), 1)


def test_score_readout_takes_the_most_probable_label(manifest, condition, responses):
    table = run(manifest, condition, responses, "score")
    best = table.filter(like="logprob_").idxmax(axis=1).str.removeprefix("logprob_")
    assert list(table["prediction"]) == list(best)


def test_a_missing_response_is_named(manifest, condition, responses):
    with pytest.raises(InputError, match=r"1 responses are missing, first to prompt .* of utterance 'u3'"):
        run(manifest, condition, responses[responses["utterance"] != "u3"])


def test_responses_to_other_labels_are_refused(manifest, condition, responses):
    with pytest.raises(InputError, match=r"responses score the labels \['a\|b'\]"):
        run(manifest, condition, responses.assign(label_order="a|b"))


def test_the_questionnaire_is_built_from_plain_values():
    prompt = {"instruction": TEMPLATE.instruction, "cue_block": TEMPLATE.cue_block.text}
    assert prompt_template(prompt) == TEMPLATE
    assert label_words(ANSWERS) == LABELS


def test_splits_may_overlap(manifest):
    splits = {"part": ["y"], "whole": ["x", "y", "z"]}
    assert list(select_split(manifest, splits, "part")["utterance"]) == ["u2", "u3"]
    assert len(select_split(manifest, splits, "whole")) == 5


# ---------------------------------------------------------------- tables on disk


def test_tables_survive_the_disk(manifest, condition, responses, tmp_path):
    for kind, table in ((MANIFEST, manifest), (TOKEN_SEQUENCES, condition), (RESPONSES, responses)):
        kind.write(table, tmp_path / "one.parquet")
        kind.write(kind.read(tmp_path / "one.parquet"), tmp_path / "two.parquet")
        assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_tokens_of_both_kinds_are_read(condition, tmp_path):
    TOKEN_SEQUENCES.write(condition, tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_tokens(tmp_path / "t.parquet"), condition, check_dtype=False)


FAULTS = {
    "missing column": (lambda t: t.drop(columns="speaker"), "column 'speaker' is missing"),
    "extra column": (lambda t: t.assign(mood=1), "column 'mood' does not belong here"),
    "missing value": (lambda t: t.assign(label=[None, *t["label"][1:]]), r"column 'label' has missing values, first in rows \[0\]"),
    "wrong value": (lambda t: t.assign(gender="F"), "row 0: gender is 'F', not one of female, male, unknown"),
    "key twice": (lambda t: t.assign(utterance="u"), "u occurs more than once"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_table_is_refused_when_written(manifest, tmp_path, fault):
    change, message = FAULTS[fault]
    with pytest.raises(InputError, match=message):
        MANIFEST.write(change(manifest), tmp_path / "m.parquet")
    assert not (tmp_path / "m.parquet").exists()


def test_a_damaged_table_is_named(tmp_path):
    (tmp_path / "m.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"m\.parquet: cannot be read as Parquet"):
        MANIFEST.read(tmp_path / "m.parquet")


# ---------------------------------------------------------------- jobs, errors, progress


def test_an_error_for_the_user_is_one_message_and_no_traceback(tmp_path, capsys):
    with pytest.raises(SystemExit), job(tmp_path / "logs" / "job.log"):
        raise InputError("a.wav: no such file")
    assert capsys.readouterr().err == "error: a.wav: no such file\n"
    assert (tmp_path / "logs" / "job.log").read_text() == "error: a.wav: no such file\n"


def test_any_other_error_keeps_its_traceback(tmp_path, capsys):
    with pytest.raises(ZeroDivisionError), job(tmp_path / "job.log"):
        _ = 1 / 0
    assert "Traceback" in (tmp_path / "job.log").read_text()
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_many_problems_are_counted():
    with pytest.raises(InputError) as error:
        raise_all((f"row {row}" for row in range(30)), where="t.csv", show=3)
    lines = str(error.value).splitlines()
    assert lines[0] == "t.csv: 30 problems"
    assert lines[-1] == "  - … and 27 more"
    assert len(lines) == 5
    raise_all([], where="t.csv")


def test_progress_shows_rate_and_what_is_left(caplog, monkeypatch):
    now = iter([0.0, 5.0, 20.0, 3700.0])

    class Clock:
        monotonic = staticmethod(lambda: next(now))

    monkeypatch.setattr("cuealign.runtime.progress.time", Clock)
    with caplog.at_level(logging.INFO), Progress(4, "work", "file") as shown:
        shown.update()  # after 5 s: too early for a line
        shown.update()  # after 20 s
    assert caplog.messages == ["work: 2 of 4 (50 %), 0.1 file/s, 20 s left", "work: 2 files in 1 h 01 min"]


def test_progress_of_groups_shows_their_rate_too(caplog, monkeypatch):
    now = iter([0.0, 20.0, 40.0])

    class Clock:
        monotonic = staticmethod(lambda: next(now))

    monkeypatch.setattr("cuealign.runtime.progress.time", Clock)
    with caplog.at_level(logging.INFO), Progress(66, "af3", "prompt", group="utterance") as shown:
        shown.update(33)
    assert caplog.messages[0] == "af3: 33 of 66 (50 %), 1.6 prompt/s, 0.1 utterance/s, 20 s left"


def test_progress_yields_everything_and_needs_a_length():
    assert list(progress([1, 2, 3], "work", unit="item")) == [1, 2, 3]
    with pytest.raises(TypeError, match="total"):
        list(progress(iter([1]), "work", unit="item"))


def test_a_limit_takes_all_classes_in_turn_and_more_with_a_greater_one():
    from cuealign.corpora.splits import select_split

    manifest = pd.DataFrame({"utterance": [f"u{number:02d}" for number in range(40)], "split": ["test", "dev"] * 20})
    manifest["label"] = ["angry"] * 30 + ["sad"] * 10
    splits = {"test": ["test"]}
    chosen = [select_split(manifest, splits, "test", limit=limit)["utterance"].tolist() for limit in (4, 8, 19, 20, 99)]
    for fewer, more in pairwise(chosen):
        assert set(fewer) <= set(more)
        assert more == sorted(more)
    assert [len(names) for names in chosen] == [4, 8, 19, 20, 20]
    labels = manifest.set_index("utterance")["label"]
    assert labels[chosen[0]].value_counts().to_dict() == {"angry": 2, "sad": 2}
    assert labels[chosen[2]].value_counts()["sad"] == 5
    without = manifest[manifest["utterance"] != chosen[0][0]]
    assert set(chosen[0][1:]) <= set(select_split(without, splits, "test", limit=4)["utterance"])
