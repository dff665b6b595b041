"""The results page at the size of IEMOCAP: how long it takes to make, how large it is, and how fast it opens in Chromium.

    make demo
    PYTHONPATH=src:. .venv-browser/bin/python benchmarks/page.py --utterances 5531 --models 3

The demo's utterances are drawn with replacement, under new names; every model is cue-tiny, with its log-probabilities jittered and a
tenth of its answers drawn anew, so that no two rows are alike. ``make test-browser`` makes .venv-browser.
"""

import argparse
import os
import resource
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from playwright.sync_api import Browser, sync_playwright

from cuealign.config.entries.grid import Experiment
from cuealign.config.entries.report import Report
from cuealign.config.grid import runs
from cuealign.config.loading import load
from cuealign.config.settings import Config
from cuealign.core.schema import MANIFEST, PREDICTIONS, read_tokens, tokens_schema
from cuealign.reporting.colours import model_colours
from cuealign.reporting.page.assemble import Study, assemble
from cuealign.reporting.page.build import page_html
from cuealign.reporting.results import Results
from tests.support import ROOT
from tests.support.config import shipped

DATASET, SPLIT, MODEL = "emosynth", "test", "cue-tiny"
CONDITIONS = 33
READY = "document.documentElement.dataset.ready"


def enlarge(demo: Path, folder: Path, settings: Config, utterances: int, models: list[str], random: np.random.Generator) -> list:
    """Write results of the demo's shape with more utterances; the conditions that they have."""
    results, old = folder / "results", demo / "results"
    for part in ("tables", "figures"):
        shutil.copytree(old / part, results / part)
    shutil.copy(old / "provenance.json", results / "provenance.json")
    manifest = MANIFEST.read(old / f"corpora/{DATASET}/manifest.parquet")
    manifest = manifest[manifest["split"] == SPLIT].reset_index(drop=True)
    drawn = random.integers(len(manifest), size=utterances)
    names = [f"Ses{number % 10:02d}F_impro{number // 250:02d}_M{number:04d}" for number in range(utterances)]
    MANIFEST.write(manifest.iloc[drawn].assign(utterance=names), results / f"corpora/{DATASET}/manifest.parquet")
    shutil.copy(old / f"corpora/{DATASET}/counts.json", results / f"corpora/{DATASET}/counts.json")
    conditions = [run.condition for run in runs(settings.grid) if run.model == MODEL][:CONDITIONS]
    for intervention, p, seed in conditions:
        path = f"{intervention}/p{p}/seed{seed}.parquet"
        tokens = read_tokens(old / f"interventions/{DATASET}/{SPLIT}/{path}").iloc[drawn].assign(utterance=names)
        tokens_schema(tokens).write(tokens, results / f"interventions/{DATASET}/{SPLIT}/{path}")
        answered = PREDICTIONS.read(old / f"predictions/{DATASET}/{SPLIT}/{MODEL}/{path}").iloc[drawn].assign(utterance=names)
        logprobs = [name for name in answered if name.startswith("logprob_")]
        for model in models:
            noise = random.normal(0, 0.3, (utterances, len(logprobs)))
            other = np.where(random.random(utterances) < 0.1, random.permutation(answered["prediction"]), answered["prediction"])
            table = answered.assign(
                prediction=other, answer=other, **dict(zip(logprobs, (answered[logprobs] + noise).to_numpy().T, strict=True))
            )
            PREDICTIONS.write(table, results / f"predictions/{DATASET}/{SPLIT}/{model}/{path}")
    for model in models:
        shutil.copytree(old / f"metrics/{DATASET}/{SPLIT}/{MODEL}", results / f"metrics/{DATASET}/{SPLIT}/{model}")
    return conditions


def make(folder: Path, settings: Config, models: list[str], conditions: list) -> float:
    """Make the page; seconds that it took."""
    start = time.perf_counter()
    experiments = [Experiment(DATASET, SPLIT, model) for model in models]
    registry = settings.models | {name: settings.models[MODEL].model_copy(update={"title": name}) for name in models}
    study = Study(
        Results(folder / "results", experiments, settings.datasets, registry),
        runs=dict.fromkeys(experiments, conditions),
        colours=model_colours(registry, models),
        prompts=settings.prompts,
        answers=settings.answers_of(DATASET),
        cue_block=settings.cue_block,
        readout=settings.readout,
        statistics=settings.statistics,
        judgement=settings.grounding,
        tables=sorted(path.stem for path in (folder / "results/tables").glob("*.json")),
        drawings={path.stem: {} for path in sorted((folder / "results/figures").glob("*.svg"))},
        citation=yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8")),
        has_conditions=True,
    )
    page = folder / "results/report/page.html"
    page.parent.mkdir(exist_ok=True)
    page.write_text(page_html(assemble(study, DATASET, SPLIT, Report(), page.parent)), encoding="utf-8")
    return time.perf_counter() - start


def wait(tab, condition: str) -> float:
    """Seconds until an expression holds."""
    start = time.perf_counter()
    while not tab.evaluate(condition):
        tab.wait_for_timeout(5)
    return time.perf_counter() - start


def look(browser: Browser, page: Path) -> dict[str, float]:
    """Seconds of what a reader does, in a new context."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab, start = context.new_page(), time.perf_counter()
    tab.goto(page.as_uri())
    wait(tab, READY)
    found = {"ready": time.perf_counter() - start}
    wait(tab, "document.documentElement.dataset.drawn")
    found["all figures drawn"] = time.perf_counter() - start
    for name, row in (("first utterance", 0), ("next utterance", 1)):
        tab.evaluate(f"document.getElementById('row-{row}').click()")
        text = f"document.getElementById('row-{row}').firstChild.textContent"
        found[name] = wait(tab, f"document.querySelector('#detail h3')?.textContent === {text}")
    tab.evaluate("document.querySelector('[name=show]').value = 'conflict'; window.before = document.getElementById('found').textContent")
    tab.evaluate("document.querySelector('[name=show]').dispatchEvent(new Event('input', {bubbles: true}))")
    found["answer changes under Conflict"] = wait(tab, "document.getElementById('found').textContent !== window.before")
    frames = tab.evaluate(
        """async () => {
          const list = document.getElementById("list"), times = [];
          let last = await new Promise(requestAnimationFrame);
          for (let step = 0; step < 120; step++) {
            list.scrollTop += 400;
            const now = await new Promise(requestAnimationFrame);
            times.push(now - last);
            last = now;
          }
          return times;
        }"""
    )
    found["a frame of scrolling, 95 of 100"] = float(np.quantile(frames, 0.95)) / 1000
    context.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=Path, default=ROOT, help="folder with the results of make demo")
    parser.add_argument("--utterances", type=int, default=5531)
    parser.add_argument("--models", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    settings, models = load(shipped()), [f"model-{number}" for number in range(options.models)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        conditions = enlarge(options.demo, folder, settings, options.utterances, models, np.random.default_rng(0))
        seconds = make(folder, settings, models, conditions)
        page = folder / "results/report/page.html"
        print(f"{options.utterances} utterances, {len(conditions)} conditions, {options.models} models")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"made in {seconds:.1f} s with {peak:.2f} GB of memory, {page.stat().st_size / 1e6:.2f} MB")
        with sync_playwright() as playwright:
            arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
            found = shutil.which("chromium") or os.environ["CHROMIUM"]
            browser = playwright.chromium.launch(executable_path=found, args=arguments)
            table = pd.DataFrame([look(browser, page) for _ in range(options.rounds)])
            browser.close()
    for name, values in table.items():
        print(f"{name}: {statistics.median(values):.3f} s ({values.min():.3f} to {values.max():.3f})")


if __name__ == "__main__":
    main()
