"""``cue-tiny``: a small but real audio language model, trained on the embedded corpus.

Architecture: transformers' Qwen2-Audio classes with less than half a million parameters, a byte-level BPE tokenizer trained on the
prompts, and Whisper's log-mel front end. The result is an ordinary checkpoint folder, which loads like that of the 7B model.

Training mixes prompts without a cue block, with the utterance's own tokens, and with another utterance's. Without the last, the
model would follow the cues blindly. In some examples with their own tokens the sound is blank (modality dropout), so that the model
learns to read the tokens too; without that it gains little from them, and how little depends on the seed and on the processor.
``benchmarks/demo.py`` measures the effect over seeds of the training and of the corpus.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pydantic import Field, field_validator
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    WhisperFeatureExtractor,
)

from cuealign.core import audio
from cuealign.core.registry import NoOptions, PluginOptions
from cuealign.core.seeding import derive_seed, generator
from cuealign.core.vocabulary import CONCEPTS, TOKENS, UNVOICED, VOICED_CONCEPTS
from cuealign.interventions.base import KeyedRandom
from cuealign.interventions.shuffle import reassign
from cuealign.models.options import SECONDS
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import PromptTemplate
from cuealign.runtime.progress import Progress

logger = logging.getLogger(__name__)

_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|audio_bos|>", "<|AUDIO|>", "<|audio_eos|>")
_IGNORE = -100


class Options(PluginOptions):
    """Architecture and training.

    The audio encoder is small on purpose: with a perfect one, cues would not add anything.
    """

    seed: int = Field(default=1, ge=0, description="Seed of weights, order, prompts and masking.")
    epochs: int = Field(default=8, ge=1, description="Passes over the training utterances.")
    batch_size: int = Field(default=32, ge=1, description="Utterances of a step.")
    learning_rate: float = Field(default=2e-3, gt=0, description="Of AdamW, with a cosine schedule after a short warm-up.")
    weight_decay: float = Field(default=0.05, ge=0, description="Of AdamW.")
    threads: int = Field(default=1, ge=1, description="Threads of torch; an option, because another number gives other weights.")
    mel_bins: int = Field(default=24, ge=1, description="Bands of the spectrogram.")
    seconds: int = Field(default=3, ge=1, description=SECONDS)
    audio_width: int = Field(default=32, ge=4, description="Width of the audio encoder.")
    audio_layers: int = Field(default=1, ge=1, description="Layers of the audio encoder.")
    text_width: int = Field(default=128, ge=4, description="Width of the language model.")
    text_layers: int = Field(default=2, ge=1, description="Layers of the language model.")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="In the audio encoder.")
    mix: tuple[float, float, float] = Field(
        default=(0.30, 0.50, 0.20), description="Shares of prompts without tokens, with own and with foreign tokens; they sum to 1."
    )
    blank: float = Field(default=0.15, ge=0, le=1, description="Share of the examples with own tokens whose sound is blank.")

    @field_validator("mix")
    @classmethod
    def _shares(cls, value: tuple[float, float, float]) -> tuple[float, float, float]:
        if min(value) < 0:
            raise ValueError(f"a share must not be negative, but the one with index {value.index(min(value))} is {min(value):g}")
        if not math.isclose(sum(value), 1):
            raise ValueError(f"shares must sum to 1, but sum to {sum(value):g}")
        return value


def train(
    manifest: pd.DataFrame,
    tokens: pd.DataFrame,
    template: PromptTemplate,
    labels: Sequence[Label],
    folder: Path,
    *,
    options: Options,
) -> None:
    """Train the model and save it.

    Args:
        manifest: training utterances, table of kind :data:`cuealign.core.schema.MANIFEST`.
        tokens: their tokens, same order.
        template: wording of the prompts.
        labels: of the answers.
        folder: for the checkpoint.
        options: of the architecture and the training.
    """
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(derive_seed("cue-tiny", options.seed) % 2**63)

    processor = build_processor(options, template, labels, tokens)
    model = build_model(options, processor)
    logger.info("cue-tiny: %d parameters, %d utterances", sum(p.numel() for p in model.parameters()), len(manifest))
    _fit(model, processor, options, manifest, tokens, template, labels)

    end = processor.tokenizer.convert_tokens_to_ids("<|im_end|>")
    model.generation_config = GenerationConfig(do_sample=False, eos_token_id=end, pad_token_id=end)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def build_processor(options: Options, template: PromptTemplate, labels: Sequence[Label], tokens: pd.DataFrame) -> Qwen2AudioProcessor:
    """Feature extractor and tokenizer; the tokenizer is trained on the prompts of ``tokens``, the answers and every concept token.

    It merges bytes up to the next ``;`` or line break, so that ``PITCH=VERY_LOW;`` is one token, and so is the instruction.
    The length of prompts is most of what training and answering cost.
    """
    words = [label.word for label in labels]
    chat = ["system\nYou are a helpful assistant.", "user\nAudio 1: ", "assistant\n"]
    texts = [template.render(words, block) for block in sorted(set(tokens["cue_block"]))]
    texts += 200 * (chat + words + _blocks_of_all_tokens(template))
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[^;\n]+;?|[;\n]+"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1000,
        min_frequency=2,
        special_tokens=list(_SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=[token for token in _SPECIAL if token not in ("<|im_end|>", "<|endoftext|>")],
    )
    extractor = WhisperFeatureExtractor(
        feature_size=options.mel_bins, sampling_rate=audio.RATE, hop_length=320, n_fft=400, chunk_length=options.seconds
    )
    return Qwen2AudioProcessor(feature_extractor=extractor, tokenizer=tokenizer)


def _blocks_of_all_tokens(template: PromptTemplate) -> list[str]:
    """Cue blocks in which every token of every concept occurs: interventions may draw one that the corpus lacks."""
    vocabularies = {concept: (*TOKENS[concept], *((UNVOICED,) * (concept in VOICED_CONCEPTS))) for concept in CONCEPTS}
    longest = max(map(len, vocabularies.values()))
    return [
        template.cue_block.serialise({concept: known[number % len(known)] for concept, known in vocabularies.items()})
        for number in range(longest)
    ]


def build_model(options: Options, processor: Qwen2AudioProcessor) -> Qwen2AudioForConditionalGeneration:
    """The untrained model, with Whisper's sinusoids as position embeddings of the audio."""
    positions = processor.feature_extractor.nb_max_frames // 2
    config = Qwen2AudioConfig(
        audio_config={
            "model_type": "qwen2_audio_encoder",
            "num_mel_bins": options.mel_bins,
            "d_model": options.audio_width,
            "encoder_layers": options.audio_layers,
            "encoder_attention_heads": 4,
            "encoder_ffn_dim": 2 * options.audio_width,
            "max_source_positions": positions,
            "dropout": options.dropout,
        },
        text_config={
            "model_type": "qwen2",
            "vocab_size": len(processor.tokenizer),
            "hidden_size": options.text_width,
            "intermediate_size": 2 * options.text_width,
            "num_hidden_layers": options.text_layers,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            "tie_word_embeddings": False,
        },
        audio_token_index=processor.audio_token_id,
    )
    model = Qwen2AudioForConditionalGeneration(config)
    model.model.audio_tower.embed_positions.weight.data = _sinusoids(positions, options.audio_width)
    return model


def _sinusoids(length: int, channels: int) -> torch.Tensor:
    """Whisper's position embeddings: sines, then cosines, with wavelengths from 2π to 10,000 · 2π; shape ``(length, channels)``."""
    scales = torch.exp(-math.log(10_000) / (channels // 2 - 1) * torch.arange(channels // 2))
    angles = torch.arange(length)[:, None] * scales[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


@dataclass(frozen=True)
class _Examples:
    """The corpus as training needs it, in memory."""

    features: torch.Tensor  # (utterances, mel bins, frames)
    frame_mask: torch.Tensor  # (utterances, frames)
    audio_tokens: list[int]
    answers: list[list[int]]


def _load(
    processor: Qwen2AudioProcessor, model: Qwen2AudioForConditionalGeneration, manifest: pd.DataFrame, labels: Sequence[Label]
) -> _Examples:
    clips = [audio.read_utterance(row) for row in manifest.itertuples()]
    batch = processor.feature_extractor(
        clips, sampling_rate=audio.RATE, padding="max_length", truncation=True, return_attention_mask=True, return_tensors="pt"
    )
    _, tokens = model.model.audio_tower._get_feat_extract_output_lengths(batch["attention_mask"].sum(-1))
    end = processor.tokenizer.convert_tokens_to_ids("<|im_end|>")
    answer = {label.name: [*processor.tokenizer(label.word)["input_ids"], end] for label in labels}
    return _Examples(batch["input_features"], batch["attention_mask"], tokens.tolist(), [answer[name] for name in manifest["label"]])


@dataclass(frozen=True)
class _Epoch:
    """What the examples of one epoch are made of, drawn by the shares of the options.

    Attributes:
        cue_blocks: of every example; empty for the audio-only prompt.
        blank: whether the sound of each example is blank, shape ``(utterances,)``.
    """

    cue_blocks: list[str]
    blank: np.ndarray

    @classmethod
    def draw(cls, options: Options, epoch: int, tokens: pd.DataFrame, template: PromptTemplate) -> "_Epoch":
        utterances = tuple(tokens["utterance"])
        sequences = tokens[list(CONCEPTS)].to_numpy(dtype=object)
        key = ("cue-tiny", str(options.seed), str(epoch))
        random = generator(*key)
        kinds = random.choice(3, size=len(utterances), p=options.mix)
        foreign = reassign(sequences, 0.0, KeyedRandom((*key, "shuffle"), utterances), NoOptions())
        sources = (None, sequences, foreign)
        blocks = [
            "" if kind == 0 else template.cue_block.serialise(dict(zip(CONCEPTS, sources[kind][row], strict=True)))
            for row, kind in enumerate(kinds)
        ]
        return cls(blocks, (kinds == 1) & (random.random(len(utterances)) < options.blank))


def _batch(
    rows: np.ndarray, prompts: Sequence[list[int]], examples: _Examples, audio_token: int, pad: int
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Right-padded model inputs of some rows, and their targets: the next token, with all but the answer ignored."""
    sequences, targets = [], []
    for row in rows:
        prompt = prompts[row]
        place = prompt.index(audio_token)
        ids = prompt[:place] + [audio_token] * examples.audio_tokens[row] + prompt[place + 1 :]
        sequences.append(torch.tensor(ids + examples.answers[row][:-1]))
        targets.append(torch.tensor([_IGNORE] * (len(ids) - 1) + examples.answers[row]))
    ids = nn.utils.rnn.pad_sequence(sequences, batch_first=True, padding_value=pad)
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    inputs = {
        "input_ids": ids,
        "attention_mask": (torch.arange(ids.shape[1])[None] < lengths[:, None]).long(),
        "input_features": examples.features[rows],
        "feature_attention_mask": examples.frame_mask[rows],
    }
    return inputs, nn.utils.rnn.pad_sequence(targets, batch_first=True, padding_value=_IGNORE)


def _mask_features(features: torch.Tensor, blank: np.ndarray, random: np.random.Generator) -> torch.Tensor:
    """Mask one band of mel bins and one period of time per utterance (Park et al., SpecAugment, 2019), or all of its sound."""
    features = features.clone()
    _, bins, frames = features.shape
    for sample, everything in zip(features, blank, strict=True):
        if everything:
            sample[:] = sample.mean()
            continue
        width, start = random.integers(0, bins // 5), random.integers(0, bins)
        sample[start : start + width] = sample.mean()
        width, start = random.integers(0, frames // 8), random.integers(0, frames)
        sample[:, start : start + width] = sample.mean()
    return features


def _fit(
    model: Qwen2AudioForConditionalGeneration,
    processor: Qwen2AudioProcessor,
    options: Options,
    manifest: pd.DataFrame,
    tokens: pd.DataFrame,
    template: PromptTemplate,
    labels: Sequence[Label],
) -> None:
    examples = _load(processor, model, manifest, labels)
    tokenizer, words = processor.tokenizer, [label.word for label in labels]
    optimiser = torch.optim.AdamW(
        [parameter for parameter in model.parameters() if parameter.requires_grad],
        lr=options.learning_rate,
        weight_decay=options.weight_decay,
    )
    batches = math.ceil(len(manifest) / options.batch_size)
    steps, warm_up = options.epochs * batches, batches
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * step / steps)),
    )
    model.train()
    with Progress(steps, "training", "step") as shown:
        for epoch in range(options.epochs):
            random = generator("cue-tiny", options.seed, epoch, "order")
            drawn = _Epoch.draw(options, epoch, tokens, template)
            prompts = tokenizer(_chats(processor, template, words, drawn.cue_blocks))["input_ids"]
            total = 0.0
            for rows in np.array_split(random.permutation(len(manifest)), batches):
                inputs, targets = _batch(rows, prompts, examples, processor.audio_token_id, tokenizer.pad_token_id)
                inputs["input_features"] = _mask_features(inputs["input_features"], drawn.blank[rows], random)
                hidden = model.model(**inputs).last_hidden_state
                answered = targets != _IGNORE
                loss = nn.functional.cross_entropy(model.lm_head(hidden[answered]), targets[answered])
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
                schedule.step()
                total += loss.item() * len(rows)
                shown.update()
            logger.info("training: epoch %d of %d, loss %.3f", epoch + 1, options.epochs, total / len(manifest))
    model.eval()


def _chats(processor: Qwen2AudioProcessor, template: PromptTemplate, words: Sequence[str], cue_blocks: Sequence[str]) -> list[str]:
    """Chat text of each cue block, with one audio placeholder, up to the start of the answer."""
    chats = [
        [
            {
                "role": "user",
                "content": [{"type": "audio", "audio_url": "utterance"}, {"type": "text", "text": template.render(words, block)}],
            }
        ]
        for block in cue_blocks
    ]
    return processor.apply_chat_template(chats, add_generation_prompt=True, tokenize=False)
