"""Steps that add one token to every row, without a look at the host between them."""

import logging
import warnings
from functools import cache

import numpy as np
import torch

from cuealign.models.base import CausalModel
from cuealign.models.paged import Pages, Step
from cuealign.models.transfer import to_device

logger = logging.getLogger(__name__)

STEPS = 8
"""Steps between two looks at the answers: a finished answer keeps its row for half as many on average."""


class Steps:
    """Steps of a fixed number of rows; on a GPU they are a CUDA graph, which costs the processor next to nothing.

    Args:
        model: an audio language model.
        pages: pool with the keys and values.
        rows: of every step.
        width: most pages of a row.
    """

    def __init__(self, model: CausalModel, pages: Pages, *, rows: int, width: int) -> None:
        self.model, self.pages, self.width = model, pages, width
        device = model.device
        self._tokens, self._lengths, self._column = (torch.zeros(count, dtype=torch.long, device=device) for count in (rows, rows, 1))
        self._tables = torch.zeros(rows, width, dtype=torch.int32, device=device)
        self._said = torch.zeros(rows, STEPS, dtype=torch.long, device=device)
        self._ends = torch.tensor(model.ends, device=device)
        self._graph = self._captured() if device.type == "cuda" else None

    def run(self, tokens: np.ndarray, lengths: np.ndarray, tables: np.ndarray) -> list[list[int]]:
        """Take :data:`STEPS` steps.

        Args:
            tokens: last token of each row, shape ``(rows,)``.
            lengths: tokens before it, whose keys and values are in the pages, shape ``(rows,)``.
            tables: pages of each row, with room for the new tokens, shape ``(rows, width)``; a free row has page 0 only.

        Returns:
            The next tokens of each row. Behind an end they mean nothing.
        """
        for mine, values in ((self._tokens, tokens), (self._lengths, lengths), (self._tables, tables)):
            mine.copy_(to_device(torch.from_numpy(values), self.model.device))
        self._column.zero_()
        for _ in range(STEPS):
            if self._graph is None:
                self._step()
            else:
                self._graph.replay()
                self.model.tokens_run += len(tokens)
        return self._said.tolist()

    def _step(self) -> None:
        """One more token of every row."""
        step = Step.after(self.pages, self._tables, self._lengths)
        embedded = self.model.embed_text(self._tokens[:, None])
        hidden = self.model.forward(embedded, positions=self._lengths[:, None], cache=step)[:, -1]
        best = self.model.logits(hidden).argmax(-1)
        self._tokens.copy_(torch.where(torch.isin(best, self._ends), self.model.frontend.end_of_turn, best))
        self._said.index_copy_(1, self._column, self._tokens[:, None])
        self._lengths += 1
        self._column += 1

    def _captured(self) -> torch.cuda.CUDAGraph | None:
        """The step as a graph; None if it waits for the device somewhere, as some quantised weights and experts do."""
        side = _side_stream(self.model.device)
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self._step()  # compiles kernels and chooses algorithms, which a capture cannot
            waits = self._waits()
        torch.cuda.current_stream().wait_stream(side)
        if waits:
            logger.info("the model's steps wait for the GPU, so that they are no CUDA graph, and slower")
            return None
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):  # other threads prepare sounds
            self._step()
        return graph

    def _waits(self) -> bool:
        """Whether a step makes the host wait for the device."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that this mode is new and may miss something, which the capture would then refuse
            torch.cuda.set_sync_debug_mode("error")
        try:
            self._step()
        except RuntimeError as error:
            if "synchronizing" not in str(error):
                raise
            return True
        finally:
            torch.cuda.set_sync_debug_mode("default")
        return False


@cache
def _side_stream(device: torch.device) -> torch.cuda.Stream:
    """The stream for captures. There is one, because matrix products keep a workspace for every stream that they have ever run on."""
    return torch.cuda.Stream(device)
