"""Time and memory of everything that is measured of one model's use of the cues, at IEMOCAP's size and parts of it.

    PYTHONPATH=src:. .venv/bin/python benchmarks/grounding.py [--rounds 3]

A simulated study of 5,531 utterances under 34 conditions, with four labels, ten speakers, five sessions and both control listeners;
then with half of the utterances, and with a third of the conditions. One process per setting, on one core.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace

from threadpoolctl import threadpool_limits

from cuealign.config.entries.grounding import Margins
from cuealign.evaluation.grounding import tables
from cuealign.evaluation.grounding.names import RANDOM
from cuealign.evaluation.grounding.quantities import Grounding
from cuealign.evaluation.grounding.trials import Trials
from cuealign.evaluation.grounding.verdict import verdict
from tests.support.studies import IEMOCAP, World, simulate_with_listeners

SETTINGS = {"whole": (1.0, 5), "half of the utterances": (0.5, 5), "a third of the conditions": (1.0, 1)}
"""Share of the utterances, and strengths of corruption with five seeds each."""


def study(share: float, strengths: int) -> tuple[Trials, Trials, Trials]:
    """A model and both listeners; the strengths of corruption share their answers."""
    size = replace(IEMOCAP, utterances=int(IEMOCAP.utterances * share))

    def widened(trials: Trials) -> Trials:
        weaker = {f"corrupt({0.2 * step:.1f})": trials.conditions[RANDOM] for step in range(1, strengths)}
        return replace(trials, conditions={**trials.conditions, **weaker})

    own, audio, cues = simulate_with_listeners("mixture(0.25)", size, World(3), 1)
    return widened(own), audio, cues


def measure(share: float, strengths: int) -> dict[str, float]:
    """Seconds of all tables and the verdict, and the peak of the memory in GiB."""
    own, audio, cues = study(share, strengths)
    start = time.perf_counter()
    with threadpool_limits(1):
        grounding = Grounding(own, {"audio": audio, "cues": cues}, towards=own.names[0])
        names = [str(speaker) for speaker in range(grounding.speakers.count)]
        for table in (tables.reliance, tables.reading, tables.interactions):
            table(grounding, 0.95)
        tables.speakers(grounding, names)
        verdict(grounding, Margins(), 0.0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": time.perf_counter() - start, "GiB": peak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--setting", choices=SETTINGS, help="measure one, once, in this process")
    options = parser.parse_args()
    if options.setting:
        print(json.dumps(measure(*SETTINGS[options.setting])))
        return
    print("| setting | seconds, median (range) | peak memory (GiB) |\n| --- | --- | --- |")
    for setting in SETTINGS:
        command = [sys.executable, __file__, "--setting", setting]
        found = [json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(options.rounds)]
        seconds = [each["seconds"] for each in found]
        shown = f"{statistics.median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f})"
        print(f"| {setting} | {shown} | {max(each['GiB'] for each in found):.2f} |")


if __name__ == "__main__":
    main()
