"""Tiny random checkpoints of ParaCLAP, Microsoft's CLAP 2022 and 2023, and Pengi with the published names of tensors.

:mod:`tests.support.published_oracle` computes their embeddings.
"""

import math
from pathlib import Path

import torch
from tokenizers import Tokenizer as Inner
from tokenizers import decoders, models, pre_tokenizers, processors, trainers
from torch import Tensor
from transformers import (
    BertConfig,
    BertModel,
    ClapAudioConfig,
    CLIPTextConfig,
    CLIPTextModel,
    GPT2Config,
    GPT2Model,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Wav2Vec2Config,
    Wav2Vec2Model,
)

Tensors = dict[str, Tensor]

JOINT = 10
"""Width of the space that sound and text share."""
WIDTH, LAYERS, HEADS = 16, 2, 2
POSITIONS, CLIP_POSITIONS = 256, 77
CLIP_FEATURE = 12
FFT, HOP, MELS = 64, 320, 64
DEPTHS, STAGE_HEADS, PATCH_WIDTH, PATCH, WINDOW, SIDE = (2, 2), (2, 2), 8, 4, 8, 256
CLASSES = 5
BLOCKS = (4, 6, 4, 8, 6, 8)
MAPPER_HEADS, MAPPER_LAYERS, PREFIX = 8, 2, 4
"""The number of heads is the published one; all other sizes are smaller."""

SENTENCES = [
    f"{start} {word}."
    for start in ("this person is feeling", "this emotion is", "the speaker sounds", "a recording of speech that is")
    for word in ("angry", "happy", "neutral", "sad", "loud and fast", "quiet and slow", "high in pitch", "low in pitch")
]

HTSAT = "audio_encoder.base.htsat."
START, END = "<|startoftext|>", "<|endoftext|>"


def vocabulary(first: list[str], last: list[str]) -> Inner:
    """Byte-level BPE with special tokens before and after all others."""
    inner = Inner(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=first, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    inner.train_from_iterator(SENTENCES, trainer)
    inner.add_special_tokens(last)
    return inner


def enclose(inner: Inner, start: str, end: str) -> Inner:
    """Make the tokenizer add a start and an end to every text."""
    inner.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", special_tokens=[(token, inner.token_to_id(token)) for token in (start, end)]
    )
    return inner


def bert_tokenizer() -> PreTrainedTokenizerFast:
    """Adds [CLS] and [SEP] to every text."""
    inner = enclose(vocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]"], []), "[CLS]", "[SEP]")
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")


def gpt_tokenizer() -> PreTrainedTokenizerFast:
    """As published: no padding token, and nothing added to a text."""
    return PreTrainedTokenizerFast(tokenizer_object=vocabulary([], [END]), bos_token=END, eos_token=END, unk_token=END)


def clip_tokenizer() -> PreTrainedTokenizerFast:
    """The end of text has the largest id, as early CLIP finds it by that."""
    inner = enclose(vocabulary([], [START, END]), START, END)
    return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token=START, eos_token=END, unk_token=END, pad_token=END)


def speech_config() -> Wav2Vec2Config:
    """Like the large robust model: layer norms in the convolutions and before each block."""
    return Wav2Vec2Config(
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        conv_dim=(8, 8, 8),
        conv_kernel=(10, 3, 2),
        conv_stride=(5, 2, 2),
        conv_bias=True,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
    )


def bert_config(words: int) -> BertConfig:
    """Text encoder of ParaCLAP and of CLAP 2022."""
    return BertConfig(
        vocab_size=words,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=POSITIONS,
        pad_token_id=0,
    )


def gpt_config(words: int) -> GPT2Config:
    """Text encoder of CLAP 2023, and decoder of Pengi."""
    return GPT2Config(
        vocab_size=words,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        n_positions=POSITIONS,
        bos_token_id=words - 1,
        eos_token_id=words - 1,
    )


def clip_config(words: int) -> CLIPTextConfig:
    """Text encoder of Pengi, with CLIP's activation."""
    return CLIPTextConfig(
        vocab_size=words,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        projection_dim=CLIP_FEATURE,
        max_position_embeddings=CLIP_POSITIONS,
        hidden_act="quick_gelu",
        bos_token_id=words - 2,
        eos_token_id=words - 1,
        pad_token_id=words - 1,
    )


def audio_config() -> ClapAudioConfig:
    """HTSAT with few channels. Its images have the published size, which the shifted windows need."""
    return ClapAudioConfig(
        patch_embeds_hidden_size=PATCH_WIDTH,
        depths=list(DEPTHS),
        num_attention_heads=list(STAGE_HEADS),
        num_hidden_layers=len(DEPTHS),
        hidden_size=WIDTH,
        window_size=WINDOW,
        spec_size=SIDE,
        num_mel_bins=MELS,
        patch_size=PATCH,
        patch_stride=[PATCH, PATCH],
        mlp_ratio=4.0,
        num_classes=CLASSES,
    )


class Draw:
    """Draws random weights, which depend on the order of calls: norms near one, no bias zero."""

    def __init__(self, seed: int):
        self.random = torch.Generator().manual_seed(seed)

    def normal(self, *shape: int, scale: float = 0.3) -> Tensor:
        """Normal around zero."""
        return scale * torch.randn(shape, generator=self.random)

    def uniform(self, *shape: int, low: float, high: float) -> Tensor:
        """Uniform between two bounds."""
        return low + (high - low) * torch.rand(shape, generator=self.random)

    def linear(self, name: str, inside: int, outside: int, bias: bool = True) -> Tensors:
        """A linear layer's weights."""
        weights = {f"{name}.weight": self.normal(outside, inside)}
        return weights | ({f"{name}.bias": self.normal(outside, scale=0.2)} if bias else {})

    def norm(self, name: str, width: int) -> Tensors:
        """A norm's scale and shift."""
        return {f"{name}.weight": 1 + self.normal(width, scale=0.2), f"{name}.bias": self.normal(width, scale=0.2)}

    def projection(self, name: str, inside: int) -> Tensors:
        """The weights of a projection to the common space."""
        return (
            self.linear(f"{name}.linear1", inside, JOINT, bias=False)
            | self.linear(f"{name}.linear2", JOINT, JOINT, bias=False)
            | self.norm(f"{name}.layer_norm", JOINT)
        )

    def module(self, model: PreTrainedModel) -> Tensors:
        """Weights for all of a model's parameters, under its own names."""
        weights = {}
        for key, old in model.state_dict().items():
            if key.endswith("bias"):
                weights[key] = self.normal(*old.shape, scale=0.2)
            elif old.ndim == 1:
                # Of the weights only those of norms, and the embedding of masked frames, have one dimension.
                weights[key] = 1 + self.normal(*old.shape, scale=0.2)
            else:
                weights[key] = self.normal(*old.shape)
        return weights


def prefixed(prefix: str, tensors: Tensors) -> Tensors:
    """The tensors with a prefix before each key."""
    return {prefix + key: value for key, value in tensors.items()}


def below(tensors: Tensors, prefix: str) -> Tensors:
    """The tensors with a prefix, which is removed from the key."""
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def parts(tensors: Tensors, prefix: str) -> int:
    """Number of numbered parts below a prefix."""
    return 1 + max(int(key.split(".")[0]) for key in below(tensors, prefix))


def causal_buffers(prefix: str) -> Tensors:
    """Buffers that older versions of GPT-2 stored in checkpoints."""
    buffers = {}
    for layer in range(LAYERS):
        buffers[f"{prefix}h.{layer}.attn.bias"] = torch.ones(POSITIONS, POSITIONS, dtype=torch.bool).tril()[None, None]
        buffers[f"{prefix}h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    return buffers


def transform_kernels() -> Tensors:
    """The windowed discrete Fourier transform as two convolutions."""
    time = torch.arange(FFT, dtype=torch.float64)
    window = torch.hann_window(FFT, periodic=True, dtype=torch.float64)
    phase = 2 * math.pi / FFT * torch.arange(FFT // 2 + 1, dtype=torch.float64)[:, None] * time
    kernels = {"conv_real": window * phase.cos(), "conv_imag": -window * phase.sin()}
    return {f"spectrogram_extractor.stft.{name}.weight": kernel.float()[:, None] for name, kernel in kernels.items()}


def relative_positions(window: int) -> Tensor:
    """The row of the bias table for each pair of places in a window, ordered by rows, then columns, from the most negative."""
    row, column = torch.arange(window**2) // window, torch.arange(window**2) % window
    down, right = row[:, None] - row[None], column[:, None] - column[None]
    return (down + window - 1) * (2 * window - 1) + right + window - 1


def windows(x: Tensor, window: int) -> Tensor:
    """Cut (side, side, width) into (windows, places, width), both row by row."""
    along = x.shape[0] // window
    return x.reshape(along, window, along, window, -1).transpose(1, 2).reshape(along**2, window**2, -1)


def shifted_mask(side: int, window: int, shift: int) -> Tensor:
    """-100 between places of a window that were not adjacent before the image was rolled, (windows, places, places)."""
    place = torch.arange(side)
    # Rows that the roll moved to the end are separate from the rest of the last window.
    band = (place >= side - window).long() + (place >= side - shift).long()
    region = windows((3 * band[:, None] + band[None])[..., None], window)[..., 0]
    return torch.where(region[:, :, None] == region[:, None, :], 0.0, -100.0)


def htsat_weights(draw: Draw) -> Tensors:
    """The weights of an HTSAT under their published names, without the prefix."""
    weights = transform_kernels()
    # A high power separates the bands; even weights would make all of them alike.
    weights["logmel_extractor.melW"] = draw.uniform(FFT // 2 + 1, MELS, low=0, high=1) ** 8
    weights |= draw.norm("bn0", MELS)
    weights["bn0.running_mean"] = draw.uniform(MELS, low=-15, high=0)
    weights["bn0.running_var"] = draw.uniform(MELS, low=20, high=120)
    weights["bn0.num_batches_tracked"] = torch.tensor(7)
    weights["patch_embed.proj.weight"] = draw.normal(PATCH_WIDTH, 1, PATCH, PATCH)
    weights["patch_embed.proj.bias"] = draw.normal(PATCH_WIDTH, scale=0.2)
    weights |= draw.norm("patch_embed.norm", PATCH_WIDTH)
    width, side = PATCH_WIDTH, SIDE // PATCH
    for stage, (depth, heads) in enumerate(zip(DEPTHS, STAGE_HEADS, strict=True)):
        for block in range(depth):
            name = f"layers.{stage}.blocks.{block}"
            weights |= draw.norm(f"{name}.norm1", width)
            weights[f"{name}.attn.relative_position_bias_table"] = draw.normal((2 * WINDOW - 1) ** 2, heads, scale=1)
            weights[f"{name}.attn.relative_position_index"] = relative_positions(WINDOW)
            weights |= draw.linear(f"{name}.attn.qkv", width, 3 * width)
            weights |= draw.linear(f"{name}.attn.proj", width, width)
            weights |= draw.norm(f"{name}.norm2", width)
            weights |= draw.linear(f"{name}.mlp.fc1", width, 4 * width)
            weights |= draw.linear(f"{name}.mlp.fc2", 4 * width, width)
            if block % 2 and side > WINDOW:
                weights[f"{name}.attn_mask"] = shifted_mask(side, WINDOW, WINDOW // 2)
        if stage < len(DEPTHS) - 1:
            weights |= draw.linear(f"layers.{stage}.downsample.reduction", 4 * width, 2 * width, bias=False)
            weights |= draw.norm(f"layers.{stage}.downsample.norm", 4 * width)
            width, side = 2 * width, side // 2
    weights |= draw.norm("norm", width)
    # The classifier is published with the encoder, but unused.
    weights["tscam_conv.weight"] = draw.normal(CLASSES, width, 2, 3)
    weights["tscam_conv.bias"] = draw.normal(CLASSES)
    return weights | draw.linear("head", CLASSES, CLASSES)


def cnn14_weights(draw: Draw) -> Tensors:
    """The weights of a CNN14 under their published names, without the prefix."""
    weights = transform_kernels()
    weights["logmel_extractor.melW"] = draw.uniform(FFT // 2 + 1, MELS, low=0, high=1) ** 8
    norms = {"bn0": (MELS, -15, 0, 20, 120)}
    for number, (inside, outside) in enumerate(zip((1, *BLOCKS), BLOCKS, strict=False), start=1):
        name = f"conv_block{number}"
        weights[f"{name}.conv1.weight"] = draw.normal(outside, inside, 3, 3)
        weights[f"{name}.conv2.weight"] = draw.normal(outside, outside, 3, 3)
        norms |= {f"{name}.bn1": (outside, -1, 1, 0.5, 2), f"{name}.bn2": (outside, -1, 1, 0.5, 2)}
    for name, (width, low, high, least, most) in norms.items():
        weights |= draw.norm(name, width)
        weights[f"{name}.running_mean"] = draw.uniform(width, low=low, high=high)
        weights[f"{name}.running_var"] = draw.uniform(width, low=least, high=most)
        weights[f"{name}.num_batches_tracked"] = torch.tensor(7)
    weights |= draw.linear("fc1", BLOCKS[-1], WIDTH)
    return weights | draw.linear("fc_audioset", WIDTH, CLASSES)  # a classifier, unused


def mapper_weights(draw: Draw) -> Tensors:
    """The weights of a mapper from the common space to a prefix."""
    weights = draw.linear("linear", JOINT, PREFIX * WIDTH)
    weights["prefix_const"] = draw.normal(PREFIX, WIDTH, scale=1)
    for layer in range(MAPPER_LAYERS):
        name = f"transformer.layers.{layer}"
        weights |= draw.norm(f"{name}.norm1", WIDTH)
        weights |= draw.linear(f"{name}.attn.to_queries", WIDTH, WIDTH, bias=False)
        weights |= draw.linear(f"{name}.attn.to_keys_values", WIDTH, 2 * WIDTH, bias=False)
        weights |= draw.linear(f"{name}.attn.project", WIDTH, WIDTH)
        weights |= draw.norm(f"{name}.norm2", WIDTH)
        weights |= draw.linear(f"{name}.mlp.fc1", WIDTH, 2 * WIDTH)
        weights |= draw.linear(f"{name}.mlp.fc2", 2 * WIDTH, WIDTH)
    return weights


def save_text(folder: Path, config: PreTrainedConfig, tokenizer: PreTrainedTokenizerFast) -> None:
    """Write a configuration and a tokenizer to one folder."""
    config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def paraclap(folder: Path) -> Tensors:
    """Write a ParaCLAP checkpoint; return its tensors under their published names."""
    draw, tokenizer = Draw(1), bert_tokenizer()
    speech, text = speech_config(), bert_config(len(tokenizer))
    audio = draw.module(Wav2Vec2Model(speech))
    convolution = "encoder.pos_conv_embed.conv."
    # One length for each place of the kernel, all positive, as in trained weights.
    del audio[convolution + "parametrizations.weight.original0"]
    audio[convolution + "weight_g"] = draw.uniform(1, 1, speech.num_conv_pos_embeddings, low=0.5, high=1.5)
    audio[convolution + "weight_v"] = audio.pop(convolution + "parametrizations.weight.original1")
    tensors = prefixed("audio_branch.base.", audio) | prefixed("text_branch.base.", draw.module(BertModel(text)))
    tensors["text_branch.base.embeddings.position_ids"] = torch.arange(POSITIONS)[None]
    tensors |= draw.projection("audio_projection", WIDTH) | draw.projection("text_projection", WIDTH)
    tensors["logit_scale"] = torch.tensor(math.log(1 / 0.07))

    speech.save_pretrained(folder / "speech")
    save_text(folder / "text", text, tokenizer)
    torch.save(tensors, folder / "best.pth.tar")
    return tensors


def msclap(folder: Path) -> Tensors:
    """Write a checkpoint of Microsoft's CLAP 2023; return its tensors under their published names."""
    draw, tokenizer = Draw(2), gpt_tokenizer()
    text = gpt_config(len(tokenizer))
    tensors = prefixed(HTSAT, htsat_weights(draw)) | draw.projection("audio_encoder.projection", WIDTH)
    tensors |= prefixed("caption_encoder.base.", draw.module(GPT2Model(text))) | causal_buffers("caption_encoder.base.")
    tensors |= draw.projection("caption_encoder.projection", WIDTH)
    tensors["logit_scale"] = torch.tensor(math.log(1 / 0.07))

    audio_config().save_pretrained(folder / "audio")
    save_text(folder / "text", text, tokenizer)
    torch.save({"model": tensors}, folder / "CLAP_weights_2023.pth")
    return tensors


def msclap_2022(folder: Path) -> Tensors:
    """Write a checkpoint of Microsoft's CLAP 2022; return its tensors under their published names."""
    draw, tokenizer = Draw(4), bert_tokenizer()
    text = bert_config(len(tokenizer))
    tensors = prefixed("audio_encoder.base.", cnn14_weights(draw)) | draw.projection("audio_encoder.projection", WIDTH)
    tensors |= prefixed("caption_encoder.base.", draw.module(BertModel(text)))
    tensors["caption_encoder.base.embeddings.position_ids"] = torch.arange(POSITIONS)[None]
    tensors |= draw.projection("caption_encoder.projection", WIDTH)
    tensors["logit_scale"] = torch.tensor(math.log(1 / 0.07))

    save_text(folder / "text", text, tokenizer)
    torch.save({"model": tensors}, folder / "CLAP_weights_2022.pth")
    return tensors


def pengi(folder: Path) -> Tensors:
    """Write a Pengi checkpoint; return its tensors under their published names, without the ``module.`` in the file."""
    draw, text_tokenizer, answer_tokenizer = Draw(3), clip_tokenizer(), gpt_tokenizer()
    text, answer = clip_config(len(text_tokenizer)), gpt_config(len(answer_tokenizer))
    tensors = prefixed(HTSAT, htsat_weights(draw)) | draw.projection("audio_encoder.projection", WIDTH)
    tensors |= prefixed("caption_encoder.base.", draw.module(CLIPTextModel(text)))
    tensors["caption_encoder.base.embeddings.position_ids"] = torch.arange(CLIP_POSITIONS)[None]
    tensors |= draw.linear("caption_encoder.clip_text_projection", WIDTH, CLIP_FEATURE, bias=False)
    tensors |= draw.projection("caption_encoder.projection", CLIP_FEATURE)
    tensors |= prefixed("caption_decoder.gpt.transformer.", draw.module(GPT2Model(answer)))
    tensors |= causal_buffers("caption_decoder.gpt.transformer.")
    tensors["caption_decoder.gpt.lm_head.weight"] = tensors["caption_decoder.gpt.transformer.wte.weight"].clone()
    tensors |= prefixed("caption_decoder.audio_project.", mapper_weights(draw))
    tensors |= prefixed("caption_decoder.text_project.", mapper_weights(draw))

    audio_config().save_pretrained(folder / "audio")
    save_text(folder / "text", text, text_tokenizer)
    save_text(folder / "decoder", answer, answer_tokenizer)
    torch.save({"model": prefixed("module.", tensors)}, folder / "base.pth")
    return tensors
