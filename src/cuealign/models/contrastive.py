"""Systems that compare a sound with captions, one per label: the nearest caption is the answer.

A prompt to them is their captions, a line each; see :class:`cuealign.prompts.templates.CaptionTemplate`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from huggingface_hub import snapshot_download
from torch import nn

from cuealign.config.entries.model import Model
from cuealign.core.errors import ModelError
from cuealign.models.base import Request, Responder, Response
from cuealign.models.checkpoints import hash_folder
from cuealign.models.finite import check_finite
from cuealign.models.options import Crop
from cuealign.models.precision import disable_tf32
from cuealign.prompts.labels import Label


class Projection(nn.Module):
    """From an encoder's output to the space that sounds and captions share (Elizalde et al., 2023)."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(width, out, bias=False)
        self.linear2 = nn.Linear(out, out, bias=False)
        self.layer_norm = nn.LayerNorm(out)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Map states, shape ``(…, width)``, to ``(…, out)``."""
        first = self.linear1(states)
        return self.layer_norm(first + self.linear2(nn.functional.gelu(first)))


class ContrastiveModel(ABC):
    """Embeds sounds and captions in one space."""

    rate: int
    """Sampling rate (Hz) that it hears."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """As :attr:`cuealign.models.base.Responder.fingerprint`."""

    @abstractmethod
    def clips(self, samples: np.ndarray) -> tuple[list[np.ndarray], bool]:
        """What is heard of a sound, in pieces that can be embedded, and whether some of it is not."""

    @abstractmethod
    def embed_clips(self, clips: Sequence[np.ndarray]) -> torch.Tensor:
        """Embeddings of pieces of sound, shape ``(clips, width)``."""

    @abstractmethod
    def embed_captions(self, captions: Sequence[str]) -> torch.Tensor:
        """Embeddings of captions, shape ``(captions, width)``."""

    @property
    @abstractmethod
    def scale(self) -> float:
        """By which cosines are multiplied before the softmax over labels."""


class ContrastiveResponder(Responder):
    """Answers by the nearest caption.

    Args:
        model: of sounds and captions.
        labels: in the order of the captions.
        batch: sounds that are embedded at a time, see :func:`batch_size`.
    """

    def __init__(self, model: ContrastiveModel, labels: Sequence[Label], *, batch: int) -> None:
        self.model, self.labels, self.batch = model, list(labels), batch
        disable_tf32()
        self._captions: dict[str, torch.Tensor] = {}

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    @torch.inference_mode()
    def respond(self, requests: Sequence[Request]) -> Iterator[list[Response]]:
        rest = iter(requests)
        while batch := list(islice(rest, self.batch)):
            heard = [self.model.clips(request.load_audio(self.model.rate)) for request in batch]
            embedded = unit(self.model.embed_clips([clip for clips, _ in heard for clip in clips]))
            for request, (_, cut), sound in zip(batch, heard, embedded.split([len(clips) for clips, _ in heard]), strict=True):
                yield [self._response(request.utterance, unit(sound.mean(0)), prompt, cut=cut) for prompt in request.prompts]

    def _response(self, utterance: str, sound: torch.Tensor, prompt: str, *, cut: bool) -> Response:
        captions = prompt.split("\n")
        if len(captions) != len(self.labels):
            raise ModelError(f"a prompt has {len(captions)} captions for {len(self.labels)} labels")
        scores = (self.model.scale * self._embedded(captions) @ sound).log_softmax(0).tolist()
        check_finite(scores, utterance)
        return Response(self.labels[int(np.argmax(scores))].word, tuple(scores), path="similarity", audio_truncated=cut)

    def _embedded(self, captions: Sequence[str]) -> torch.Tensor:
        """Embeddings of captions, each computed once and by itself, so that no other one's length matters."""
        for caption in captions:
            if caption not in self._captions:
                self._captions[caption] = unit(self.model.embed_captions([caption]))[0]
        return torch.stack([self._captions[caption] for caption in captions])


def unit(vectors: torch.Tensor) -> torch.Tensor:
    """Vectors of length 1, in float32."""
    return nn.functional.normalize(vectors.float(), dim=-1)


def windows(samples: np.ndarray, length: int, crop: Crop) -> tuple[list[np.ndarray], bool]:
    """Pieces of exactly ``length`` samples.

    A shorter sound is repeated until it fills one, as these systems were trained; of a longer one, ``centre`` is its middle
    and ``tiled`` all of it, the last piece aligned with its end.

    Returns:
        The pieces, and whether some of the sound is in none.
    """
    if len(samples) <= length:
        return [np.tile(samples, -(-length // len(samples)))[:length]], False
    if crop == "centre":
        start = (len(samples) - length) // 2
        return [samples[start : start + length]], True
    starts = [*range(0, len(samples) - length, length), len(samples) - length]
    return [samples[start : start + length] for start in starts], False


def batch_size(device: str) -> int:
    """Sounds to embed at a time: on a CPU one, as batches are slower there (docs/benchmarks.md)."""
    return 16 if device.startswith("cuda") else 1


class CheckpointFiles:
    """Where a published system's weights and the configs of its parts lie.

    All in one folder, ``path``; or the weights in a repository of the hub, ``hub_id`` at ``revision``, and each part in
    another one.

    Args:
        entry, name: of the model in the config.
        weights: name of the weights' file.
        repositories: of each part, such as ``text``, its repository as ``repository@commit``; not needed where all lies in ``path``.

    Raises:
        ModelError: if something is missing.
    """

    def __init__(self, entry: Model, name: str, weights: str, repositories: Mapping[str, str | None]) -> None:
        if entry.path is not None:
            folder = Path(entry.path)
            self.weights, self.folders = folder / weights, {part: folder / part for part in repositories}
            self.fingerprint = f"{hash_folder(folder)} {entry.dtype}" if folder.is_dir() else ""
        else:
            for part, place in repositories.items():
                if place is None:
                    raise ModelError(f"models.{name}.options.{part}: give a repository of the hub and a commit, as repository@commit")
            self.weights = Path(snapshot_download(entry.hub_id, revision=entry.revision, allow_patterns=[weights]), weights)
            self.folders = {
                part: Path(snapshot_download(place.partition("@")[0], revision=place.partition("@")[2], allow_patterns=["*.json", "*.txt"]))
                for part, place in repositories.items()
            }
            self.fingerprint = " ".join([entry.hub_id, entry.revision, *repositories.values(), entry.dtype])
        for needed in (self.weights, *(folder / "config.json" for folder in self.folders.values())):
            if not needed.is_file():
                raise ModelError(f"{needed}: no such file; docs/models.md lists the files of model {name!r}")
