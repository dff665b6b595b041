"""Its processor: unchanged samples, and one placeholder per fifth of a second."""

import torch
from transformers import AutoTokenizer, BatchFeature, ProcessorMixin


class StandinProcessor(ProcessorMixin):
    """Processor of text and samples."""

    audio_token = "<|AUDIO|>"
    attributes = ["tokenizer"]  # noqa: RUF012
    tokenizer_class = "AutoTokenizer"

    def __init__(self, tokenizer, **_rest):
        super().__init__(tokenizer)

    @classmethod
    def from_pretrained(cls, folder, trust_remote_code=False, **_rest):
        return cls(AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code))

    def __call__(self, text, audio, return_tensors="pt"):
        samples = torch.from_numpy(audio[0])[None]
        text = text[0].replace(self.audio_token, self.audio_token * (samples.shape[1] // 3200))
        batch = self.tokenizer([text], return_tensors=return_tensors, add_special_tokens=False)
        return BatchFeature({**batch, "input_values": samples, "audio_length": torch.tensor([samples.shape[1]])})

    def apply_chat_template(self, messages, add_generation_prompt, tokenize):
        assert add_generation_prompt
        assert not tokenize
        turns = []
        for message in messages:
            parts = [
                f"<|audio_bos|>{self.audio_token}<|audio_eos|>" if part["type"] == "audio" else part["text"] for part in message["content"]
            ]
            turns.append(f"<|im_start|>{message['role']}\n{''.join(parts)}<|im_end|>\n")
        return "".join(turns) + "<|im_start|>assistant\n"
