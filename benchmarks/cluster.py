"""The demo run directly and through a SLURM cluster on the same machine: time, jobs, and the time that polling costs.

    PYTHONPATH=src:. .venv/bin/python benchmarks/cluster.py [--polling 10]

Needs what ``tests/support/slurm.py`` needs. Both runs start in an empty folder; the second one uses ``profiles/slurm``.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

from tests.support import slurm, workflow

Interval = tuple[float, float]


def run(folder: Path, environment: dict[str, str], *arguments: str) -> tuple[float, str]:
    """Seconds that the demo takes in an empty folder, and the driver's output."""
    folder.mkdir()
    start = time.monotonic()
    done = subprocess.run(workflow.command(folder, *arguments), cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-4000:])
    return time.monotonic() - start, done.stdout + done.stderr


def driven(log: str) -> tuple[dict[str, Interval], dict[str, float]]:
    """From the driver's log: start and end of each local job, and the time at which it learnt of the end of each SLURM job."""
    now, local, started, submitted, ended = 0.0, False, {}, {}, {}
    for line in log.splitlines():
        if stamp := re.match(r"\[(\w{3} \w{3} +\d+ [\d:]+ \d{4})\]", line):
            now = datetime.strptime(stamp[1], "%a %b %d %H:%M:%S %Y").timestamp()
        elif rule := re.match(r"(local)?rule \w+:", line):
            local = bool(rule[1])
        elif (job := re.match(r"    jobid: (\d+)", line)) and local:
            started[job[1]] = now
        elif job := re.match(r"Job (\d+) has been submitted with SLURM jobid (\d+)", line):
            submitted[job[1]] = job[2]
        elif job := re.match(r"Finished jobid: (\d+)", line):
            ended[job[1]] = now
    return {job: (start, ended[job]) for job, start in started.items()}, {submitted[job]: ended[job] for job in submitted}


def length(intervals: list[Interval]) -> float:
    """Seconds that the union of intervals covers."""
    covered, until = 0.0, 0.0
    for start, end in sorted(intervals):
        covered += max(0.0, end - max(start, until))
        until = max(until, end)
    return covered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polling", type=int, default=10, help="seconds between two status checks; 10 in the profile")
    polling = str(parser.parse_args().polling)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        here, _ = run(folder / "local", workflow.environment(), "--cores", str(os.cpu_count()))
        print(f"directly, {os.cpu_count()} cores: {here:.0f} s", flush=True)
        cluster = slurm.Cluster(folder / "s")
        try:
            options = ("--slurm-init-seconds-before-status-checks", polling, "--seconds-between-status-checks", polling)
            there, log = run(folder / "cluster", slurm.environment(cluster), *slurm.PROFILE, *options)
            jobs = cluster.jobs()
        finally:
            cluster.stop()
    own, learnt = driven(log)
    ran = {job["JobId"]: tuple(datetime.fromisoformat(job[key]).timestamp() for key in ("StartTime", "EndTime")) for job in jobs}
    busy = [*own.values(), *ran.values()]
    waited = length([*busy, *((ran[job][1], learnt[job]) for job in ran)]) - length(busy)
    print(f"cluster: {there:.0f} s, {there / here:.2f} times as long")
    print(f"submitted: {len(jobs)} of {len(own) + len(jobs)} jobs; by state and partition:", end=" ")
    print(", ".join(f"{count} {state} ({partition})" for (state, partition), count in counted(jobs).items()))
    print(f"time in which nothing ran until the next status check ({polling} s): {waited:.0f} s, {waited / there:.0%} of the time")


def counted(jobs: list[dict[str, str]]) -> Counter:
    return Counter((job["JobState"].lower(), job["Partition"]) for job in jobs)


if __name__ == "__main__":
    main()
