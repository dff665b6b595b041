"""A chat that is given as ids is the same chat as its text."""

import pytest
import torch
from transformers import AutoProcessor

from cuealign.core.errors import ModelError
from cuealign.inference.packed import PackedEngine
from cuealign.models.backends import qwen2_audio
from cuealign.models.huggingface import IdsFrontend
from tests.support.inference import assert_same, entry, prompts, requests
from tests.support.prompts import LABELS, TEMPLATE


class ByIds(IdsFrontend, qwen2_audio.Qwen2AudioFrontend):
    """Qwen2-Audio's chat, as ids of its tokenizer's template."""

    def chat_ids(self, prompt):
        content = [{"type": "audio", "audio_url": "utterance"}, {"type": "text", "text": prompt}]
        return self.tokenizer.apply_chat_template(
            [{"role": "user", "content": content}],
            chat_template=self.processor.chat_template,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=False,
        )


def load(checkpoint):
    torch.set_num_threads(1)
    return qwen2_audio.load(entry(path=str(checkpoint)), "tiny", LABELS, TEMPLATE)


@pytest.fixture
def by_ids(checkpoint):
    return ByIds(AutoProcessor.from_pretrained(checkpoint))


def test_ids_and_text_give_the_same_prompt(checkpoint, by_ids):
    by_text = load(checkpoint).frontend
    for prompt in prompts(9):
        assert by_ids.tokenise(prompt, 7) == by_text.tokenise(prompt, 7)
        assert by_ids.tokenise(prompt, 7).count(by_ids.audio_token) == 7
        assert by_ids.chat(prompt) == by_text.chat(prompt)  # which people are shown


def test_ids_and_text_give_the_same_answers(checkpoint, by_ids):
    model, todo = load(checkpoint), requests((4, 3))
    expected = list(PackedEngine(model, LABELS).respond(todo))
    model.frontend = by_ids
    for found, theirs in zip(PackedEngine(model, LABELS).respond(todo), expected, strict=True):
        assert_same(found, theirs)


@pytest.mark.parametrize("count", [0, 2])
def test_ids_without_one_placeholder_are_refused(checkpoint, count):
    class Wrong(ByIds):
        def chat_ids(self, _prompt):
            return [5, *[self.audio_token] * count, 6]

    with pytest.raises(ModelError, match=f"the chat gives {count} audio placeholders instead of 1"):
        Wrong(AutoProcessor.from_pretrained(checkpoint)).tokenise("How?", 3)


def test_a_frontend_by_ids_must_give_them():
    class Forgotten(IdsFrontend):
        def prepare(self, audio):
            return audio

    with pytest.raises(TypeError, match="chat_ids"):
        Forgotten(None, audio_token="a", end_of_turn="b")
