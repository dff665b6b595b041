"""Tokens that end an answer. A checkpoint may have several; in label answers and in responses, one stands for all."""

from collections.abc import Sequence

import torch

from cuealign.models.base import CausalModel
from cuealign.models.transfer import to_device


def one_end(model: CausalModel, tokens: torch.Tensor) -> torch.Tensor:
    """Token ids with every end replaced by the frontend's end of turn."""
    end, others = model.frontend.end_of_turn, [other for other in model.ends if other != model.frontend.end_of_turn]
    if not others:
        return tokens
    return torch.where(torch.isin(tokens, to_device(torch.tensor(others), tokens.device)), end, tokens)


def picked(model: CausalModel, logits: torch.Tensor, places: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Log-probabilities of tokens; that of the end of turn is that of any end.

    Args:
        model: whose ends count.
        logits: shape ``(rows, places, vocabulary)``.
        places, tokens: the place and the id of each token, shape ``(tokens,)``.

    Returns:
        Shape ``(rows, tokens)``.
    """
    chosen = logits[:, places, tokens]
    if len(model.ends) > 1:
        ends = logits[..., list(model.ends)].logsumexp(-1)
        chosen = torch.where(tokens == model.frontend.end_of_turn, ends[:, places], chosen)
    return chosen - logits.logsumexp(-1)[:, places]


def is_cut(model: CausalModel, answer: Sequence[int]) -> bool:
    """Whether an answer has no end: the limit of tokens cut it."""
    return len(answer) == 0 or answer[-1] != model.frontend.end_of_turn
