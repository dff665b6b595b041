"""Contrastive systems at full size with random weights: batches against one clip at a time, in one run.

    PYTHONPATH=src python benchmarks/contrastive.py --device cuda

Sounds are noise of durations like IEMOCAP's, in memory, longest first as in a job. The rate is that of embedding: captions
are embedded once and take no part in it. Each system answers the same sounds both ways, in turn, ``--rounds`` times.
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
    GPT2Config,
    GPT2Model,
    Wav2Vec2Config,
    Wav2Vec2Model,
)

from cuealign.models.backends import clap_laion, clap_msclap, paraclap
from cuealign.models.contrastive import ContrastiveModel, unit
from cuealign.models.htsat import HTSAT


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
    random = np.random.default_rng(0)
    seconds = sorted(np.clip(random.lognormal(np.log(3.6), 0.65, arguments.utterances), 0.6, 29.5), reverse=True)
    device = torch.cuda.get_device_name() if arguments.device == "cuda" else f"{platform.machine()}, {arguments.threads} thread(s)"
    print(f"{device}, torch {torch.__version__}, {len(seconds)} sounds, {sum(seconds) / 60:.1f} min")
    for name in arguments.systems:
        model = build(name, arguments.device)
        sounds = [(0.1 * random.standard_normal(round(length * model.rate))).astype(np.float32) for length in seconds]
        embed(model, sounds[-arguments.batch :], arguments.batch)
        embed(model, sounds[-2:], 1)
        rows = []
        for _ in range(arguments.rounds):
            together, a = embed(model, sounds, arguments.batch)
            alone, b = embed(model, sounds, 1)
            rows.append((together, alone))
        ratios = [alone / together for together, alone in rows]
        report = {
            "clips_per_second": len(sounds) / statistics.median(row[0] for row in rows),
            "one_at_a_time": len(sounds) / statistics.median(row[1] for row in rows),
            "ratio": statistics.median(ratios),
            "range": [min(ratios), max(ratios)],
            "largest_difference": float((a - b).abs().max()),
        }
        print(name, json.dumps(report))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", nargs="+", default=["clap-laion", "clap-msclap", "paraclap"])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--utterances", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
