"""The workflow as a module of another one, in another folder: from a clone, and fetched file by file."""

import re
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pandas as pd
import pytest
import yaml

from tests.support import ROOT
from tests.support.workflow import SMALL, environment

# What a user writes: only what differs from the defaults, and rules of their own on top.
CONFIG = {
    "cues": {
        "grid": [{"dataset": "emosynth", "splits": ["test"], "models": ["listener-cues"], "interventions": ["none", "correct"]}],
        "emosynth": SMALL["emosynth"],
        "statistics": SMALL["statistics"],
    }
}
SNAKEFILE = """
configfile: "config/mine.yaml"

module cuealign:
    snakefile: "{snakefile}"
    config: config["cues"]

use rule * from cuealign as cuealign_*

rule summary:
    default_target: True
    input: "results/tables/uar.csv"
    output: "mine/summary.csv"
    shell: "cp {{input}} {{output}}"

onstart:
    print("never submitted:", *sorted(workflow._localrules))
"""


def write(folder, snakefile):
    for name, text in (("workflow/Snakefile", SNAKEFILE.format(snakefile=snakefile)), ("config/mine.yaml", yaml.safe_dump(CONFIG))):
        (folder / name).parent.mkdir()
        (folder / name).write_text(text)


def run(folder, *arguments, **more):
    line = [sys.executable, "-m", "snakemake", *arguments]
    return subprocess.run(line, cwd=folder, env=environment() | more, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.long
def test_another_workflow_builds_on_this_one(tmp_path):
    write(tmp_path, ROOT / "workflow/Snakefile")
    done = run(tmp_path, "--cores", "2")
    assert done.returncode == 0, done.stderr
    local = re.search("never submitted: (.*)", done.stdout + done.stderr).group(1).split()
    assert {"cuealign_intervene", "cuealign_predict", "cuealign_tokenise", "cuealign_make_table"} < set(local)
    assert not {"cuealign_respond", "cuealign_extract_descriptors"} & set(local)
    table = pd.read_csv(tmp_path / "mine/summary.csv")
    assert table[["dataset", "model", "n"]].values.tolist() == [["emosynth", "listener-cues", 96]]


@pytest.fixture
def address():
    """The checkout, served file by file as a code host does."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_arguments):
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(ROOT)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/workflow/Snakefile"
    server.shutdown()


def test_fetched_from_a_repository_it_asks_for_its_library(tmp_path, address):
    write(tmp_path, address)
    (tmp_path / "lacking").mkdir()
    (tmp_path / "lacking/cuealign.py").write_text("raise ImportError\n")
    without = run(tmp_path, "-n", PYTHONPATH=str(tmp_path / "lacking"))
    assert without.returncode != 0
    assert "the library cuealign is not beside this workflow" in without.stdout + without.stderr
    # As if it were installed.
    done = run(tmp_path, "--cores", "2", "cuealign_manifests", PYTHONPATH=str(ROOT / "src"))
    assert done.returncode == 0, done.stderr
    assert len(pd.read_parquet(tmp_path / "results/corpora/emosynth/manifest.parquet")) == 160


@pytest.mark.parametrize("more", ['prefix: "cues"', 'replace_prefix: {"results/": "cues/results/"}'])
def test_a_prefix_is_refused_in_one_line(tmp_path, more):
    """Scripts read and write below results/: with a prefix they would read another study's."""
    text = SNAKEFILE.format(snakefile=ROOT / "workflow/Snakefile").replace('config: config["cues"]', f'config: config["cues"]\n    {more}')
    (tmp_path / "workflow").mkdir()
    (tmp_path / "workflow/Snakefile").write_text(text)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/mine.yaml").write_text(yaml.safe_dump(CONFIG))
    done = run(tmp_path, "-n")
    assert done.returncode != 0
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "this workflow cannot be a module with prefix" in line]
    assert len(lines) == 1
    assert "Traceback" not in done.stderr
