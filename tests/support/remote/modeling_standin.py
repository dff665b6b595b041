"""A model with the parts of MiDashengLM under its names, and a minimal encoder."""

import torch
from torch import nn
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast
from transformers.models.qwen2_5_omni.modeling_qwen2_5_omni import Qwen2_5OmniThinkerTextModel

from .configuration_standin import StandinConfig

FRAME = 160


class Encoder(nn.Module):
    """Spectra of 10 ms, four of them to a frame."""

    def __init__(self, width):
        super().__init__()
        # Like the window of a spectrogram: computed while the model is built, and not in the checkpoint.
        window = torch.hann_window(4 * FRAME)
        self.register_buffer("window", window * float(window.max().item()), persistent=False)
        self.project = nn.Linear(2 * FRAME + 1, width)

    def forward(self, samples, length):
        frames = samples.unfold(-1, 4 * FRAME, 4 * FRAME)
        spectra = torch.fft.rfft(frames.float() * self.window.float()).abs().clamp(min=1e-3).log()
        valid = torch.arange(frames.shape[1], device=samples.device)[None] < (length // (4 * FRAME))[:, None]
        return self.project(spectra.to(self.project.weight.dtype)), valid


class Projector(nn.Module):
    """Five frames to a token."""

    def __init__(self, width, out):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(5 * width, out), nn.GELU(), nn.Linear(out, out))

    def forward(self, frames, valid):
        count = frames.shape[1] // 5
        together = frames[:, : 5 * count].reshape(len(frames), count, -1)
        return self.net(together), valid[:, : 5 * count].reshape(len(frames), count, 5).all(-1)


class Decoder(PreTrainedModel, GenerationMixin):
    """A causal language model that takes embeddings."""

    config_class = StandinConfig
    _supports_sdpa = True
    _supports_flex_attn = True

    def __init__(self, config):
        super().__init__(config)
        self.model = Qwen2_5OmniThinkerTextModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self):
        return self.model.embed_tokens

    def forward(self, input_ids=None, inputs_embeds=None, attention_mask=None, past_key_values=None, **rest):
        output = self.model(
            input_ids=input_ids, inputs_embeds=inputs_embeds, attention_mask=attention_mask, past_key_values=past_key_values, **rest
        )
        logits = self.lm_head(output.last_hidden_state)
        return CausalLMOutputWithPast(logits=logits, past_key_values=output.past_key_values)


class StandinModel(PreTrainedModel):
    """Encoder, projector, decoder."""

    config_class = StandinConfig
    _supports_sdpa = True
    _supports_flex_attn = True

    def __init__(self, config):
        super().__init__(config)
        self.audio_encoder = Encoder(16)
        self.audio_projector = Projector(16, config.text_config.hidden_size)
        self.decoder = Decoder(config.text_config)
        self.post_init()

    def _embed(self, input_ids, input_values, audio_length):
        embeddings = self.decoder.model.embed_tokens(input_ids)
        encoded, valid = self.audio_projector(*self.audio_encoder(input_values, audio_length))
        places = (input_ids == self.config.audio_token_id)[..., None].expand_as(embeddings)
        return embeddings.masked_scatter(places, encoded[valid].to(embeddings.dtype))

    def forward(self, input_ids, attention_mask=None, input_values=None, audio_length=None):
        return self.decoder(inputs_embeds=self._embed(input_ids, input_values, audio_length), attention_mask=attention_mask)

    def generate(self, input_ids, attention_mask=None, input_values=None, audio_length=None, **rest):
        embeddings = self._embed(input_ids, input_values, audio_length)
        return self.decoder.generate(inputs_embeds=embeddings, attention_mask=attention_mask, **rest)
