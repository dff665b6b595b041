"""Config of a checkpoint that comes with code."""

from transformers import PretrainedConfig
from transformers.models.qwen2_5_omni.configuration_qwen2_5_omni import Qwen2_5OmniTextConfig


class StandinConfig(PretrainedConfig):
    """Config of the stand-in."""

    model_type = "midashenglm"
    sub_configs = {"text_config": Qwen2_5OmniTextConfig}  # noqa: RUF012

    def __init__(self, text_config=None, audio_token_id=None, **rest):
        self.text_config = Qwen2_5OmniTextConfig(**text_config) if isinstance(text_config, dict) else text_config
        self.audio_token_id = audio_token_id
        super().__init__(**rest)
