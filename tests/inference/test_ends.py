"""Every end that a checkpoint knows ends an answer, and nothing else of its generation config counts."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from cuealign.core.errors import ModelError
from cuealign.inference.packed import PackedEngine
from cuealign.inference.prefix import PrefixEngine
from cuealign.inference.reference import ReferenceEngine
from cuealign.models.backends import BACKENDS, qwen2_audio
from cuealign.prompts.labels import Label
from tests.support import families
from tests.support.inference import assert_same, entry, requests
from tests.support.prompts import LABELS, TEMPLATE

OTHER = "<|endoftext|>"


@pytest.fixture(params=("qwen2_audio", families.OF_THE_PAGE))
def two_ends(request, checkpoint, tmp_path):
    """A model that mostly ends its answers with another token than the chat's end of turn, and the folder of its checkpoint."""
    folder = tmp_path / "two"
    if request.param == families.OF_THE_PAGE:
        families.with_another_end(folder)
        request.getfixturevalue("backend_of_the_page")
    else:
        shutil.copytree(checkpoint, folder)
    backend = BACKENDS.get(request.param)
    words = backend(entry(path=str(folder)), "tiny", LABELS, TEMPLATE).frontend
    other, usual = words.tokenizer.convert_tokens_to_ids(OTHER), words.end_of_turn
    tensors = load_file(folder / "model.safetensors")
    (head,) = (name for name in tensors if name.endswith("lm_head.weight"))
    tensors[head][other] = tensors[head][usual] * 1.05
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [other, usual], "pad_token_id": other}))
    return backend(entry(path=str(folder)), "tiny", LABELS, TEMPLATE), folder


def load(folder, **changes):
    torch.set_num_threads(1)
    return qwen2_audio.load(entry(path=str(folder), **changes), "tiny", LABELS, TEMPLATE)


def test_all_engines_end_answers_at_any_end(two_ends):
    (model, _), todo = two_ends, requests((5, 4, 3))
    assert len(model.ends) == 2
    slow = list(ReferenceEngine(model, LABELS).respond(todo))
    for engine in (PackedEngine(model, LABELS), PrefixEngine(model, LABELS)):
        for found, expected in zip(engine.respond(todo), slow, strict=True):
            assert_same(found, expected)
    assert any(not response.cut for responses in slow for response in responses)


def test_answers_and_scores_are_those_of_transformers_own_generate(two_ends):
    """An oracle that knows nothing of this library: the class as loaded by transformers, with the checkpoint's own config."""
    (model, folder), todo = two_ends, requests((4, 3))
    theirs = type(model.model).from_pretrained(folder).eval()
    words = model.frontend.tokenizer
    ends = list(model.ends)
    for request, responses in zip(todo, PackedEngine(model, LABELS).respond(todo), strict=True):
        audio = model.frontend.prepare(request.load_audio())
        for prompt, response in zip(request.prompts, responses, strict=True):
            ids = torch.tensor([model.frontend.tokenise(prompt, audio.tokens)])
            with torch.inference_mode():
                inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), **model.inputs([audio])}
                said = theirs.generate(**inputs, max_new_tokens=20, do_sample=False)[0, ids.shape[1] :]
                assert words.decode(said, skip_special_tokens=True).strip() == response.answer
                assert response.cut == (int(said[-1]) not in ends)
                for label, score in zip(LABELS, response.label_logprobs, strict=True):
                    word = words(label.word, add_special_tokens=False)["input_ids"]
                    total = 0.0
                    for end in ends:
                        whole = torch.tensor([[*ids[0].tolist(), *word, end]])
                        logits = theirs(input_ids=whole, attention_mask=torch.ones_like(whole), **model.inputs([audio])).logits[0].double()
                        steps = logits[ids.shape[1] - 1 : -1].log_softmax(-1)
                        total += float(np.exp(sum(float(steps[step, token]) for step, token in enumerate([*word, end]))))
                    assert score == pytest.approx(np.log(total), abs=1e-3)


@pytest.mark.usefixtures("backend_of_the_page")
def test_a_family_may_end_its_turns_with_another_token(tmp_path):
    families.with_another_end(tmp_path)
    model = BACKENDS.get(families.OF_THE_PAGE)(entry(path=str(tmp_path)), "tiny", LABELS, TEMPLATE)
    words = model.frontend.tokenizer
    assert words.convert_ids_to_tokens(list(model.ends)) == [families.OTHER_END]
    assert families.END not in words.get_vocab()
    with pytest.raises(ModelError, match=r"the tokenizer has no token '<\|im_end\|>'; does the checkpoint belong to the backend"):
        BACKENDS.get("audio_flamingo_3")(entry(path=str(tmp_path)), "tiny", LABELS, TEMPLATE)


@pytest.mark.parametrize(
    "leak",
    [
        {"min_new_tokens": 6},
        {"no_repeat_ngram_size": 2},
        {"repetition_penalty": 1.8},
        {"do_sample": True, "temperature": 0.7},
        {"suppress_tokens": [300]},
        {"forced_eos_token_id": 2},
        {"num_beams": 4},
        {"max_new_tokens": 1},
    ],
    ids=lambda leak: next(iter(leak)),
)
def test_nothing_else_of_the_generation_config_counts(checkpoint, tmp_path, leak):
    folder = Path(shutil.copytree(checkpoint, tmp_path / "leak"))
    file = folder / "generation_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | leak))
    todo = requests((3, 2))
    found, expected = (list(ReferenceEngine(load(each), LABELS).respond(todo)) for each in (folder, checkpoint))
    for mine, theirs in zip(found, expected, strict=True):
        assert_same(mine, theirs)


def test_a_label_that_contains_an_end_is_refused(checkpoint, tmp_path):
    folder = Path(shutil.copytree(checkpoint, tmp_path / "word"))
    token = load(checkpoint).frontend.answer_ids("sad")[0]
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": token}))
    with pytest.raises(
        ModelError, match=rf"label 'sad': its word 'sad' contains token {token}, with which the checkpoint ends its answers"
    ):
        PackedEngine(load(folder), LABELS)


def test_an_answer_without_an_end_is_cut(checkpoint):
    todo = requests((4, 4, 4))
    short, long = (list(PackedEngine(load(checkpoint, max_new_tokens=limit), LABELS).respond(todo)) for limit in (3, 400))
    pairs = [pair for ones, others in zip(short, long, strict=True) for pair in zip(ones, others, strict=True)]
    assert {one.cut for one, _ in pairs} == {True, False}
    for one, other in pairs:
        assert one.cut == (other.answer_tokens > 3)


THOUGHTS = [
    ("<think>\nLoud, which suggests an angry speaker.\n</think>\n\nneutral", ("Loud, which suggests an angry speaker.", "neutral")),
    ("Loud, so angry.\n</think>\n\nneutral", ("Loud, so angry.", "neutral")),
    ("<think>Angry?</think><answer>sad</answer>", ("Angry?", "<answer>sad</answer>")),
    ("<think>one</think>happy</think>sad", ("onehappy", "sad")),
    ("<think>\nLoud, which suggests an angry speaker. The pitch", ("Loud, which suggests an angry speaker. The pitch", "")),
    ("sad", ("", "sad")),
]


@pytest.mark.parametrize(("text", "expected"), THOUGHTS)
def test_a_thought_is_no_answer_of_any_model(checkpoint, text, expected):
    frontend = load(checkpoint).frontend
    ids = frontend.tokenizer(text, add_special_tokens=False)["input_ids"]
    assert frontend.read([*ids, frontend.end_of_turn]) == expected


def test_markers_that_are_special_tokens_are_found_too(checkpoint):
    frontend = load(checkpoint).frontend
    frontend.tokenizer.add_special_tokens({"extra_special_tokens": ["<think>", "</think>"]})
    for text, expected in THOUGHTS:
        ids = frontend.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert frontend.read([*ids, frontend.end_of_turn]) == expected


def test_a_word_that_nobody_can_read_back_is_refused(checkpoint):
    from cuealign.inference.language_model_checks import check_label_words
    from cuealign.prompts.answers import AnswerParser

    model = load(checkpoint)
    check_label_words(model, LABELS, AnswerParser({label.name: [label.word] for label in LABELS}))
    special = [Label("angry", "<|audio_bos|>"), Label("sad", "sad")]
    parse = AnswerParser({label.name: [label.word] for label in special})
    with pytest.raises(
        ModelError, match=r"angry: its word '<\|audio_bos\|>' comes back from the tokenizer as '', which is read as INVALID"
    ):
        check_label_words(model, special, parse)
