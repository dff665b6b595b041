"""Qwen2-Audio (Chu et al., 2024) through transformers' own classes; also the family of ``cue-tiny``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoProcessor, DynamicCache, GenerationConfig, Qwen2AudioForConditionalGeneration
from transformers.masking_utils import create_bidirectional_mask

from cuealign import audio as audio_module
from cuealign.errors import ModelError
from cuealign.models.base import CausalModel, Label, PreparedAudio
from cuealign.models.checkpoints import hash_folder, local_folder
from cuealign.prompts import PromptTemplate


class Qwen2Audio(CausalModel):
    """A Qwen2-Audio checkpoint.

    Args:
        source: folder or hub id.
        revision: commit of a hub id.
        dtype: name of a torch dtype.
        device: torch device.
        max_new_tokens: limit of a decoded answer.
        fingerprint: hash of the weights, or hub id and revision.
    """

    def __init__(self, source: str | Path, *, revision: str | None, dtype: str, device: str, max_new_tokens: int, fingerprint: str) -> None:
        self.processor = AutoProcessor.from_pretrained(source, revision=revision)
        self.model = Qwen2AudioForConditionalGeneration.from_pretrained(
            source, revision=revision, dtype=getattr(torch, dtype), attn_implementation="sdpa"
        )
        self.model.to(device).eval().requires_grad_(False)
        self.device = torch.device(device)
        self.tokenizer = self.processor.tokenizer
        self.end_of_turn = self._special("<|im_end|>")
        self._audio_token = self._special(self.processor.audio_token)
        self.max_new_tokens = max_new_tokens
        self._fingerprint = fingerprint

    def _special(self, token: str) -> int:
        index = self.tokenizer.convert_tokens_to_ids(token)
        if index is None or index == self.tokenizer.unk_token_id:
            raise ModelError(f"the tokenizer has no token {token!r}; is this a Qwen2-Audio checkpoint?")
        return index

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    # ---------------------------------------------------------------- inputs

    def prepare(self, audio: np.ndarray) -> PreparedAudio:
        extractor = self.processor.feature_extractor
        minimum = 8 * extractor.hop_length  # eight mel frames make two audio tokens, the fewest that the class expands
        if len(audio) < minimum:
            audio = np.pad(audio, (0, minimum - len(audio)))
        batch = extractor(
            audio,
            sampling_rate=audio_module.RATE,
            padding="max_length",
            truncation=True,
            return_attention_mask=True,
            return_tensors="pt",
        )
        frames = batch["attention_mask"].sum(-1)
        _, lengths = self.model.model.audio_tower._get_feat_extract_output_lengths(frames)
        features = {"input_features": batch["input_features"], "feature_attention_mask": batch["attention_mask"]}
        return PreparedAudio(features, tokens=int(lengths), truncated=len(audio) > extractor.n_samples)

    def tokenise(self, prompt: str, audio_tokens: int) -> list[int]:
        content = [{"type": "audio", "audio_url": "utterance"}, {"type": "text", "text": prompt}]
        text = self.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False)
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        place = [position for position, token in enumerate(ids) if token == self._audio_token]
        if len(place) != 1:
            raise ModelError(f"the chat template gives {len(place)} audio placeholders instead of 1")
        return ids[: place[0]] + [self._audio_token] * audio_tokens + ids[place[0] + 1 :]

    def answer_ids(self, word: str) -> list[int]:
        return [*self.tokenizer(word, add_special_tokens=False)["input_ids"], self.end_of_turn]

    def decode(self, ids: Sequence[int]) -> str:
        return self.tokenizer.decode(list(ids), skip_special_tokens=True).strip()

    # ---------------------------------------------------------------- pieces, for engines

    def _audio_embeddings(self, audio: PreparedAudio) -> torch.Tensor:
        """Embeddings of the audio tokens, shape ``(audio tokens, hidden)``, as the model's own forward computes them."""
        tower = self.model.model.audio_tower
        features = self._features(audio)
        frames, _ = tower._get_feat_extract_output_lengths(features["feature_attention_mask"].sum(-1))
        positions = tower.config.max_source_positions
        visible = torch.arange(positions, device=self.device)[None] < frames[:, None]
        mask = create_bidirectional_mask(
            config=tower.config,
            inputs_embeds=torch.zeros(1, positions, 1, dtype=self.model.dtype, device=self.device),
            attention_mask=visible.long(),
        )
        hidden = tower(features["input_features"], attention_mask=mask).last_hidden_state
        return self.model.model.multi_modal_projector(hidden)[0, : audio.tokens]

    def _features(self, audio: PreparedAudio) -> dict[str, torch.Tensor]:
        return {
            "input_features": audio.features["input_features"].to(self.device, self.model.dtype),
            "feature_attention_mask": audio.features["feature_attention_mask"].to(self.device),
        }

    def embed(self, ids: Sequence[int], audio: PreparedAudio) -> torch.Tensor:
        tokens = torch.tensor([list(ids)], device=self.device)
        embeddings = self.embed_text(tokens)
        places = tokens[0] == self._audio_token
        if int(places.sum()) != audio.tokens:
            raise ModelError(f"{int(places.sum())} audio placeholders for {audio.tokens} audio tokens")
        embeddings[0, places] = self._audio_embeddings(audio).to(embeddings.dtype)
        return embeddings

    def embed_text(self, ids: torch.Tensor) -> torch.Tensor:
        return self.model.get_input_embeddings()(ids)

    def new_cache(self) -> DynamicCache:
        return DynamicCache()

    def forward(
        self,
        embeddings: torch.Tensor,
        *,
        mask: torch.Tensor | None = None,
        positions: torch.Tensor | None = None,
        cache: Any = None,
    ) -> torch.Tensor:
        return self.model.model.language_model(
            inputs_embeds=embeddings,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=cache is not None,
        ).last_hidden_state

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.model.lm_head(hidden).float()

    # ---------------------------------------------------------------- whole, as the reference

    def generate(self, ids: Sequence[int], audio: PreparedAudio) -> list[int]:
        tokens = torch.tensor([list(ids)], device=self.device)
        greedy = GenerationConfig(
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
            max_new_tokens=self.max_new_tokens,
            eos_token_id=self.end_of_turn,
            pad_token_id=self.end_of_turn,
        )
        output = self.model.generate(
            input_ids=tokens, attention_mask=torch.ones_like(tokens), generation_config=greedy, **self._features(audio)
        )
        return output[0, tokens.shape[1] :].tolist()

    def full_logits(self, ids: Sequence[int], audio: PreparedAudio) -> torch.Tensor:
        tokens = torch.tensor([list(ids)], device=self.device)
        output = self.model(input_ids=tokens, attention_mask=torch.ones_like(tokens), **self._features(audio))
        return output.logits[0].float()


def load(entry: dict[str, Any], name: str, _labels: Sequence[Label], _template: PromptTemplate) -> Qwen2Audio:
    """Load a Qwen2-Audio checkpoint; see :mod:`cuealign.models`."""
    if entry["path"] is not None:
        source: str | Path = local_folder(entry["path"], name)
        fingerprint = hash_folder(source)
    else:
        source, fingerprint = entry["hub_id"], f"{entry['hub_id']}@{entry['revision']}"
    return Qwen2Audio(
        source,
        revision=None if entry["path"] is not None else entry["revision"],
        dtype=entry["dtype"],
        device=entry["device"],
        max_new_tokens=entry["max_new_tokens"],
        fingerprint=f"{fingerprint} {entry['dtype']}",
    )
