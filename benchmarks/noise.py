"""The noise floor at full size: how far answers and scores move if the same prompts are asked in packs of another size and order.

    PYTHONPATH=src python benchmarks/noise.py --shape audio_flamingo_3

The model is that of benchmarks/sweep.py: random weights in bf16, whose greedy answers are labels or, with ``--free``, run on.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))

from sweep import LABELS, NEVER_SAID, build, corpus, requests

from cuealign.inference.noise import noise_floor
from cuealign.inference.packed import PackedEngine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=["audio_flamingo_3", "qwen2_audio"], default="audio_flamingo_3")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--layers", type=int, help="fewer layers, for a first try")
    arguments = parser.parse_args()
    model = build(arguments.shape, arguments.layers)
    with tempfile.TemporaryDirectory() as folder:
        todo = requests(corpus(Path(folder), 50, None))[::7]
        for what, labels in (("answers in the tree", LABELS), ("answers decoded", NEVER_SAID)):
            floor = noise_floor(PackedEngine(model, labels, budget=8192), todo, arguments.prompts)
            print(json.dumps({"shape": arguments.shape, "gpu": torch.cuda.get_device_name(), "what": what} | asdict(floor)), flush=True)


if __name__ == "__main__":
    main()
