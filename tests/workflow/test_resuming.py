"""What was answered is kept: by a larger grid, by a first try on a few utterances, by a killed run."""

import copy
import os
import re
import signal
import subprocess
import time

from tests.support.workflow import SMALL, command, conditions, environment, forget_answers, parts, snakemake, write_config


def test_a_further_seed_computes_only_its_own_prompts(own_study, tmp_path):
    more = copy.deepcopy(SMALL)
    more["grid"][0]["seeds"] = [0, 1, 2]
    before = len(parts(own_study, "cue-tiny"))
    done = snakemake(
        own_study,
        "--cores",
        "2",
        "results/metrics/emosynth/test/cue-tiny/conditions.csv",
        configfile=write_config(tmp_path / "more.yaml", more),
    )
    assert done.returncode == 0, done.stderr
    log = (own_study / "logs/respond/emosynth/test/cue-tiny/shard0.log").read_text()
    asked, known = map(int, re.search(r"(\d+) prompts to answer, (\d+) already answered", log).groups())
    # Three conditions of 96 utterances are new; a shuffled block may by chance be one that was asked before.
    assert 0.9 * 3 * 96 < asked <= 3 * 96
    assert known >= 8 * 96
    assert "training" not in done.stdout + done.stderr
    assert len(parts(own_study, "cue-tiny")) > before
    assert {"0", "1"} < set(conditions(own_study, "cue-tiny")["seed"])


def test_a_first_try_on_a_few_utterances_says_so_and_is_not_lost(own_study, tmp_path):
    """With a limit, what is answered is kept for the whole."""
    few = copy.deepcopy(SMALL)
    few["grid"][0] |= {"limit": 8, "models": ["listener-cues"], "interventions": ["none", "correct"]}
    few["models"] = {"listener-cues": {"path": "results/models/listener-cues"}}
    forget_answers(own_study, "listener-cues")
    write_config(tmp_path / "few.yaml", few)
    done = snakemake(own_study, "--cores", "2", "results/tables/uar.md", configfile=tmp_path / "few.yaml")
    assert done.returncode == 0, done.stderr
    assert conditions(own_study, "listener-cues")["n"].tolist() == [8, 8]
    assert "listener (cues) was tried on 8 of 96 utterances of test only." in (own_study / "results/tables/uar.md").read_text()
    del few["grid"][0]["limit"]
    write_config(tmp_path / "all.yaml", few)
    target = "results/metrics/emosynth/test/listener-cues/conditions.csv"
    assert snakemake(own_study, "--cores", "2", target, configfile=tmp_path / "all.yaml").returncode == 0
    assert conditions(own_study, "listener-cues")["n"].tolist() == [96, 96]
    log = (own_study / "logs/respond/emosynth/test/listener-cues/shard0.log").read_text()
    assert "176 prompts to answer, 16 already answered" in log


def test_killed_in_mid_inference_it_resumes_to_the_same_bytes(small_study, own_study):
    folder = own_study
    forget_answers(folder, "cue-tiny")
    target = "results/metrics/emosynth/test/cue-tiny/conditions.csv"
    arguments = ("--cores", "2", "--rerun-incomplete", target)
    job = subprocess.Popen(
        command(folder, *arguments, configfile=folder / "small.yaml"),
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 1800
    while not parts(folder, "cue-tiny"):
        assert time.monotonic() < deadline
        assert job.poll() is None
        time.sleep(0.002)
    os.killpg(job.pid, signal.SIGKILL)
    job.wait()
    safe = len(parts(folder, "cue-tiny"))
    assert safe < 96
    assert snakemake(folder, "--unlock", configfile=folder / "small.yaml").returncode == 0
    done = snakemake(folder, *arguments, configfile=folder / "small.yaml")
    assert done.returncode == 0, done.stderr
    log = (folder / "logs/respond/emosynth/test/cue-tiny/shard0.log").read_text()
    assert re.search(r"([1-9]\d*) already answered", log)
    assert len(parts(folder, "cue-tiny")) == 96
    assert (folder / target).read_bytes() == (small_study / target).read_bytes()
