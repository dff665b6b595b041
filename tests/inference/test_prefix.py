"""The prefix engine against the reference engine: one prompt at a time by transformers' own code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuealign.core.errors import ModelError
from cuealign.inference.engines import make_engine
from cuealign.inference.packed import PackedEngine
from cuealign.inference.prefix import PrefixEngine, common_prefix
from cuealign.inference.reference import ReferenceEngine
from cuealign.models.base import Request
from cuealign.prompts.labels import Label
from tests.support.inference import LONG, assert_same, entry, prompts
from tests.support.prompts import LABELS
from tests.support.sound import tone


@pytest.fixture
def model(qwen):
    return qwen


def requests(count: int, prompt_count: int) -> list[Request]:
    lengths = (0.1, 0.02, 0.7, 1.9, 2.6)  # the model takes 2 s; 0.02 s is less than one audio token
    return [
        Request(f"u{index}", tone(lengths[index % 5], pitch=110 + 40 * index, seed=index), prompts(prompt_count, index))
        for index in range(count)
    ]


@pytest.mark.parametrize("labels", [LABELS, LONG], ids=["words", "phrases"])
def test_prefix_engine_agrees_with_one_prompt_at_a_time(model, labels):
    todo = requests(5, 9)
    fast = list(PrefixEngine(model, labels).respond(todo))
    slow = list(ReferenceEngine(model, labels).respond(todo))
    for found, expected in zip(fast, slow, strict=True):
        assert_same(found, expected)
    # The comparison is not trivial: answers and scores differ between prompts.
    scores = np.array([response.label_logprobs for responses in slow for response in responses])
    assert np.ptp(scores, axis=0).min() > 0.1


def test_both_ways_to_an_answer_are_taken(model):
    paths = {response.path for responses in PrefixEngine(model, LABELS).respond(requests(5, 12)) for response in responses}
    assert paths == {"label", "decoded"}


@pytest.mark.parametrize("batch", [1, 2, 5, 64])
def test_batch_size_changes_nothing(model, batch):
    todo = requests(2, 7)
    for found, expected in zip(
        PrefixEngine(model, LABELS, batch=batch).respond(todo), PrefixEngine(model, LABELS).respond(todo), strict=True
    ):
        assert_same(found, expected)


def test_order_of_prompts_changes_nothing(model):
    (request,) = requests(1, 8)
    reverse = Request(request.utterance, request.audio, request.prompts[::-1])
    engine = PrefixEngine(model, LABELS)
    assert_same(next(engine.respond([reverse]))[::-1], next(engine.respond([request])))


def test_forty_conditions_and_a_single_one_agree(model):
    (request,) = requests(1, 40)
    engine = PrefixEngine(model, LABELS)
    together = next(engine.respond([request]))
    alone = [next(engine.respond([Request("u", request.audio, (prompt,))]))[0] for prompt in request.prompts]
    assert_same(together, alone)


def test_audio_changes_the_scores(model):
    (request,) = requests(1, 3)
    silent = Request("silence", np.zeros_like(request.audio), request.prompts)
    engine = PrefixEngine(model, LABELS)
    with_sound, without = (np.array([r.label_logprobs for r in next(engine.respond([each]))]) for each in (request, silent))
    assert np.abs(with_sound - without).max() > 0.1


def test_audio_beyond_the_limit_is_reported(model):
    responses = [responses[0] for responses in PrefixEngine(model, LABELS).respond(requests(5, 1))]
    assert [response.audio_truncated for response in responses] == [False, False, False, False, True]


def test_tokenisation_and_features_are_those_of_the_processor(model):
    audio = tone(0.8)
    prepared = model.frontend.prepare(audio)
    text = model.frontend.processor.apply_chat_template(
        [{"role": "user", "content": [{"type": "audio", "audio_url": "x"}, {"type": "text", "text": "How? Answer."}]}],
        add_generation_prompt=True,
        tokenize=False,
    )
    theirs = model.frontend.processor(text=text, audio=audio, sampling_rate=16_000, return_tensors="np")
    assert model.frontend.tokenise("How? Answer.", prepared.tokens) == theirs["input_ids"][0].tolist()
    np.testing.assert_array_equal(prepared.features["input_features"].numpy(), theirs["input_features"])


def test_answer_scores_are_probabilities_of_disjoint_answers(model):
    for responses in PrefixEngine(model, LABELS).respond(requests(2, 4)):
        for response in responses:
            assert 0 < np.exp(response.label_logprobs).sum() <= 1 + 1e-6


def test_logits_that_are_not_finite_name_the_utterance(model):
    weight = model.model.lm_head.weight
    kept = weight.data.clone()
    try:
        weight.data[:] = float("nan")
        for engine in (PackedEngine, PrefixEngine, ReferenceEngine):
            with pytest.raises(ModelError, match="u0"):
                list(engine(model, LABELS).respond(requests(1, 2)))
    finally:
        weight.data[:] = kept


def test_labels_with_the_same_words_are_refused(model):
    twice = [Label("a", "angry"), Label("b", "angry")]
    for engine in ("packed", "prefix", "reference"):
        with pytest.raises(ModelError, match=r"'a' and 'b'"):
            make_engine(model, entry(engine=engine), twice)


def test_a_label_longer_than_the_limit_is_refused(model):
    with pytest.raises(ModelError, match=r"label 'long' has \d+ tokens, more than max_new_tokens \(20\)"):
        PrefixEngine(model, [Label("long", "neither of these many words at all, nor any other")])


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=9), min_size=1, max_size=6))
def test_common_prefix_is_the_longest_that_leaves_each_prompt_a_token(sequences):
    shared = common_prefix(sequences)
    assert all(sequence[:shared] == sequences[0][:shared] for sequence in sequences)
    assert all(len(sequence) > shared for sequence in sequences)
    longer_fits = all(len(sequence) > shared + 1 for sequence in sequences)
    assert not (longer_fits and len({tuple(sequence[: shared + 1]) for sequence in sequences}) == 1)
