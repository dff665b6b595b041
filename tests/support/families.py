"""Tiny random checkpoints of the audio language models' real classes, written by ``save_pretrained``.

Their weights are large, so that logits differ enough between prompts for a mistake to show. The rows of the output layer for
label words and end of turn are even larger, so that answers end.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, WhisperFeatureExtractor

from cuealign.core.vocabulary import CONCEPTS, TOKENS
from tests.support.prompts import LABELS, TEMPLATE

END = "<|im_end|>"
"""End of turn of the included families."""
OTHER_END = "<|eot|>"
"""End of turn of the backend in docs/extending.md."""
SPECIAL = ("<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>", "<sound>")
OF_THE_PAGE = "my_family"
"""Name of the backend that docs/extending.md has as a template."""
REMOTE = Path(__file__).parent / "remote"
HIDDEN, LAYERS, HEADS, KEYS, MELS, SECONDS = 64, 2, 4, 2, 16, 2
MROPE = [2, 2, 4]
"""Halves of a head's 16 dimensions by axis; FlexAttention's kernels need 16."""


def tokenizer(end: str = END) -> PreTrainedTokenizerFast:
    """Byte-level BPE trained on the words of the prompts, with an end of turn; labels have one or more tokens."""
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"[=;_]"), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    inner.decoder = decoders.ByteLevel()
    words = [TEMPLATE.render([label.word for label in LABELS], " ".join(TOKENS[concept])) for concept in CONCEPTS]
    words += ["angry happy neutral loud quiet none of these words"] * 3
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=["<|endoftext|>", "<|im_start|>", end, *SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(words, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<|endoftext|>", eos_token=end, extra_special_tokens=list(SPECIAL))


def extractor() -> WhisperFeatureExtractor:
    """Whisper's feature extractor with few bins and windows of two seconds."""
    return WhisperFeatureExtractor(feature_size=MELS, chunk_length=SECONDS, sampling_rate=16_000)


def text_config(words: int) -> dict[str, Any]:
    return {
        "vocab_size": words,
        "hidden_size": HIDDEN,
        "intermediate_size": 64,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KEYS,
        "max_position_embeddings": 4096,
        "tie_word_embeddings": False,
    }


def audio_flamingo_3(folder: Path, end: str = END) -> None:
    from transformers import AudioFlamingo3Config, AudioFlamingo3ForConditionalGeneration, AudioFlamingo3Processor

    words = tokenizer(end)
    template = (
        "{% for message in messages %}<|im_start|>{{ message.role }}\n"
        "{% for part in message.content %}{% if part.type == 'audio' %}<sound>{% endif %}{% endfor %}"
        "{% for part in message.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}" + end + "\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    processor = AudioFlamingo3Processor(extractor(), words, chat_template=template, max_audio_len=5)
    config = AudioFlamingo3Config(
        audio_config={
            "num_mel_bins": MELS,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "intermediate_size": 64,
            "hidden_size": HIDDEN,
            "max_source_positions": SECONDS * 50,
        },
        text_config={"model_type": "qwen2", **text_config(len(words))},
        audio_token_id=words.convert_tokens_to_ids("<sound>"),
    )
    save(AudioFlamingo3ForConditionalGeneration(config), words, folder)
    processor.save_pretrained(folder)


def qwen2_5_omni(folder: Path) -> None:
    from transformers import Qwen2_5OmniThinkerConfig, Qwen2_5OmniThinkerForConditionalGeneration

    words = tokenizer()
    config = Qwen2_5OmniThinkerConfig(
        audio_config={
            "num_mel_bins": MELS,
            "encoder_layers": LAYERS,
            "encoder_attention_heads": HEADS,
            "encoder_ffn_dim": 64,
            "d_model": HIDDEN,
            "output_dim": HIDDEN,
            "max_source_positions": SECONDS * 50,
            "n_window": 25,
        },
        vision_config={"depth": 1, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": HIDDEN},
        text_config={**text_config(len(words)), "rope_parameters": {"rope_type": "default", "mrope_section": MROPE, "rope_theta": 1e4}},
        audio_token_id=words.convert_tokens_to_ids("<|AUDIO|>"),
        audio_start_token_id=words.convert_tokens_to_ids("<|audio_bos|>"),
        audio_end_token_id=words.convert_tokens_to_ids("<|audio_eos|>"),
        vision_start_token_id=len(words) + 1,  # images, which no prompt has
        vision_end_token_id=len(words) + 2,
        image_token_id=len(words) + 3,
        video_token_id=len(words) + 4,
        position_id_per_seconds=25,
        seconds_per_chunk=2,
    )
    save(Qwen2_5OmniThinkerForConditionalGeneration(config), words, folder)
    words.save_pretrained(folder)
    extractor().save_pretrained(folder)


def qwen3_omni(folder: Path) -> None:
    from transformers import Qwen3OmniMoeThinkerConfig, Qwen3OmniMoeThinkerForConditionalGeneration

    words = tokenizer()
    config = Qwen3OmniMoeThinkerConfig(
        audio_config={
            "num_mel_bins": MELS,
            "encoder_layers": LAYERS,
            "encoder_attention_heads": HEADS,
            "encoder_ffn_dim": 64,
            "d_model": HIDDEN,
            "output_dim": HIDDEN,
            "downsample_hidden_size": 8,
        },
        vision_config={"depth": 1, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2, "out_hidden_size": HIDDEN},
        text_config={
            **text_config(len(words)),
            "moe_intermediate_size": 32,
            "num_experts": 4,
            "num_experts_per_tok": 2,
            "rope_parameters": {"rope_type": "default", "mrope_section": MROPE, "rope_theta": 1e4, "mrope_interleaved": True},
        },
        audio_token_id=words.convert_tokens_to_ids("<|AUDIO|>"),
        audio_start_token_id=words.convert_tokens_to_ids("<|audio_bos|>"),
        image_token_id=len(words) + 3,  # images, which no prompt has
        video_token_id=len(words) + 4,
    )
    # The config of a full checkpoint has these, that of the thinker does not.
    config.vision_start_token_id, config.audio_end_token_id = len(words) + 1, words.convert_tokens_to_ids("<|audio_eos|>")
    save(Qwen3OmniMoeThinkerForConditionalGeneration(config), words, folder)
    words.save_pretrained(folder)
    extractor().save_pretrained(folder)


def midashenglm(folder: Path) -> None:
    """A checkpoint with code, under the names in MiDashengLM's. The code is written for these tests, with a stand-in for the encoder."""
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.models.qwen2_5_omni.configuration_qwen2_5_omni import Qwen2_5OmniTextConfig

    words = tokenizer()
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("configuration", "modeling", "processing"):
        shutil.copy(REMOTE / f"{name}_standin.py", folder)
    text = Qwen2_5OmniTextConfig(
        **text_config(len(words)), rope_parameters={"rope_type": "default", "mrope_section": MROPE, "rope_theta": 1e4}
    )
    config = {
        "model_type": "midashenglm",
        "architectures": ["StandinModel"],
        "auto_map": {
            "AutoConfig": "configuration_standin.StandinConfig",
            "AutoModelForCausalLM": "modeling_standin.StandinModel",
            "AutoProcessor": "processing_standin.StandinProcessor",
        },
        "audio_token_id": words.convert_tokens_to_ids("<|AUDIO|>"),
        "text_config": text.to_dict(),
    }
    (folder / "config.json").write_text(json.dumps(config))
    words.save_pretrained(folder)
    (folder / "processor_config.json").write_text(
        json.dumps({"processor_class": "StandinProcessor", "auto_map": {"AutoProcessor": config["auto_map"]["AutoProcessor"]}})
    )
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder, trust_remote_code=True), trust_remote_code=True)
    randomise(model, model.decoder.lm_head, words)
    save_file(model.state_dict(), folder / "model.safetensors")


def audio_flamingo_3_think(folder: Path) -> None:
    """The checkpoint of Audio Flamingo 3 with a folder ``think``, with the names of the transformers version at its publication."""
    from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
    from transformers import AudioFlamingo3ForConditionalGeneration

    audio_flamingo_3(folder)
    model = AudioFlamingo3ForConditionalGeneration.from_pretrained(folder)
    torch.manual_seed(1)
    embeddings = model.get_input_embeddings().weight
    whole = {
        "base_model.model.language_model.model.embed_tokens.weight": embeddings + 0.1 * torch.randn_like(embeddings),
        "base_model.model.multi_modal_projector.linear_1.bias": torch.randn_like(model.model.multi_modal_projector.linear_1.bias),
    }
    adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"]))
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            parameter.data.normal_(0, 0.2)
    tensors = {
        name.replace(".model.language_model.", ".language_model.model.").replace(".model.audio_tower.", ".audio_tower."): tensor
        for name, tensor in get_peft_model_state_dict(adapted).items()
    }
    think = folder / "think"
    adapted.save_pretrained(think)
    (think / "README.md").unlink(missing_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, think / "adapter_model.safetensors")
    torch.save(whole, think / "non_lora_trainables.bin")


def with_another_end(folder: Path) -> None:
    """A checkpoint for the backend in docs/extending.md, whose tokenizer does not have the end of turn of the included families."""
    audio_flamingo_3(folder, OTHER_END)


def save(model: torch.nn.Module, words: PreTrainedTokenizerFast, folder: Path) -> None:
    """Draw weights and save the model."""
    randomise(model, model.lm_head, words)
    model.save_pretrained(folder)


def randomise(model: torch.nn.Module, head: torch.nn.Linear, words: PreTrainedTokenizerFast) -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1 and "embed_positions" not in name:
                parameter.normal_(0, 0.2)
        rows = sorted({token for label in LABELS for token in words(label.word)["input_ids"]} | {words.eos_token_id})
        head.weight[rows] *= 2.5


FAMILIES: dict[str, Callable[[Path], None]] = {
    "audio_flamingo_3": audio_flamingo_3,
    "audio_flamingo_3_think": audio_flamingo_3_think,
    "midashenglm": midashenglm,
    "qwen2_5_omni": qwen2_5_omni,
    "qwen3_omni": qwen3_omni,
}
"""Backend to the function that writes a tiny checkpoint for it; for ``qwen2_audio``, see the fixture ``checkpoint``."""
