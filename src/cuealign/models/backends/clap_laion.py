"""CLAP by LAION (Wu et al., 2023) through transformers' own classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pydantic import Field
from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel

from cuealign.config.entries.model import Model
from cuealign.core.registry import PluginOptions
from cuealign.models.contrastive import ContrastiveModel, ContrastiveResponder, batch_size, repeated_whole, windows
from cuealign.models.failures import checkpoint_loader
from cuealign.models.loading import load_weights, origin
from cuealign.models.options import CROP, Crop
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import Template

KIND = "contrastive"


class Options(PluginOptions):
    """Options of this backend."""

    crop: Crop = Field(default="centre", description=CROP)


_FLOOR = 1e-10  # lowest power of a band
_FUSED = 4  # copies of a short clip's spectrogram, for a model that is made for long ones too


def log_mel(samples: torch.Tensor, extractor: ClapFeatureExtractor, *, fused: bool) -> torch.Tensor:
    """Decibels in mel bands, as the extractor computes them, but of many clips at a time and on their device.

    The extractor takes one core of the processor and thirty milliseconds a clip. As there, sums are in float64, and the spectrum in
    between is rounded to float32.

    Args:
        samples: clips of the extractor's maximal length, shape ``(clips, samples)``.
        extractor: of the checkpoint, with its filters.
        fused: whether the model is one for long sounds, which has other filters.

    Returns:
        float32, shape ``(clips, frames, bands)``.
    """
    window = torch.hann_window(extractor.fft_window_size, dtype=torch.float64, device=samples.device)
    spectrum = torch.stft(
        samples.double(), extractor.fft_window_size, extractor.hop_length, window=window, pad_mode="reflect", return_complex=True
    )
    rounded = spectrum.to(torch.complex64)
    power = rounded.real.double().square() + rounded.imag.double().square()
    filters = torch.from_numpy(extractor.mel_filters if fused else extractor.mel_filters_slaney).to(power)
    return (10 * (filters.T @ power).clamp(min=_FLOOR).log10()).float().transpose(1, 2)


class LaionClap(ContrastiveModel):
    """A checkpoint of transformers' CLAP.

    Args:
        model: on its device.
        tokenizer, extractor: of the checkpoint.
        crop: part of a long sound to use.
        fingerprint: of the weights.
    """

    def __init__(self, model: ClapModel, tokenizer: Any, extractor: ClapFeatureExtractor, *, crop: str, fingerprint: str) -> None:
        self.model, self.tokenizer, self.extractor, self.crop = model.eval().requires_grad_(False), tokenizer, extractor, crop
        self.rate, self._fingerprint = extractor.sampling_rate, fingerprint

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def scale(self) -> float:
        return float(self.model.logit_scale_a.exp())

    def clips(self, samples: np.ndarray) -> tuple[list[np.ndarray], bool]:
        return windows(samples, self.extractor.nb_max_samples, self.crop, repeated_whole)

    def embed_clips(self, clips: Sequence[np.ndarray]) -> torch.Tensor:
        device, fused = self.model.device, self.model.config.audio_config.enable_fusion
        # Clips have the extractor's maximal length, so it would crop none, and mark none as longer.
        samples = torch.from_numpy(np.stack(clips)).to("cpu" if device.type == "mps" else device)  # "mps" has no float64
        features = log_mel(samples, self.extractor, fused=fused).to(device, self.model.dtype)
        features = features[:, None].expand(-1, _FUSED if fused else 1, -1, -1)
        longer = torch.zeros(len(features), 1, dtype=torch.bool, device=device)
        return self.model.get_audio_features(features, is_longer=longer).pooler_output

    def embed_captions(self, captions: Sequence[str]) -> torch.Tensor:
        batch = self.tokenizer(list(captions), padding=True, return_tensors="pt").to(self.model.device)
        return self.model.get_text_features(**batch).pooler_output


@checkpoint_loader
def load(entry: Model, name: str, labels: Sequence[Label], _template: Template) -> ContrastiveResponder:
    """Load a CLAP checkpoint; see :mod:`cuealign.models.backends`."""
    source, crop = origin(entry, name, ("clap",)), Options.model_validate(entry.options).crop
    model = LaionClap(
        load_weights(ClapModel, source, entry, attention="eager"),
        AutoTokenizer.from_pretrained(source.folder, **source.arguments),
        ClapFeatureExtractor.from_pretrained(source.folder, **source.arguments),
        crop=crop,
        fingerprint=source.fingerprint,
    )
    return ContrastiveResponder(model, labels, batch=batch_size(entry.device))
