"""Contrastive systems: a sound is compared with captions, one per label; the most similar caption is the answer.

Their prompt is the captions, one per line; see :class:`cuealign.prompts.templates.CaptionTemplate`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    """Maps an encoder's output to the space that sounds and captions share (Elizalde et al., 2023)."""

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
    """Sampling rate (Hz) of its input."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """As :attr:`cuealign.models.base.Responder.fingerprint`."""

    @abstractmethod
    def clips(self, samples: np.ndarray) -> tuple[list[np.ndarray], bool]:
        """The part of a sound that is used, in pieces that can be embedded, and whether some of the sound is left out."""

    @abstractmethod
    def embed_clips(self, clips: Sequence[np.ndarray]) -> torch.Tensor:
        """Embeddings of pieces of sound, shape ``(clips, width)``."""

    @abstractmethod
    def embed_captions(self, captions: Sequence[str]) -> torch.Tensor:
        """Embeddings of captions, shape ``(captions, width)``."""

    @property
    @abstractmethod
    def scale(self) -> float:
        """Factor of the cosines before the softmax over labels."""


class ContrastiveResponder(Responder):
    """Answers with the label whose caption is most similar to the sound.

    Args:
        model: embeds sounds and captions.
        labels: in the order of the captions.
        batch: sounds to embed at a time, see :func:`batch_size`.
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
            sounds = [self.model.clips(request.load_audio(self.model.rate)) for request in batch]
            embedded = unit(self.model.embed_clips([clip for clips, _ in sounds for clip in clips]))
            for request, (_, cut), sound in zip(batch, sounds, embedded.split([len(clips) for clips, _ in sounds]), strict=True):
                self.between_packs = request is batch[-1]
                yield [self._response(request.utterance, unit(sound.mean(0)), prompt, cut=cut) for prompt in request.prompts]

    def _response(self, utterance: str, sound: torch.Tensor, prompt: str, *, cut: bool) -> Response:
        captions = prompt.split("\n")
        if len(captions) != len(self.labels):
            raise ModelError(f"a prompt has {len(captions)} captions for {len(self.labels)} labels")
        scores = (self.model.scale * self._embedded(captions) @ sound).log_softmax(0).tolist()
        check_finite(scores, utterance)
        return Response(self.labels[int(np.argmax(scores))].word, tuple(scores), path="similarity", audio_truncated=cut)

    def _embedded(self, captions: Sequence[str]) -> torch.Tensor:
        """Embeddings of captions, cached. Each is computed separately, so that it does not depend on the length of others."""
        for caption in captions:
            if caption not in self._captions:
                self._captions[caption] = unit(self.model.embed_captions([caption]))[0]
        return torch.stack([self._captions[caption] for caption in captions])


def unit(vectors: torch.Tensor) -> torch.Tensor:
    """Vectors of length 1, in float32."""
    return nn.functional.normalize(vectors.float(), dim=-1)


def repeated(samples: np.ndarray, length: int) -> np.ndarray:
    """A shorter sound over and over, up to ``length`` samples: Microsoft's CLAP and Pengi, in training and inference."""
    return np.tile(samples, -(-length // len(samples)))[:length]


def repeated_whole(samples: np.ndarray, length: int) -> np.ndarray:
    """A shorter sound as often as it fits whole into ``length`` samples, then zeros: CLAP by LAION ("repeatpad")."""
    times = length // len(samples)
    return np.pad(np.tile(samples, times), (0, length - times * len(samples)))


def windows(
    samples: np.ndarray, length: int, crop: Crop, lengthen: Callable[[np.ndarray, int], np.ndarray] = repeated
) -> tuple[list[np.ndarray], bool]:
    """Pieces of exactly ``length`` samples.

    A shorter sound is lengthened to one piece. Of a longer one, ``centre`` takes the middle, and ``tiled`` takes all of it, the
    last piece aligned with the end.

    Returns:
        The pieces, and whether some of the sound is left out.
    """
    if len(samples) <= length:
        return [lengthen(samples, length)], False
    if crop == "centre":
        start = (len(samples) - length) // 2
        return [samples[start : start + length]], True
    starts = [*range(0, len(samples) - length, length), len(samples) - length]
    return [samples[start : start + length] for start in starts], False


def batch_size(device: str) -> int:
    """Sounds to embed at a time: one on a CPU, where batches are slower (docs/benchmarks.md)."""
    return 16 if device.startswith("cuda") else 1


class CheckpointFiles:
    """Files of a published system: its weights, and the configs and tokenizers of its parts.

    They are either all in the folder ``path``, or the weights are in a repository of the hub (``hub_id`` at ``revision``) and
    each part is in another one.

    Args:
        entry, name: of the model in the config.
        weights: name of the weights' file.
        repositories: by part, such as ``text``: its repository as ``repository@commit``, or None; not needed with ``path``.

    Raises:
        ModelError: if a file or the repository of a part is missing.
    """

    def __init__(self, entry: Model, name: str, weights: str, repositories: Mapping[str, str | None]) -> None:
        if entry.path is not None:
            folder = Path(entry.path)
            self.weights, self.folders = folder / weights, {part: folder / part for part in repositories}
            self.fingerprint = f"{hash_folder(folder)} {entry.dtype}" if folder.is_dir() else ""
        else:
            for part, place in repositories.items():
                if place is None:
                    raise ModelError(f"models.{name}.options.{part}: is missing; with hub_id it must be repository@commit")
            self.weights = Path(snapshot_download(entry.hub_id, revision=entry.revision, allow_patterns=[weights]), weights)
            self.folders = {
                part: Path(snapshot_download(place.partition("@")[0], revision=place.partition("@")[2], allow_patterns=["*.json", "*.txt"]))
                for part, place in repositories.items()
            }
            self.fingerprint = " ".join([entry.hub_id, entry.revision, *repositories.values(), entry.dtype])
        for needed in (self.weights, *(folder / "config.json" for folder in self.folders.values())):
            if not needed.is_file():
                raise ModelError(f"{needed}: no such file; docs/models.md lists the files of model {name!r}")
