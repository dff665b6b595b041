"""Contrastive systems at full size with random weights: batches compared with one clip at a time.

    PYTHONPATH=src python benchmarks/contrastive.py --device cuda

Sounds are noise in memory with durations like IEMOCAP's, longest first as in a job. The rate is that of embedding sounds; captions
are embedded only once in a job and are not timed. For Pengi it is the rate of answers, which always have the full 32 tokens. Each
system processes the same sounds both ways, in turn, ``--rounds`` times.
"""

import argparse
import json
import platform
import statistics
import time

import numpy as np
import torch
from transformers import (
    BertConfig,
    BertModel,
    ClapAudioConfig,
    ClapConfig,
    ClapFeatureExtractor,
    ClapModel,
    CLIPTextConfig,
    CLIPTextModel,
    GPT2Config,
    GPT2LMHeadModel,
    GPT2Model,
    Wav2Vec2Config,
    Wav2Vec2Model,
)

from cuealign.models.backends import clap_laion, clap_msclap, paraclap, pengi
from cuealign.models.base import Request
from cuealign.models.cnn14 import Cnn14
from cuealign.models.contrastive import ContrastiveModel, unit
from cuealign.models.htsat import HTSAT, RATE
from cuealign.models.precision import disable_tf32
from cuealign.prompts.labels import Label


def build(name: str, device: str) -> ContrastiveModel:
    """A system of full size."""
    torch.manual_seed(0)
    if name == "clap-laion":
        model = ClapModel(ClapConfig(audio_config={"depths": [2, 2, 12, 2], "patch_embeds_hidden_size": 128, "hidden_size": 1024}))
        return clap_laion.LaionClap(model.to(device), None, ClapFeatureExtractor(), crop="centre", fingerprint="")
    if name == "clap-msclap":
        network = clap_msclap.Network(HTSAT(ClapAudioConfig(), 1024), GPT2Model(GPT2Config()), 1024)
        for buffer in (network.audio_encoder["base"].real, network.audio_encoder["base"].imaginary, network.audio_encoder["base"].mel):
            buffer.normal_().abs_()
        return clap_msclap.MicrosoftClap(network.to(device), None, crop="centre", fingerprint="")
    if name == "clap-msclap-2022":
        network = clap_msclap.Network(Cnn14({}), BertModel(BertConfig()), 1024)
        network.audio_encoder["base"].logmel_extractor["melW"].data.normal_().abs_()
        return clap_msclap.MicrosoftClap2022(network.to(device), None, crop="centre", fingerprint="")
    speech = Wav2Vec2Config(
        hidden_size=1024,
        num_hidden_layers=12,
        num_attention_heads=16,
        intermediate_size=4096,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
        conv_bias=True,
    )
    return paraclap.ParaClap(paraclap.Network(Wav2Vec2Model(speech), BertModel(BertConfig()), 768).to(device), None, fingerprint="")


class Letters:
    """Stand-in for the tokenizers, which come with the weights; the text of random weights is meaningless anyway."""

    def __call__(self, _text: str, **_options: object) -> dict:
        """Always the same tokens."""
        return {"input_ids": torch.arange(1, 6)[None]}

    def decode(self, ids: list[int], **_options: object) -> str:
        """The ids as text."""
        return str(ids)


class NeverStops(Letters):
    """Stand-in for a tokenizer without an end of text."""

    def __call__(self, _text: str, **_options: object) -> dict:
        """A token that is never generated."""
        return {"input_ids": [-1]}


def build_pengi(device: str) -> pengi.Pengi:
    """Pengi at full size, with mappers of eight layers."""
    torch.manual_seed(0)
    layers = {f"caption_decoder.{part}_project.transformer.layers.{number}.": 0 for part in ("audio", "text") for number in range(8)}
    text, decoder = CLIPTextModel(CLIPTextConfig(projection_dim=512)), GPT2LMHeadModel(GPT2Config())
    network = pengi.Network(HTSAT(ClapAudioConfig(), 1024), text, decoder, layers)
    for buffer in (network.audio_encoder["base"].real, network.audio_encoder["base"].imaginary, network.audio_encoder["base"].mel):
        buffer.normal_().abs_()
    for name in ("audio_project", "text_project"):
        network.caption_decoder[name].prefix_const.data.normal_()
    labels = [Label(word, word) for word in ("angry", "sad")]
    options = {"request": "", "beams": 1, "crop": "centre", "max_new_tokens": 32, "batch": 1, "fingerprint": ""}
    return pengi.Pengi(network.to(device), Letters(), NeverStops(), labels, **options)


def answer(model: pengi.Pengi, sounds: list[np.ndarray], batch: int) -> tuple[float, torch.Tensor]:
    """Seconds, and the generated tokens of all sounds."""
    model.batch = batch
    start = time.perf_counter()
    # The sounds already have the model's rate.
    requests = [Request(str(number), lambda sound=sound, **_rate: sound, ("a\nb",)) for number, sound in enumerate(sounds)]
    found = [json.loads(responses[0].reasoning) for responses in model.respond(requests)]
    return time.perf_counter() - start, torch.tensor(found)


@torch.inference_mode()
def embed(model: ContrastiveModel, sounds: list[np.ndarray], batch: int) -> tuple[float, torch.Tensor]:
    """Seconds, and embeddings of all sounds."""
    start, found = time.perf_counter(), []
    for first in range(0, len(sounds), batch):
        clips = [clip for sound in sounds[first : first + batch] for clip in model.clips(sound)[0]]
        found.append(unit(model.embed_clips(clips)).cpu())
    return time.perf_counter() - start, torch.cat(found)


def main(arguments: argparse.Namespace) -> None:
    """Run all systems and print a table."""
    torch.set_num_threads(arguments.threads)
    disable_tf32()  # as in a job
    random = np.random.default_rng(0)
    seconds = sorted(np.clip(random.lognormal(np.log(3.6), 0.65, arguments.utterances), 0.6, 29.5), reverse=True)
    device = torch.cuda.get_device_name() if arguments.device == "cuda" else f"{platform.machine()}, {arguments.threads} thread(s)"
    print(f"{device}, torch {torch.__version__}, {len(seconds)} sounds, {sum(seconds) / 60:.1f} min")
    for name in arguments.systems:
        model, rate, run = (
            (build_pengi(arguments.device), RATE, answer) if name == "pengi" else (build(name, arguments.device), None, embed)
        )
        sounds = [(0.1 * random.standard_normal(round(length * (rate or model.rate)))).astype(np.float32) for length in seconds]
        run(model, sounds[-arguments.batch :], arguments.batch)
        run(model, sounds[-2:], 1)
        rows = []
        for _ in range(arguments.rounds):
            together, a = run(model, sounds, arguments.batch)
            alone, b = run(model, sounds, 1)
            rows.append((together, alone))
        ratios = [alone / together for together, alone in rows]
        report = {
            "clips_per_second": len(sounds) / statistics.median(row[0] for row in rows),
            "one_at_a_time": len(sounds) / statistics.median(row[1] for row in rows),
            "ratio": statistics.median(ratios),
            "range": [min(ratios), max(ratios)],
            "largest_difference": float((a - b).abs().max()),  # of an embedding; for Pengi, 0 if the tokens are the same
        }
        print(name, json.dumps(report))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", nargs="+", default=["clap-laion", "clap-msclap", "clap-msclap-2022", "paraclap", "pengi"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--utterances", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
