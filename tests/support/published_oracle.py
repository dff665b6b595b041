"""Embeddings of the checkpoints of :mod:`tests.support.published`, computed directly from the published tensors.

HTSAT, CNN14, the spectrogram, the projections and Pengi's mappers are written out here; wav2vec 2.0, BERT, GPT-2 and CLIP's text model are
the classes of transformers.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import BertModel, CLIPTextModel, GPT2LMHeadModel, GPT2Model, PreTrainedModel, Wav2Vec2Model

from tests.support.published import (
    HOP,
    HTSAT,
    MAPPER_HEADS,
    PATCH,
    SIDE,
    WINDOW,
    Tensors,
    below,
    bert_config,
    clip_config,
    gpt_config,
    parts,
    relative_positions,
    shifted_mask,
    speech_config,
    windows,
)


def linear(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    """A linear layer, with a bias if one is published."""
    product = x @ tensors[f"{name}.weight"].T
    return product + tensors[f"{name}.bias"] if f"{name}.bias" in tensors else product


def norm(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    """Layer norm over the last dimension."""
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt() * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]


def gelu(x: Tensor) -> Tensor:
    """The exact one, of the error function."""
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def project(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    """Two layers with a residual connection around the second."""
    first = linear(tensors, f"{name}.linear1", x)
    return norm(tensors, f"{name}.layer_norm", first + linear(tensors, f"{name}.linear2", gelu(first)))


def unit(x: Tensor) -> Tensor:
    """A vector divided by its length."""
    return x / x.square().sum().sqrt()


def attend(queries: Tensor, keys: Tensor, values: Tensor, heads: int, bias: Tensor | float = 0.0) -> Tensor:
    """Attention of (..., places, width) over all places, with heads concatenated in the width; the bias is added to the scores."""
    queries, keys, values = (x.unflatten(-1, (heads, -1)).transpose(-2, -3) for x in (queries, keys, values))
    scores = queries @ keys.transpose(-1, -2) * queries.shape[-1] ** -0.5 + bias
    return (scores.softmax(-1) @ values).transpose(-2, -3).flatten(-2)


def joined(x: Tensor, side: int) -> Tensor:
    """Undo :func:`windows`."""
    window = math.isqrt(x.shape[1])
    along = side // window
    return x.reshape(along, along, window, window, -1).transpose(1, 2).reshape(side, side, -1)


def log_mel(tensors: Tensors, samples: np.ndarray) -> Tensor:
    """Decibels in mel bands, (frames, bands)."""
    real, imaginary = (tensors[f"spectrogram_extractor.stft.conv_{part}.weight"] for part in ("real", "imag"))
    half = real.shape[-1] // 2
    wave = functional.pad(torch.from_numpy(np.asarray(samples, np.float32))[None, None], (half, half), mode="reflect")
    power = sum(functional.conv1d(wave, kernel, stride=HOP).square() for kernel in (real, imaginary))
    return 10 * torch.log10((power[0].T @ tensors["logmel_extractor.melW"]).clamp(min=1e-10))


def swin_block(tensors: Tensors, name: str, x: Tensor, shift: int) -> Tensor:
    """Attention within windows of (side, side, width), of the image rolled by ``shift``, then a perceptron at each place."""
    side = x.shape[0]
    table = tensors[f"{name}.attn.relative_position_bias_table"]
    window, heads = (math.isqrt(len(table)) + 1) // 2, table.shape[1]
    bias = table[relative_positions(window)].permute(2, 0, 1)[None]
    if shift:
        bias = bias + shifted_mask(side, window, shift)[:, None]
    rolled = norm(tensors, f"{name}.norm1", x).roll((-shift, -shift), (0, 1))
    queries, keys, values = linear(tensors, f"{name}.attn.qkv", windows(rolled, window)).chunk(3, -1)
    attended = linear(tensors, f"{name}.attn.proj", attend(queries, keys, values, heads, bias))
    x = x + joined(attended, side).roll((shift, shift), (0, 1))
    return x + linear(tensors, f"{name}.mlp.fc2", gelu(linear(tensors, f"{name}.mlp.fc1", norm(tensors, f"{name}.norm2", x))))


def latent(tensors: Tensors, samples: np.ndarray) -> Tensor:
    """HTSAT's vector of a sound; the tensors are those below its prefix."""
    mel = log_mel(tensors, samples)
    mel = (mel - tensors["bn0.running_mean"]) / (tensors["bn0.running_var"] + 1e-5).sqrt()
    mel = mel * tensors["bn0.weight"] + tensors["bn0.bias"]
    bands = mel.shape[1]
    chunks = SIDE // bands
    mel = functional.interpolate(mel[None, None], (chunks * SIDE, bands), mode="bicubic", align_corners=True)[0, 0]
    image = torch.cat([chunk.T for chunk in mel.split(SIDE)])
    x = functional.conv2d(image[None, None], tensors["patch_embed.proj.weight"], tensors["patch_embed.proj.bias"], stride=PATCH)
    x = norm(tensors, "patch_embed.norm", x[0].permute(1, 2, 0))
    for stage in range(parts(tensors, "layers.")):
        for block in range(parts(tensors, f"layers.{stage}.blocks.")):
            shift = WINDOW // 2 if block % 2 and x.shape[0] > WINDOW else 0
            x = swin_block(tensors, f"layers.{stage}.blocks.{block}", x, shift)
        merge = f"layers.{stage}.downsample"
        if f"{merge}.reduction.weight" in tensors:
            x = torch.cat([x[0::2, 0::2], x[1::2, 0::2], x[0::2, 1::2], x[1::2, 1::2]], -1)
            x = linear(tensors, f"{merge}.reduction", norm(tensors, f"{merge}.norm", x))
    return norm(tensors, "norm", x).mean((0, 1))


def batch_norm(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    """Batch norm of (channels, …), with the statistics of training."""
    mean, variance, scale, shift = (tensors[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    shape = (-1, *[1] * (x.ndim - 1))
    return (x - mean.view(shape)) / (variance.view(shape) + 1e-5).sqrt() * scale.view(shape) + shift.view(shape)


def halved(x: Tensor) -> Tensor:
    """Means of two by two places of (channels, frames, bands); a last odd one is left out."""
    frames, bands = x.shape[1] // 2, x.shape[2] // 2
    return x[:, : 2 * frames, : 2 * bands].reshape(-1, frames, 2, bands, 2).mean((2, 4))


def cnn14_vector(tensors: Tensors, samples: np.ndarray) -> Tensor:
    """CNN14's vector of a sound; the tensors are those below its prefix."""
    x = batch_norm(tensors, "bn0", log_mel(tensors, samples).T).T[None]
    for number in range(1, 7):
        for part in (1, 2):
            name = f"conv_block{number}"
            x = functional.conv2d(x[None], tensors[f"{name}.conv{part}.weight"], padding=1)[0]
            x = batch_norm(tensors, f"{name}.bn{part}", x).clamp(min=0)
        x = halved(x) if number < 6 else x
    over_bands = x.mean(2)
    return linear(tensors, "fc1", over_bands.max(1).values + over_bands.mean(1)).clamp(min=0)


def mapped(tensors: Tensors, x: Tensor) -> Tensor:
    """Pengi's mapper from the common space to input embeddings of GPT-2; the tensors are those below its prefix."""
    learnt = tensors["prefix_const"]
    x = torch.cat([linear(tensors, "linear", x).reshape(-1, learnt.shape[1]), learnt])
    for layer in range(parts(tensors, "transformer.layers.")):
        name = f"transformer.layers.{layer}"
        y = norm(tensors, f"{name}.norm1", x)
        keys, values = linear(tensors, f"{name}.attn.to_keys_values", y).chunk(2, -1)
        attended = attend(linear(tensors, f"{name}.attn.to_queries", y), keys, values, MAPPER_HEADS)
        x = x + linear(tensors, f"{name}.attn.project", attended)
        inner = linear(tensors, f"{name}.mlp.fc1", norm(tensors, f"{name}.norm2", x)).clamp(min=0)
        x = x + linear(tensors, f"{name}.mlp.fc2", inner)
    return x[-len(learnt) :]


def loaded(model: PreTrainedModel, tensors: Tensors) -> PreTrainedModel:
    """A model of transformers with exactly these weights."""
    model.load_state_dict(tensors)
    return model.eval()


def gpt_tensors(tensors: Tensors, prefix: str) -> Tensors:
    """GPT-2's weights without its old buffers; the dot excludes ``c_attn.bias``."""
    return {key: value for key, value in below(tensors, prefix).items() if not key.endswith((".attn.bias", ".attn.masked_bias"))}


@torch.no_grad()
def paraclap_audio(tensors: Tensors, samples: np.ndarray) -> Tensor:
    """ParaCLAP's embedding of a sound at 16 kHz, of unit length."""
    weights = below(tensors, "audio_branch.base.")
    convolution = "encoder.pos_conv_embed.conv."
    for new, old in (("original0", "weight_g"), ("original1", "weight_v")):
        weights[f"{convolution}parametrizations.weight.{new}"] = weights.pop(convolution + old)
    model = loaded(Wav2Vec2Model(speech_config()), weights)
    frames = model(torch.from_numpy(np.asarray(samples, np.float32))[None]).last_hidden_state[0]
    return unit(project(tensors, "audio_projection", frames.mean(0)))


@torch.no_grad()
def paraclap_text(tensors: Tensors, ids: list[int]) -> Tensor:
    """ParaCLAP's embedding of a text with its start and end tokens, of unit length."""
    weights = below(tensors, "text_branch.base.")
    del weights["embeddings.position_ids"]
    model = loaded(BertModel(bert_config(len(weights["embeddings.word_embeddings.weight"]))), weights)
    return unit(project(tensors, "text_projection", model(torch.tensor([ids])).last_hidden_state[0, 0]))


@torch.no_grad()
def msclap_audio(tensors: Tensors, samples: np.ndarray) -> Tensor:
    """CLAP 2023's embedding of seven seconds at 44.1 kHz, of unit length."""
    return unit(project(tensors, "audio_encoder.projection", latent(below(tensors, HTSAT), samples)))


@torch.no_grad()
def msclap_text(tensors: Tensors, ids: list[int]) -> Tensor:
    """CLAP 2023's embedding of a text with its end token, of unit length."""
    weights = gpt_tensors(tensors, "caption_encoder.base.")
    model = loaded(GPT2Model(gpt_config(len(weights["wte.weight"]))), weights)
    return unit(project(tensors, "caption_encoder.projection", model(torch.tensor([ids])).last_hidden_state[0, -1]))


@torch.no_grad()
def msclap_2022_audio(tensors: Tensors, samples: np.ndarray) -> Tensor:
    """CLAP 2022's embedding of five seconds at 44.1 kHz, of unit length."""
    return unit(project(tensors, "audio_encoder.projection", cnn14_vector(below(tensors, "audio_encoder.base."), samples)))


@torch.no_grad()
def msclap_2022_text(tensors: Tensors, ids: list[int]) -> Tensor:
    """CLAP 2022's embedding of a text with its start and end tokens, padded to 100 tokens, of unit length."""
    weights = below(tensors, "caption_encoder.base.")
    del weights["embeddings.position_ids"]
    model = loaded(BertModel(bert_config(len(weights["embeddings.word_embeddings.weight"]))), weights)
    padding = max(0, 100 - len(ids))
    mask = torch.tensor([[1] * len(ids) + [0] * padding])
    states = model(torch.tensor([ids + [0] * padding]), attention_mask=mask).last_hidden_state
    return unit(project(tensors, "caption_encoder.projection", states[0, 0]))


def clip_feature(tensors: Tensors, ids: list[int]) -> Tensor:
    """CLIP's feature of a text: the state at the first end token, projected."""
    weights = below(tensors, "caption_encoder.base.")
    del weights["embeddings.position_ids"]
    words = len(weights["embeddings.token_embedding.weight"])
    states = loaded(CLIPTextModel(clip_config(words)), weights)(torch.tensor([ids])).last_hidden_state[0]
    return linear(tensors, "caption_encoder.clip_text_projection", states[ids.index(words - 1)])


@torch.no_grad()
def pengi_label(tensors: Tensors, ids: list[int]) -> Tensor:
    """CLIP's feature of a text with its start and end tokens, of unit length."""
    return unit(clip_feature(tensors, ids))


@torch.no_grad()
def pengi_audio_prefix(tensors: Tensors, samples: np.ndarray) -> Tensor:
    """Input embeddings of GPT-2 for seven seconds at 44.1 kHz, (prefix, width)."""
    embedded = unit(project(tensors, "audio_encoder.projection", latent(below(tensors, HTSAT), samples)))
    return mapped(below(tensors, "caption_decoder.audio_project."), embedded)


@torch.no_grad()
def pengi_text_prefix(tensors: Tensors, ids: list[int]) -> Tensor:
    """Input embeddings of GPT-2 for a prompt with its start and end tokens, (prefix, width)."""
    embedded = unit(project(tensors, "caption_encoder.projection", clip_feature(tensors, ids)))
    return mapped(below(tensors, "caption_decoder.text_project."), embedded)


@torch.no_grad()
def pengi_greedy(tensors: Tensors, prefix: Tensor, count: int) -> list[int]:
    """The most probable tokens after a prefix of input embeddings, one by one; end tokens do not stop it."""
    words = tensors["caption_decoder.gpt.transformer.wte.weight"]
    model = loaded(GPT2LMHeadModel(gpt_config(len(words))), gpt_tensors(tensors, "caption_decoder.gpt."))
    answer: list[int] = []
    for _ in range(count):
        logits = model(inputs_embeds=torch.cat([prefix, words[answer]])[None], use_cache=False).logits
        answer.append(int(logits[0, -1].argmax()))
    return answer
