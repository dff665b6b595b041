"""Greedy decoding on a GPU in rows that are taken and given back: a finished answer makes room for the next prompt.

Keys and values lie in pages (:mod:`cuealign.models.paged`). Prompts are read in packed passes, each token once, ahead of the rows
that they need. A step then adds one token to every row, whatever the rows hold. It always has the same shape and runs as a CUDA
graph. So what a row gets does not depend on the other rows, bit by bit, as far as the GPU's matrix products keep rows apart.
"""

import logging
import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from cuealign.core.errors import ModelError
from cuealign.inference.decoding import Decoder, Job, Prompt, by_audio, in_groups
from cuealign.inference.embedding import embed
from cuealign.inference.ends import one_end
from cuealign.inference.forest import Forest
from cuealign.inference.labels import LabelTree
from cuealign.inference.masks import BLOCK, block_mask, dense_mask
from cuealign.inference.pages import FreePages, Layout
from cuealign.inference.steps import STEPS, Steps
from cuealign.models.base import CausalModel
from cuealign.models.paged import Pages, Reading
from cuealign.models.paged_kernel import PAGE
from cuealign.models.transfer import to_device

logger = logging.getLogger(__name__)

CACHE_BYTES = 20e9
"""Most memory (bytes) for pages; a single answer gets more if it needs more."""

ROWS = 512
"""Most rows. More of them make a step longer, and few models have the memory for more."""

_FREE_SHARE = 0.6  # most of the free memory that pages take
_TYPICAL = 512  # tokens of a row, of which others share some; sets the rows of a model with large keys and values
_READ = 8192  # most tokens of a pass over prompts, unless one utterance has more
_SPARE = 4  # free pages for each row, so that it seldom has to make room for another
_HELD = 64  # utterances that may wait for their answers while most rows are free
_LONGEST = 1024  # tokens of a row for which the tables have room at first
_OWN = 256  # tokens of a prompt that it need not share, beside its answer


@dataclass(eq=False)
class _Answer:
    """A prompt and what has been said to it so far.

    Attributes:
        prompt: to answer.
        limit: of tokens.
        end: token that ends the answer.
        pages: that hold its keys and values.
        read: how many of them hold the prompt.
        said: tokens; the last one's keys and values are not in the pages yet.
    """

    prompt: Prompt
    limit: int
    end: int
    pages: list[int] = field(default_factory=list)
    read: int = 0
    said: list[int] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return len(self.said) == self.limit or (len(self.said) > 0 and self.said[-1] == self.end)

    @property
    def length(self) -> int:
        """Tokens whose keys and values are in the pages."""
        return len(self.prompt.ids) + len(self.said) - 1

    @property
    def longest(self) -> int:
        """Most tokens whose keys and values it can need."""
        return len(self.prompt.ids) + self.limit - 1


@dataclass(frozen=True)
class _Group:
    """Prompts to be read in one pass."""

    answers: list[_Answer]
    forest: Forest
    layout: Layout


class RowDecoder(Decoder):
    """Decodes the prompts of many jobs in rows.

    Args:
        model: an audio language model.
        rows: answers at a time; None for as many as the keys and values of the model allow.
        pages: of the pool; None for as many as :data:`CACHE_BYTES` and the free memory allow.
    """

    def __init__(self, model: CausalModel, *, rows: int | None = None, pages: int | None = None) -> None:
        self.model = model
        self.rows = rows or rows_of(model)
        self._most_pages, self._read_tokens = pages, _READ
        self._pages: Pages | None = None
        self._steps: Steps | None = None
        self._forget()

    def _forget(self) -> None:
        """Nothing is read, nothing is said."""
        self._unread: deque[_Group] = deque()
        self._ready: deque[_Answer] = deque()
        self._answers: dict[int, _Answer] = {}  # by row, in the order in which they came
        self._free = FreePages(self._pages.count if self._pages else 1)

    # ---------------------------------------------------------------- jobs

    @torch.inference_mode()
    def run(self, jobs: Iterator[Job]) -> Iterator[tuple[Job, list[list[int]]]]:
        self._forget()
        held: deque[tuple[Job, list[_Answer]]] = deque()
        coming = True
        while coming or held:
            while coming and self._wants_more(held):
                job = next(jobs, None)
                coming = job is not None
                if job is not None:
                    answers = [_Answer(prompt, self.model.max_new_tokens, self.model.frontend.end_of_turn) for prompt in job.left]
                    held.append((job, answers))
                    self._unread += self._in_groups(answers)
            while held and all(answer.done for answer in held[0][1]):
                job, answers = held.popleft()
                yield job, [answer.said for answer in answers]
            self._work()

    def give_memory_back(self) -> bool:
        if self._pages is None or self.rows == 1:
            return False
        self._halve()
        return True

    def _wants_more(self, held: Sequence[tuple[Job, list[_Answer]]]) -> bool:
        """Whether rows are free that nobody waits for. If most are, jobs are still taken, but only so many at a time."""
        waiting = len(self._ready) + sum(len(group.answers) for group in self._unread)
        if len(self._answers) + waiting >= self.rows:
            return False
        return 2 * (len(self._answers) + waiting) >= self.rows or sum(job.utterances for job, _ in held) < _HELD

    def _in_groups(self, answers: Sequence[_Answer]) -> Iterator[_Group]:
        """Groups of answers whose prompts are read in one pass."""
        for group in in_groups(by_audio([answer.prompt for answer in answers]), self._read_tokens):
            members = [answers[row] for rows, _ in group for row in rows]
            size = sum(len(trie) for _, trie in group)
            forest = Forest.pack([trie for _, trie in group], LabelTree((), (), (), ()), self._padded(size))
            yield _Group(members, forest, Layout.of(forest, forest.places[:, 0], [len(answer.prompt.ids) for answer in members]))

    def _padded(self, size: int) -> int:
        return -(-size // BLOCK) * BLOCK if self.model.device.type == "cuda" else size

    # ---------------------------------------------------------------- one round: read, fill rows, some steps

    def _work(self) -> None:
        """Read what there is room for, and take some steps. If memory runs out, begin anew with half of the rows."""
        try:
            self._read_ahead()
            self._fill_rows()
            if self._answers:
                self._take_steps()
            return
        except torch.OutOfMemoryError:
            if self.rows == 1:
                first = next(iter(self._pending()))
                raise ModelError(
                    f"utterance {first.prompt.utterance}: too little GPU memory to decode one answer; "
                    "use a GPU with more memory, or lower max_new_tokens"
                ) from None
        # Here, after the except block: while the exception exists, it keeps the memory of the failed attempt.
        self._halve()

    def _pending(self) -> list[_Answer]:
        """Answers that are not done."""
        return [*self._answers.values(), *self._ready, *(answer for group in self._unread for answer in group.answers if not answer.done)]

    def _halve(self) -> None:
        """Half of the rows and pages; unfinished answers are decoded again from their beginning."""
        pending = self._pending()
        for answer in pending:
            answer.pages, answer.read, answer.said = [], 0, []
        count = self._pages.count if self._pages else self._pages_wanted()
        self.rows //= 2
        self._most_pages, self._read_tokens = max(2, count // 2), max(1, self._read_tokens // 2)
        self._pages = self._steps = None
        self._forget()
        torch.cuda.empty_cache()
        logger.warning("out of GPU memory while decoding; %d answers at a time from here on", self.rows)
        self._unread += self._in_groups(pending)

    def _read_ahead(self) -> None:
        """Read prompts for all free rows, as far as there are pages."""
        while self._unread and len(self._ready) < self.rows - len(self._answers):
            group = self._unread[0]
            needed = len(group.layout) + self._reserve(group)
            if self._pages is None:
                self._new_pages(self._pages_wanted())
            if len(self._free) < needed:
                if self._answers or self._ready:
                    return
                self._make_room(needed)
                continue
            self._read(group)
            self._unread.popleft()

    def _reserve(self, group: _Group) -> int:
        """Pages that stay free behind a group: for one whole answer, so that one can always be finished, and some for each row."""
        longest = max(-(-answer.longest // PAGE) for answer in group.answers)
        return max(longest, _SPARE * len(self._answers))

    def _make_room(self, needed: int) -> None:
        """A group does not fit into the whole pool: halve it; a single prompt gets a larger pool."""
        group = self._unread.popleft()
        half = len(group.answers) // 2
        parts = [group.answers[:half], group.answers[half:]] if half else [group.answers]
        self._unread.extendleft([part for answers in parts[::-1] for part in [*self._in_groups(answers)][::-1]])
        if not half:
            self._most_pages = needed + 1
            self._new_pages(needed + 1)

    def _read(self, group: _Group) -> None:
        """One pass over prompts; keys and values go into pages, and the first token of each answer is known."""
        model, forest, layout = self.model, group.forest, group.layout
        pages = np.array([self._free.take() for _ in range(len(layout))])
        kept = layout.places >= 0
        slots = (pages[:, None] * PAGE + np.arange(PAGE))[kept]
        sources, slots, depths, subtree_ends, ends = (
            to_device(torch.from_numpy(values), model.device)
            for values in (layout.places[kept], slots, forest.depths, forest.subtree_ends, forest.places[:, 0])
        )
        mask = block_mask(subtree_ends) if model.device.type == "cuda" else dense_mask(subtree_ends)
        audios = list({id(answer.prompt.audio): answer.prompt.audio for answer in group.answers}.values())
        embeddings = embed(model, forest.tokens, audios)
        states = model.forward(embeddings, mask=mask, positions=depths[None], cache=Reading(self._pages, sources, slots))[0]
        first = one_end(model, model.logits(states[ends]).argmax(-1)).tolist()
        for answer, mine, token in zip(group.answers, layout.prompts, first, strict=True):
            answer.pages, answer.read, answer.said = [int(pages[page]) for page in mine], len(mine), [token]
            self._free.hold(answer.pages)
        for answer in group.answers:
            if answer.done:
                self._free.give_back(answer.pages)
            else:
                self._ready.append(answer)

    def _fill_rows(self) -> None:
        """Give free rows to answers that wait."""
        for row in range(self.rows):
            if not self._ready or (self._answers and len(self._free) < _SPARE * len(self._answers)):
                return
            if row not in self._answers:
                self._answers[row] = self._ready.popleft()

    def _take_steps(self) -> None:
        """Some steps of all rows; then rows of finished answers are free."""
        self._make_pages()
        width = self._width()
        if self._steps is None or self._steps.width < width:
            self._steps = None  # first, for its memory
            self._steps = Steps(self.model, self._pages, rows=self.rows, width=width)
        tables = np.zeros((self.rows, width), dtype=np.int32)
        tokens, lengths = (np.zeros(self.rows, dtype=np.int64) for _ in range(2))
        for row, answer in self._answers.items():
            tables[row, : len(answer.pages)] = answer.pages
            tokens[row], lengths[row] = answer.said[-1], answer.length
        said = self._steps.run(tokens, lengths, tables)
        for row, answer in list(self._answers.items()):
            for token in said[row]:
                answer.said.append(token)
                if answer.done:
                    self._free.give_back(answer.pages)
                    del self._answers[row]
                    break

    def _make_pages(self) -> None:
        """Pages for the next steps. If there are none left, the row that came last waits again, and is answered anew."""
        for row in list(self._answers):
            while (answer := self._answers.get(row)) and len(answer.pages) * PAGE < min(answer.length + STEPS, answer.longest):
                if len(self._free):
                    answer.pages.append(page := self._free.take())
                    self._free.hold([page])
                else:
                    _, last = self._answers.popitem()
                    self._free.give_back(last.pages[last.read :])
                    last.pages, last.said = last.pages[: last.read], last.said[:1]
                    self._ready.appendleft(last)

    # ---------------------------------------------------------------- the device

    def _pages_wanted(self) -> int:
        """Pages of a new pool: as many as memory allows, but no more than the rows need."""
        if self._most_pages is not None:
            return self._most_pages
        allowed = CACHE_BYTES
        if self.model.device.type == "cuda":
            torch.cuda.empty_cache()
            allowed = min(allowed, _FREE_SHARE * torch.cuda.mem_get_info(self.model.device)[0])
        most = self.rows * -(-(_OWN + self.model.max_new_tokens) // PAGE)
        return max(2, min(most, int(allowed // (self.model.cache_bytes_per_token * PAGE))))

    def _new_pages(self, count: int) -> None:
        self._pages = self._steps = None  # first, so that both pools are never there at once
        self._pages, self._free = self.model.new_pages(count), FreePages(count)

    def _width(self) -> int:
        """Pages for which a row of the tables has room: a power of two, which never shrinks, as the step changes with it."""
        needed = -(-(max(answer.longest for answer in self._answers.values()) + STEPS) // PAGE) + 1
        return max(self._steps.width if self._steps else 0, 2 ** math.ceil(math.log2(max(needed, _LONGEST // PAGE))))


def rows_of(model: CausalModel) -> int:
    """Rows for a model: a power of two, so that rows of a usual length fit into :data:`CACHE_BYTES`."""
    fitting = CACHE_BYTES / (model.cache_bytes_per_token * _TYPICAL)
    return max(8, min(ROWS, 2 ** int(math.log2(max(1, fitting)))))
