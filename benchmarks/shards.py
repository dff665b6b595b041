"""Shards on several GPUs at once: the same sweep on one GPU and on all GPUs of the machine.

    PYTHONPATH=src python benchmarks/shards.py --shape audio_flamingo_3

Each shard is a process that locks a GPU as a job of the workflow does, builds the model of ``benchmarks/sweep.py``, warms up, waits
for the others and answers its utterances. Time is measured from then until the last one has finished.
"""

import argparse
import json
import multiprocessing
import statistics
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import torch
from sweep import LABELS, build, corpus, requests

from cuealign.inference.packed import PackedEngine
from cuealign.runtime import gpu_lock


def work(pipe: Connection, shape: str, folder: Path, shard: int, shards: int, arguments: argparse.Namespace) -> None:
    """One shard, in a separate process."""
    with gpu_lock.device("cuda") as device, torch.inference_mode():
        torch.cuda.set_device(device)
        model = build(shape, arguments.layers)
        todo = requests(corpus(folder / str(shard), arguments.utterances, None))[shard::shards]
        model.compile()
        engine = PackedEngine(model, LABELS, budget=arguments.budget, workers=4)
        list(engine.respond(todo[:16]))
        for _ in range(arguments.rounds):
            torch.cuda.synchronize()
            pipe.send(device)
            pipe.recv()
            answers = [[response.answer for response in found] for found in engine.respond(todo)]
            pipe.send([request.utterance for request in todo])
            pipe.send(answers)


def run(shards: int, arguments: argparse.Namespace) -> tuple[list[float], dict[str, list[str]], list[str]]:
    """Seconds of each round, answers by utterance, devices."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        pipes = [spawn.Pipe() for _ in range(shards)]
        for shard in range(shards):
            Path(folder, str(shard)).mkdir()
        jobs = [
            spawn.Process(target=work, args=(end, arguments.shape, Path(folder), shard, shards, arguments))
            for shard, (_, end) in enumerate(pipes)
        ]
        for job in jobs:
            job.start()
        seconds, answers = [], {}
        for _ in range(arguments.rounds):
            devices = [pipe.recv() for pipe, _ in pipes]
            start = time.perf_counter()
            for pipe, _ in pipes:
                pipe.send("go")
            for pipe, _ in pipes:
                answers |= dict(zip(pipe.recv(), pipe.recv(), strict=True))
            seconds.append(time.perf_counter() - start)
        for job in jobs:
            job.join()
    return seconds, answers, devices


def main(arguments: argparse.Namespace) -> None:
    """Run on one GPU and on all, and print a table."""
    count = torch.cuda.device_count()
    alone, first, _ = run(1, arguments)
    together, second, devices = run(count, arguments)
    print(
        json.dumps(
            {
                "gpus": devices,
                "gpu": torch.cuda.get_device_name(),
                "utterances": arguments.utterances,
                "seconds_on_one": alone,
                "seconds_on_all": together,
                "ratio": statistics.median(alone) / statistics.median(together),
                "prompts": sum(map(len, first.values())),
                "answers_that_differ": sum(a != b for name in first for a, b in zip(first[name], second[name], strict=True)),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=["audio_flamingo_3", "qwen2_audio"], default="audio_flamingo_3")
    parser.add_argument("--utterances", type=int, default=512)
    parser.add_argument("--layers", type=int, help="layers of the language model, for a quick test")
    parser.add_argument("--budget", type=int, default=16_384)
    parser.add_argument("--rounds", type=int, default=2)
    main(parser.parse_args())
