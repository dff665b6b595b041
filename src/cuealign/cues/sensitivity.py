"""How much each choice of the tokenisation matters: the tokens that change when it is made otherwise."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from cuealign.config.entries.dataset import TokenOptions
from cuealign.core.vocabulary import CONCEPTS, ORDINAL, TOKENS
from cuealign.cues.fitting import EVERYTHING


def variants(options: TokenOptions, splits: Mapping[str, Sequence[str]], manifest: pd.DataFrame) -> Iterator[tuple[str, TokenOptions]]:
    """Every choice changed by itself: what it is called, and the options with it.

    Args:
        options: of the dataset, of which one at a time is changed.
        splits: evaluation splits, each of which edges could be fitted on.
        manifest: of the dataset; edges per gender are a choice only where all genders are known.
    """

    def changed(**values: object) -> TokenOptions:
        return options.model_copy(update=values)

    over = "all" if options.voiced_mean else "voiced"
    yield f"means over {over} frames", changed(voiced_mean=not options.voiced_mean)
    average = "unsigned average" if options.signed_brightness else "Hammarberg index negative"
    yield f"BRIGHTNESS: {average}", changed(signed_brightness=not options.signed_brightness)
    if options.gender_specific:
        yield "edges for all genders together", changed(gender_specific=[])
    elif not (manifest["gender"] == "unknown").any() and manifest["gender"].nunique() > 1:
        yield "PITCH and FORMANTS: edges per gender", changed(gender_specific=["PITCH", "FORMANTS"])
    for fit_on in (EVERYTHING, *splits):
        covers_all = fit_on != EVERYTHING and manifest["split"].isin(splits[fit_on]).all()
        if fit_on != options.fit_on and not covers_all:
            yield f"edges fitted on {fit_on}", changed(fit_on=fit_on)


def changes(tokens: pd.DataFrame, others: pd.DataFrame) -> dict[str, float]:
    """Share of utterances whose token differs, per concept; of those where any does (``any``); and mean steps between bins.

    Args:
        tokens, others: columns of the six concepts, same utterances in the same order.

    Returns:
        The six concepts, ``any``, and ``steps``: how far apart ordinal tokens that differ lie, in bins, on average (NaN if
        none differs; UNVOICED counts as one step from any bin).
    """
    different = tokens[list(CONCEPTS)] != others[list(CONCEPTS)]
    result = {concept: float(different[concept].mean()) for concept in CONCEPTS} | {"any": float(different.any(axis=1).mean())}
    steps = []
    for concept in ORDINAL:
        rank = {token: number for number, token in enumerate(TOKENS[concept])}
        pairs = zip(tokens.loc[different[concept], concept], others.loc[different[concept], concept], strict=True)
        steps += [abs(rank[a] - rank[b]) if a in rank and b in rank else 1 for a, b in pairs]
    return result | {"steps": sum(steps) / len(steps) if steps else float("nan")}
