"""Pages: every row finds its tokens in its pages, in order, and prompts that begin alike share what they can."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cuealign.inference.forest import Forest, Trie
from cuealign.inference.labels import LabelTree
from cuealign.inference.pages import FreePages, Layout
from cuealign.models.paged import Pages, Step
from cuealign.models.paged_kernel import PAGE, attend_rows

NOTHING = LabelTree((), (), (), ())
TOKENS = st.lists(st.integers(0, 1), min_size=1, max_size=3 * PAGE)
PROMPTS = st.lists(st.tuples(st.sampled_from([0, PAGE - 1, PAGE, 2 * PAGE + 3]), TOKENS), min_size=1, max_size=6)


def laid_out(prompts):
    forest = Forest.pack([Trie.build(prompts)], NOTHING)
    return forest, Layout.of(forest, forest.places[:, 0], [len(prompt) for prompt in prompts])


@given(PROMPTS)
def test_the_pages_of_a_prompt_hold_its_tokens_in_order(parts):
    prompts = list({(7,) * shared + tuple(rest): None for shared, rest in parts})
    forest, layout = laid_out(prompts)
    for prompt, pages in zip(prompts, layout.prompts, strict=True):
        places = layout.places[pages].reshape(-1)
        assert tuple(forest.tokens[places[: len(prompt)]]) == prompt
        assert (places[len(prompt) :] == -1).all()
        assert len(pages) == len(prompt) // PAGE + 1  # there is always room for the first token of an answer


@given(PROMPTS)
def test_full_pages_are_shared_as_far_as_prompts_agree_and_the_last_one_never(parts):
    prompts = list({(7,) * shared + tuple(rest): None for shared, rest in parts})
    _, layout = laid_out(prompts)
    distinct = {prompt[:end] for prompt in prompts for end in range(PAGE, len(prompt) + 1, PAGE)}
    assert len(layout) == len(distinct) + len(prompts)
    for one, mine in zip(prompts, layout.prompts, strict=True):
        for other, theirs in zip(prompts, layout.prompts, strict=True):
            if one is not other:
                agree = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
                assert len(set(mine) & set(theirs)) == agree // PAGE


def test_a_page_is_free_when_its_last_holder_gives_it_back():
    free = FreePages(4)
    assert len(free) == 3
    taken = [free.take() for _ in range(3)]
    assert sorted(taken) == [1, 2, 3]  # page 0 belongs to nobody
    free.hold(taken)
    free.hold(taken[:1])
    free.give_back(taken)
    assert len(free) == 2
    free.give_back(taken[:1])
    assert len(free) == 3


@pytest.mark.parametrize(("heads", "key_heads", "width"), [(4, 2, 16), (3, 3, 8), (14, 2, 32)])
def test_attention_to_pages_is_attention_to_each_row_by_itself(heads, key_heads, width):
    torch.manual_seed(heads)
    lengths = torch.tensor([1, PAGE, 3 * PAGE + 5, 2])
    pool = Pages(40, layers=1, heads=key_heads, width=width, dtype=torch.float64, device=torch.device("cpu"))
    for tensor in (*pool.keys, *pool.values):
        tensor.normal_()
    tables = (torch.randperm(39)[:20].view(4, 5) + 1).int()
    query = torch.randn(4, heads, width, dtype=torch.float64)
    found = attend_rows(query, pool.keys[0], pool.values[0], tables, lengths, 0.3)
    for row, length in enumerate(lengths.tolist()):
        slots = [int(tables[row, place // PAGE]) * PAGE + place % PAGE for place in range(length)]
        for head in range(heads):
            of = head * key_heads // heads
            weights = torch.softmax(pool.keys[0][slots, of] @ query[row, head] * 0.3, 0)
            torch.testing.assert_close(found[row, head], weights @ pool.values[0][slots, of])


def test_a_step_writes_behind_each_row_and_nowhere_else():
    pool = Pages(6, layers=1, heads=1, width=2, dtype=torch.float32, device=torch.device("cpu"))
    tables, lengths = torch.tensor([[3, 1], [2, 5], [0, 0]], dtype=torch.int32), torch.tensor([PAGE + 2, PAGE - 1, 0])
    key = torch.arange(1.0, 7.0).view(3, 1, 1, 2)
    Step.after(pool, tables, lengths).attend(0, torch.zeros(3, 1, 1, 2), key, -key, None, 1.0)
    written = np.flatnonzero(pool.keys[0].abs().sum((1, 2)))
    assert sorted(written.tolist()) == [0, 1 * PAGE + 2, 2 * PAGE + PAGE - 1]  # the free row's goes to page 0
    assert pool.keys[0][1 * PAGE + 2].flatten().tolist() == [1, 2]
    assert pool.values[0][2 * PAGE + PAGE - 1].flatten().tolist() == [-3, -4]
