"""What captions say of the size of a study, counted from its files."""

from dataclasses import replace

import pandas as pd
import pytest

from cuealign.reporting.results import Results


@pytest.fixture
def counted(results, tmp_path):
    """A function: the sizes told of a study whose models were asked with some seeds, about some utterances."""

    def told(asked: dict[str, tuple[list[str], int]]) -> str:
        (first, *_) = results.experiments
        corpus = tmp_path / "corpora" / first.dataset
        corpus.mkdir(parents=True)
        (corpus / "manifest.parquet").write_bytes((results.results / "corpora" / first.dataset / "manifest.parquet").read_bytes())
        columns = list(results.metrics(first, "conditions").columns)
        for model, (seeds, n) in asked.items():
            folder = tmp_path / "metrics" / first.dataset / first.split / model
            folder.mkdir(parents=True)
            rows = [
                {"intervention": "none", "p": "0", "seed": "0", "n": n},
                *({"intervention": "shuffle", "p": "0", "seed": s} for s in (*seeds, "mean")),
            ]
            pd.DataFrame(rows, columns=columns).to_csv(folder / "conditions.csv", index=False)
        experiments = [replace(first, model=model) for model in asked]
        return Results(tmp_path, experiments, results.datasets, results.models, results.statistics).sample()

    return told


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"cue-tiny": (["1", "2", "3"], 8)}, ", 3 seeds"),  # the 0 of the audio-only prompt is no seed
        ({"cue-tiny": (["7"], 8)}, ""),
        ({"cue-tiny": (["0", "1", "2"], 8), "listener-cues": (["0", "1", "2"], 8)}, ", 3 seeds"),
        ({"cue-tiny": (["0", "1", "2"], 8), "listener-cues": (["0"], 8)}, ", 3 seeds (control models: 1 seed)"),
        ({"listener-audio": (["0", "1"], 8), "listener-cues": (["0"], 8)}, ", 1 to 2 seeds by model"),
    ],
)
def test_seeds_are_those_of_random_interventions(counted, asked, said):
    assert counted(asked).endswith(f" speakers{said}")


def test_a_study_of_a_few_utterances_says_how_many_were_asked(counted):
    assert counted({"cue-tiny": (["0"], 3)}).startswith("3 utterances, ")


def test_models_that_were_asked_about_different_numbers_are_told(counted):
    assert counted({"cue-tiny": (["0"], 3), "listener-cues": (["0"], 5)}).startswith("3 to 5 utterances by model, ")
