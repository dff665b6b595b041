"""Tiny checkpoints of the contrastive systems, loaded by their backends, and requests to them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from cuealign.models.backends import BACKENDS
from cuealign.models.base import Request, Responder, Response
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import CaptionTemplate
from tests.support import published
from tests.support.inference import entry
from tests.support.prompts import LABELS, TEMPLATE

CAPTIONS = CaptionTemplate("this person is feeling {label}.", TEMPLATE.cue_block)
WORDS = CaptionTemplate("{label}", TEMPLATE.cue_block)
NAMES = {"paraclap": "paraclap", "msclap": "clap_msclap", "msclap-2022": "clap_msclap", "pengi": "pengi", "laion": "clap_laion"}
"""Short names of the systems, and their backends."""

OPTIONS: dict[str, dict[str, object]] = {"msclap-2022": {"version": 2022}}
"""Short name to the options without which the backend does not load the system."""


def laion(folder: Path) -> dict[str, torch.Tensor]:
    """A tiny CLAP of transformers' own classes."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    published.paraclap(folder / "other")  # for its tokenizer
    torch.manual_seed(0)
    text = {"vocab_size": 400, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    sound = {"patch_embeds_hidden_size": 8, "hidden_size": 16, "depths": [2, 2], "num_attention_heads": [2, 2]}
    model = ClapModel(ClapConfig(text_config=text, audio_config=sound, projection_dim=10))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.2)
    model.save_pretrained(folder)
    ClapFeatureExtractor().save_pretrained(folder)
    for file in (folder / "other" / "text").glob("tokenizer*"):
        shutil.copy(file, folder)
    shutil.rmtree(folder / "other")
    return {}


WRITERS: dict[str, Callable[[Path], dict[str, torch.Tensor]]] = {
    "paraclap": published.paraclap,
    "msclap": published.msclap,
    "msclap-2022": published.msclap_2022,
    "pengi": published.pengi,
    "laion": laion,
}
"""Short name to a function that writes a tiny checkpoint and returns its tensors under their published names."""

WEIGHTS = {
    "paraclap": "best.pth.tar",
    "msclap": "CLAP_weights_2023.pth",
    "msclap-2022": "CLAP_weights_2022.pth",
    "pengi": "base.pth",
}
"""Short name to the published file of the weights."""


def load(name: str, folder: Path, labels: list[Label] = LABELS, **changes: object) -> Responder:
    """The system in a folder, by its backend."""
    torch.set_num_threads(1)
    options = OPTIONS.get(name, {}) | changes.pop("options", {})
    return BACKENDS.get(NAMES[name])(
        entry(**({"path": str(folder), "max_new_tokens": 8, "options": options} | changes)), name, labels, CAPTIONS
    )


def captions(name: str, block: str = "") -> str:
    """Prompt of a system: Pengi's captions are single words."""
    return (WORDS if name == "pengi" else CAPTIONS).render([label.word for label in LABELS], block)


def ask(responder: Responder, name: str, *sounds: object) -> list[list[Response]]:
    """Responses to some sounds, with one prompt each."""
    return list(responder.respond([Request(f"u{number}", sound, (captions(name),)) for number, sound in enumerate(sounds)]))


def noise(seconds: float, rate: int, seed: int = 0) -> np.ndarray:
    """Normal noise, float32, shape ``(seconds * rate,)``."""
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate))).astype(np.float32)
