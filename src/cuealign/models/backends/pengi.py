"""Pengi (Deshmukh et al., 2023), from its published file ``base.pth``: it describes a sound; the most similar label is the answer.

The sound and a short request are each mapped to a prefix of a frozen GPT-2, which continues the text. That text is compared with
the label words by the features of its text encoder, CLIP's. The published package has its own beam search; here, decoding is
greedy, or transformers' beam search (``options.beams``).
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import nn
from transformers import AutoTokenizer, CLIPTextConfig, CLIPTextModel, GenerationConfig, GPT2Config, GPT2LMHeadModel

from cuealign.config.entries.model import Model
from cuealign.core.errors import ModelError
from cuealign.core.registry import PluginOptions
from cuealign.models.backends.clap_msclap import split_htsat, window_of
from cuealign.models.base import Request, Responder, Response
from cuealign.models.contrastive import CheckpointFiles, Projection, unit, windows
from cuealign.models.failures import checkpoint_loader
from cuealign.models.finite import check_finite
from cuealign.models.htsat import HTSAT, RATE, SECONDS, UNUSED, audio_config
from cuealign.models.options import CROP, PINNED, Crop, PinnedRepository
from cuealign.models.precision import disable_tf32
from cuealign.models.tensors import Tensors, load_strictly, read_tensors
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template

WEIGHTS = "base.pth"

SCALE = 100.0
"""Factor of the cosines of CLIP's text features before the softmax over labels, as in CLIP."""

KIND = "contrastive"


class Options(PluginOptions):
    """Options of this backend."""

    request: str = Field(default="this emotion is", description="Text for the model to complete.")
    beams: int = Field(default=1, ge=1, description="Width of the beam search; 1 for greedy decoding.")
    crop: Crop = Field(default="centre", description=CROP)
    text: PinnedRepository | None = Field(default=None, description=PINNED)
    decoder: PinnedRepository | None = Field(default=None, description=PINNED)


_HEADS = 8
_BATCH = 16  # sounds: a step of the decoder takes nearly as long for one, also on a CPU (docs/benchmarks.md)
_STOPS = " <|endoftext|>"  # the end of its training texts; either of the two tokens ends an answer


class Attention(nn.Module):
    """Attention of a mapper, without a mask."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.to_queries = nn.Linear(width, width, bias=False)
        self.to_keys_values = nn.Linear(width, 2 * width, bias=False)
        self.project = nn.Linear(width, width)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Mix states, shape ``(batch, length, width)``."""
        keys, values = self.to_keys_values(states).chunk(2, dim=-1)
        heads = [part.unflatten(-1, (_HEADS, -1)).transpose(1, 2) for part in (self.to_queries(states), keys, values)]
        return self.project(nn.functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """A layer of a mapper."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = Attention(width)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 2 * width), "fc2": nn.Linear(2 * width, width)})

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Map states to states."""
        states = states + self.attn(self.norm1(states))
        return states + self.mlp["fc2"](self.mlp["fc1"](self.norm2(states)).relu())


class Mapper(nn.Module):
    """Maps one vector to the embeddings of a prefix.

    Args:
        width: of the vector.
        out: of an embedding.
        length: of the prefix.
        clip_length: positions that the vector is mapped to.
        layers: of its transformer.
    """

    def __init__(self, width: int, out: int, length: int, clip_length: int, layers: int) -> None:
        super().__init__()
        self.clip_length = clip_length
        self.linear = nn.Linear(width, clip_length * out)
        self.prefix_const = nn.Parameter(torch.empty(length, out))
        self.transformer = nn.ModuleDict({"layers": nn.ModuleList(Layer(out) for _ in range(layers))})

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Map vectors, shape ``(batch, width)``, to ``(batch, length, out)``."""
        states = self.linear(vectors).unflatten(-1, (self.clip_length, -1))
        states = torch.cat([states, self.prefix_const.expand(len(vectors), -1, -1)], dim=1)
        for layer in self.transformer["layers"]:
            states = layer(states)
        return states[:, self.clip_length :]


class Network(nn.Module):
    """All parts, with the published names of tensors."""

    def __init__(self, audio: HTSAT, text: CLIPTextModel, decoder: GPT2LMHeadModel, tensors: Tensors) -> None:
        super().__init__()
        width, features = _rows(tensors, "audio_encoder.projection.linear1.weight", 1024), text.config.projection_dim
        self.audio_encoder = nn.ModuleDict({"base": audio, "projection": Projection(audio.transformer.config.hidden_size, width)})
        self.caption_encoder = nn.ModuleDict(
            {
                "base": text.text_model if hasattr(text, "text_model") else text,
                "clip_text_projection": nn.Linear(text.config.hidden_size, features, bias=False),
                "projection": Projection(features, width),
            }
        )
        self.caption_decoder = nn.ModuleDict({"gpt": decoder})
        out = decoder.config.n_embd
        for name in ("audio_project", "text_project"):
            start = f"caption_decoder.{name}."
            length = _rows(tensors, f"{start}prefix_const", 40)
            clip_length = _rows(tensors, f"{start}linear.weight", 40 * out) // out
            layers = {
                key.removeprefix(f"{start}transformer.layers.").split(".")[0] for key in tensors if key.startswith(f"{start}transformer.")
            }
            self.caption_decoder[name] = Mapper(width, out, length, clip_length, len(layers) or 4)

    def audio_prefix(self, samples: torch.Tensor) -> torch.Tensor:
        """Prefix of sounds of equal length, shape ``(sounds, length, width)``."""
        embedded = self.audio_encoder["projection"](self.audio_encoder["base"](samples))
        return self.caption_decoder["audio_project"](nn.functional.normalize(embedded, dim=-1))

    def text_features(self, ids: torch.Tensor) -> torch.Tensor:
        """CLIP's features of texts of equal length, shape ``(texts, features)``."""
        return self.caption_encoder["clip_text_projection"](self.caption_encoder["base"](input_ids=ids).pooler_output)

    def text_prefix(self, ids: torch.Tensor) -> torch.Tensor:
        """Prefix of texts of equal length, shape ``(texts, length, width)``."""
        embedded = self.caption_encoder["projection"](self.text_features(ids))
        return self.caption_decoder["text_project"](nn.functional.normalize(embedded, dim=-1))


class Pengi(Responder):
    """A Pengi checkpoint.

    Args:
        network: on its device.
        reader, writer: tokenizers of CLIP and GPT-2.
        labels: in the order of the scores.
        request, beams, crop: options.
        max_new_tokens: limit of its text.
        batch: sounds per batch.
        fingerprint: of the weights.
    """

    def __init__(
        self,
        network: Network,
        reader: Any,
        writer: Any,
        labels: Sequence[Label],
        *,
        request: str,
        beams: int,
        crop: str,
        max_new_tokens: int,
        batch: int,
        fingerprint: str,
    ) -> None:
        self.network, self.reader, self.writer, self.labels = network.eval().requires_grad_(False), reader, writer, list(labels)
        self.request, self.beams, self.crop, self.max_new_tokens = request, beams, crop, max_new_tokens
        self.batch, self._fingerprint = batch, fingerprint
        disable_tf32()
        network.caption_decoder["gpt"].generation_config = GenerationConfig()  # what a call leaves open would be taken from there
        self._known: dict[str, torch.Tensor] = {}
        self.device, self.dtype = next(network.parameters()).device, next(network.parameters()).dtype

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @torch.inference_mode()
    def respond(self, requests: Sequence[Request]) -> Iterator[list[Response]]:
        text_prefix, rest = self.network.text_prefix(self._read(self.request)), iter(requests)
        while batch := list(islice(rest, self.batch)):
            sounds = [windows(request.load_audio(RATE), RATE * SECONDS, self.crop) for request in batch]
            samples = torch.from_numpy(np.stack([piece for pieces, _ in sounds for piece in pieces])).to(self.device, self.dtype)
            # The prefixes of several pieces are averaged, so that each sound gets one text.
            prefixes = self.network.audio_prefix(samples).split([len(pieces) for pieces, _ in sounds])
            prefix = torch.stack([each.mean(0) for each in prefixes])
            written = self._write(torch.cat([prefix, text_prefix.expand(len(batch), -1, -1)], dim=1))
            for request, (_, cut), ids in zip(batch, sounds, written, strict=True):
                text = self.writer.decode(ids, skip_special_tokens=True).strip()
                self.between_packs = request is batch[-1]
                yield [self._response(request.utterance, text, prompt, len(ids), cut=cut) for prompt in request.prompts]

    def _response(self, utterance: str, text: str, prompt: str, tokens: int, *, cut: bool) -> Response:
        captions = prompt.split("\n")
        if len(captions) != len(self.labels):
            raise ModelError(f"a prompt has {len(captions)} captions for {len(self.labels)} labels")
        scores = (SCALE * torch.stack([self._features(caption) for caption in captions]) @ self._features(text)).log_softmax(0).tolist()
        check_finite(scores, utterance)
        answer = self.labels[int(np.argmax(scores))].word
        return Response(answer, tuple(scores), path="similarity", reasoning=text, answer_tokens=tokens, audio_truncated=cut)

    def _features(self, text: str) -> torch.Tensor:
        """Features of a text, computed separately from others, so that they do not depend on their length, and cached."""
        if text not in self._known:
            self._known[text] = unit(self.network.text_features(self._read(text)))[0]
        return self._known[text]

    def _read(self, text: str) -> torch.Tensor:
        ids = self.reader(text, return_tensors="pt")["input_ids"]
        limit = self.network.caption_encoder["base"].config.max_position_embeddings
        if ids.shape[1] > limit:
            raise ModelError(f"the text {text!r} has {ids.shape[1]} tokens, more than the model's {limit}")
        return ids.to(self.device)

    def _write(self, prefix: torch.Tensor) -> list[list[int]]:
        """Generated ids after prefixes of equal length, each up to its first stop token (included)."""
        stops = self.writer(_STOPS, add_special_tokens=False)["input_ids"]
        config = GenerationConfig(
            do_sample=False, num_beams=self.beams, max_new_tokens=self.max_new_tokens, eos_token_id=stops, pad_token_id=stops[-1]
        )
        seen = torch.ones(prefix.shape[:2], dtype=torch.long, device=self.device)
        output = self.network.caption_decoder["gpt"].generate(inputs_embeds=prefix, attention_mask=seen, generation_config=config)
        ends = [next((place + 1 for place, token in enumerate(ids) if token in stops), len(ids)) for ids in output.tolist()]
        return [ids[:end] for ids, end in zip(output.tolist(), ends, strict=True)]


def _rows(tensors: Tensors, name: str, otherwise: int) -> int:
    return tensors[name].shape[0] if name in tensors else otherwise


@checkpoint_loader
def load(entry: Model, name: str, labels: Sequence[Label], _template: Template) -> Pengi:
    """Load Pengi; see :mod:`cuealign.models.backends`."""
    options = Options.model_validate(entry.options)
    parts = CheckpointFiles(entry, name, WEIGHTS, {"text": options.text, "decoder": options.decoder})
    tensors = split_htsat(read_tensors(parts.weights))
    network = Network(
        HTSAT(audio_config(parts.weights.parent), window_of(tensors) or 1024),
        CLIPTextModel(CLIPTextConfig.from_pretrained(parts.folders["text"])),
        GPT2LMHeadModel(GPT2Config.from_pretrained(parts.folders["decoder"])),
        tensors,
    )
    load_strictly(network, tensors, parts.weights, ignored=UNUSED)
    return Pengi(
        network.to(entry.device, getattr(torch, entry.dtype)),
        AutoTokenizer.from_pretrained(parts.folders["text"]),
        AutoTokenizer.from_pretrained(parts.folders["decoder"]),
        labels,
        request=options.request,
        beams=options.beams,
        crop=options.crop,
        max_new_tokens=entry.max_new_tokens,
        batch=_BATCH,
        fingerprint=parts.fingerprint,
    )
