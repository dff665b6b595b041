"""What a job finds out about its model besides the answers, kept beside the responses for the table of checks."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from cuealign.inference.noise import PROMPTS, noise_floor
from cuealign.models.base import CausalModel, Request, Responder

logger = logging.getLogger(__name__)


def tensors_placed(loaded: Responder | CausalModel) -> int:
    """Number of tensors of the loaded networks; the loaders refuse a checkpoint of which one is missing or left over."""
    parts = [loaded, getattr(loaded, "model", None)]
    modules = {id(value): value for part in parts if part is not None for value in vars(part).values() if isinstance(value, nn.Module)}
    arrays = [value for value in vars(loaded).values() if isinstance(value, np.ndarray)]  # a listener's
    return sum(len(module.state_dict()) for module in modules.values()) + len(arrays)


def checks_of_job(
    loaded: Responder | CausalModel, engine: Responder, requests: Callable[[], Sequence[Request]], *, shard: int, store: Path, settings: str
) -> dict[str, Any]:
    """Quantities of a job. The first shard measures the noise floor of a language model, once for the same model and settings.

    Args:
        loaded, engine: the system, and what answers with it.
        requests: gives requests of the split to ask again.
        shard: number of the job.
        store: folder in which the noise floor is kept.
        settings: what responses depend on besides audio, prompt and weights.
    """
    found: dict[str, Any] = {"tensors_placed": tensors_placed(loaded)}
    if shard > 0 or not isinstance(loaded, CausalModel):
        return found
    key = hashlib.sha256(f"{engine.fingerprint}\x1f{settings}\x1f{loaded.device.type}".encode()).hexdigest()[:32]
    file = store / f"noise-{key}.json"
    if not file.is_file():
        floor = noise_floor(engine, requests(), PROMPTS[loaded.device.type])
        logger.info(
            "noise floor: of %d answers asked again, %.1f %% differ; scores move by up to %.2g",
            floor.prompts,
            100 * floor.answers_unstable,
            floor.score_noise,
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(floor)) + "\n", encoding="utf-8")
    floor = json.loads(file.read_text(encoding="utf-8"))
    return found | {"noise_prompts": floor["prompts"], "answers_unstable": floor["answers_unstable"], "score_noise": floor["score_noise"]}
