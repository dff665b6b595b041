"""What a job does with an audio language model."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from cuealign.config.entries.model import Model
from cuealign.inference.answer_formats import learn_answer_formats
from cuealign.inference.asked import AskedModel
from cuealign.inference.engines import make_engine
from cuealign.inference.language_model_checks import check_label_words, check_language_model
from cuealign.inference.noise import known_noise_floor
from cuealign.inference.packed import PackedEngine
from cuealign.inference.speed_limit import matmul_ceiling
from cuealign.models.base import CausalModel, Request
from cuealign.models.huggingface import HuggingFaceFrontend
from cuealign.prompts.labels import Label


class LanguageModel(AskedModel):
    """An audio language model with the engine that its entry names.

    Args:
        model: as loaded.
        entry: of the model in the config.
        labels: in the order of the log-probabilities.
    """

    def __init__(self, model: CausalModel, entry: Model, labels: Sequence[Label]) -> None:
        self.model, self.entry, self.labels = model, entry, labels
        self.engine = make_engine(model, entry, labels)

    @property
    def tokens_run(self) -> int:
        """Number of tokens that the model has processed so far."""
        return self.model.tokens_run

    def check_words(self, parse: Callable[[str], str]) -> None:
        check_label_words(self.model, self.labels, parse)

    def prepare(self, tried: Sequence[Request], few: Callable[[], Sequence[Request]]) -> None:
        check_language_model(self.model, self.engine, self.labels, tried, dtype=self.entry.dtype)
        if isinstance(self.engine, PackedEngine):
            learn_answer_formats(self.engine, self.labels, few())

    def figures(self, seconds: float, tokens: int) -> dict[str, Any]:
        model, flop = self.model, tokens * self.model.flop_per_token
        figures = {"engine": self.entry.engine, "device": model.device.type, "tokens": tokens, "tflop": flop / 1e12}
        if model.device.type != "cuda":
            return figures
        ceiling = matmul_ceiling(model.device, model.dtype)
        return figures | {
            "device": torch.cuda.get_device_name(model.device),
            "peak_gpu_memory_gb": torch.cuda.max_memory_allocated(model.device) / 1e9,
            "matmul_ceiling_tflops": ceiling / 1e12,
            "share_of_matmul_ceiling": flop / seconds / ceiling,
        }

    def noise(self, requests: Callable[[], Sequence[Request]], *, store: Path, settings: str) -> dict[str, float]:
        return known_noise_floor(self.engine, requests, device=self.model.device.type, store=store, settings=settings)

    def as_asked(self, prompt: str) -> str:
        frontend = self.model.frontend
        return frontend.chat(prompt) if isinstance(frontend, HuggingFaceFrontend) else prompt
