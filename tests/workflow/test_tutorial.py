"""The promise of docs/tutorial.md: its table, its config and its commands lead from a folder of sounds to the verdict."""

import csv
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from cuealign.config.loading import load
from tests.support import ROOT
from tests.support.config import merge, shipped
from tests.support.sound import tone, write
from tests.support.workflow import environment

PAGE = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
TABLE, CONFIG, ADDED, *COMMANDS = (
    block for kind in ("csv", "yaml", "sh") for block in re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
)
VOICES = {"anger": (1.4, 2.0), "neutral": (1.0, 1.0), "sadness": (0.75, 0.5)}
"""By emotion of the page's table: factors of pitch and loudness."""
SPEAKERS = ("anna", "ben", "cem", "dora", "eva", "fred", "gina", "hans", "ida", "jan", "kim", "lou")


def make_corpus(folder: Path) -> None:
    """Sounds, and a table with the columns of the page's table, which begins with its rows."""
    header, *example = csv.reader(TABLE.splitlines())
    rng, rows = np.random.default_rng(3), []
    for speaker, name in enumerate(SPEAKERS):
        for number in range(24):
            emotion = list(VOICES)[number % 3]
            pitch, loudness = np.array(VOICES[emotion]) * rng.normal(1, 0.06, 2)
            sound = 0.6 * loudness * tone(0.4 + 0.02 * number, pitch=(120 + 8 * speaker) * pitch, seed=24 * speaker + number)
            file = f"wav/{name}_{number + 1:02d}.wav"
            write(folder / file, sound)
            rows.append([file, name, emotion])
    assert rows[: len(example)] == example
    with (folder / "utterances.csv").open("w", newline="", encoding="utf-8") as table:
        csv.writer(table).writerows([header, *rows])


def give(folder: Path, command: str) -> str:
    """What a command of the page says, with this clone in the place of the page's."""
    program, *arguments = shlex.split(command.replace("/path/to/clone", str(ROOT)))
    assert program.endswith(".venv/bin/snakemake")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=1800,  # a bound for a process that hangs
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.long
def test_the_page_leads_from_a_table_to_the_verdict(tmp_path):
    make_corpus(tmp_path)
    (tmp_path / "my.yaml").write_text(CONFIG, encoding="utf-8")
    plan, run, rest, more = COMMANDS
    give(tmp_path, plan)
    assert not (tmp_path / "results").exists()
    give(tmp_path, run)
    promised = re.findall(r"^\| `(results/\S+/verdict\.json)` \| should be `(\w+)`", PAGE, re.MULTILINE)
    assert len(promised) == 2
    for file, verdict in promised:
        assert json.loads((tmp_path / file).read_text(encoding="utf-8"))["verdict"] == verdict
    drawn = json.loads((tmp_path / "results/corpora/mycorpus/counts.json").read_text(encoding="utf-8"))["drawn"]["speakers"]
    assert sorted([*drawn["train"], *drawn["test"]]) == sorted(SPEAKERS)
    assert len(drawn["test"]) == 6
    assert rest == run.replace(" metrics ", " ")
    (tmp_path / "qwen.yaml").write_text(ADDED, encoding="utf-8")
    planned = give(tmp_path, more)
    assert "/data/checkpoints/my-qwen" in planned  # which is not there
    assert {"respond_on_gpu", "make_table", "draw_figure", "make_page"} <= set(re.findall(r"^(\w+) +\d+$", planned, re.MULTILINE))


def test_the_model_that_the_page_adds_is_a_valid_entry():
    config = load(merge(merge(shipped(), yaml.safe_load(CONFIG)), yaml.safe_load(ADDED)))
    assert config.grid[0].models[-1] == "my-qwen"
