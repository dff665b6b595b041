"""Signs that a model's answers or scores are not what they seem, from its predictions and from what its jobs found out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from cuealign.core.vocabulary import INVALID
from cuealign.evaluation.columns import CHECKS
from cuealign.evaluation.evaluation import FEWEST_SPEAKERS

SIGNIFICANT = 0.05
"""Corrected p-value from which on a difference is claimed."""

_LEAST_MASS, _LEAST_AGREEMENT, _MOST_INVALID, _FLAT, _RARE = 0.5, 0.9, 0.05, 0.99, 0.001


def summarise(
    predictions: Sequence[pd.DataFrame], jobs: Sequence[Mapping[str, Any]], labels: Sequence[str], comparisons: pd.DataFrame | None
) -> pd.DataFrame:
    """Checks of one model on one split, over all conditions.

    Args:
        predictions: tables of kind :data:`cuealign.core.schema.PREDICTIONS`, one per condition.
        jobs: what the jobs found out (:func:`cuealign.inference.respond.respond`), by shard.
        labels: of the dataset.
        comparisons: differences of UAR, for the smallest one that is claimed; None if they were not computed.

    Returns:
        Columns :data:`CHECKS`; ``caution`` is empty where the value is as it should be.
    """
    table = pd.concat(predictions, ignore_index=True)
    scores = table[[f"logprob_{label}" for label in labels]].to_numpy()
    total = logsumexp(scores, axis=1)
    shares = scores - total[:, None]
    entropy = float(-(np.exp(shares) * shares).sum(axis=1).mean())
    mass = float(np.exp(total).mean())
    read = (table["prediction"] != INVALID).to_numpy()
    best = np.array(labels, dtype=object)[scores.argmax(axis=1)]
    agreement = float((best == table["prediction"].to_numpy())[read].mean()) if read.any() else float("nan")
    invalid, cut = float(1 - read.mean()), int(table["cut"].sum())
    sounds, sounds_cut = (sum(int(job[name]) for job in jobs) for name in ("sounds", "sounds_cut"))
    rows: list[tuple[str, float, str]] = [
        ("tensors_placed", float(jobs[0]["tensors_placed"]), ""),
        ("answers", float(len(table)), ""),
        (
            "entropy",
            entropy,
            "its scores hardly differ between the labels." if entropy > _FLAT * np.log(len(labels)) else "",
        ),
        (
            "label_mass",
            mass,
            f"label words carry {100 * mass:.0f}% of the probability: it words its answers in another way." if mass < _LEAST_MASS else "",
        ),
        (
            "best_score_agrees",
            agreement,
            f"{100 * (1 - agreement):.0f}% of its answers are not the label with the best score." if agreement < _LEAST_AGREEMENT else "",
        ),
        ("invalid_share", invalid, f"{100 * invalid:.0f}% of its answers name no label." if invalid > _MOST_INVALID else ""),
        (
            "cut_share",
            cut / len(table),
            f"{cut} of {len(table)} answers were cut by max_new_tokens and count as INVALID." if cut else "",
        ),
        (
            "sounds_cut",
            sounds_cut / sounds,
            f"{sounds_cut} of {sounds} sounds are longer than it can hear and were cut." if sounds_cut else "",
        ),
    ]
    rows += _rare_class(predictions[0])
    if "score_noise" in jobs[0]:
        rows += _noise(jobs[0], comparisons)
    return pd.DataFrame(rows, columns=list(CHECKS))


def noise_floor(checks: pd.DataFrame) -> float | None:
    """Share of answers that change if the same prompts are answered in other packs; None where no job measured it.

    Args:
        checks: of a model on a split, columns :data:`CHECKS`.
    """
    found = checks.loc[checks["quantity"] == "answers_unstable", "value"]
    return float(found.iloc[0]) if len(found) else None


def _rare_class(table: pd.DataFrame) -> list[tuple[str, float, str]]:
    """The share of resamples that lack the class of the fewest speakers; none where every speaker has every class."""
    speakers = table["speaker"].nunique()
    having = table.groupby("label")["speaker"].nunique().sort_values(kind="stable")
    share = (1 - having.iloc[0] / speakers) ** speakers  # that a speaker's draws all miss those who have it
    if share < _RARE or speakers < FEWEST_SPEAKERS:
        return []
    caution = (
        f"class {having.index[0]!r} has {having.iloc[0]} of {speakers} speakers: some {100 * share:.0f}% of the resamples lack it and are "
        "left out of the bootstrap's intervals."
    )
    return [("resamples_left_out", float(share), caution)]


def _noise(job: Mapping[str, Any], comparisons: pd.DataFrame | None) -> list[tuple[str, float, str]]:
    """The noise floor beside the smallest difference that the tables claim."""
    unstable = float(job["answers_unstable"])
    rows = [("noise_prompts", float(job["noise_prompts"]), ""), ("score_noise", float(job["score_noise"]), "")]
    claimed = comparisons[comparisons["holm_p"] < SIGNIFICANT]["delta"].abs() if comparisons is not None else pd.Series(dtype=float)
    caution = ""
    if len(claimed):
        smallest = float(claimed.min())
        if unstable >= smallest:
            caution = (
                f"{100 * unstable:.1f}% of its answers change if they are asked in other packs, as much as its smallest significant "
                f"difference of UAR ({smallest:.3f})."
            )
        rows.append(("smallest_difference", smallest, ""))
    return [*rows, ("answers_unstable", unstable, caution)]
