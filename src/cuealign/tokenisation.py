"""Fitting a tokenizer as the config says, and how much the choices that it makes matter."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from cuealign.concepts import ConceptTokenizer
from cuealign.vocabulary import CONCEPTS, ORDINAL, TOKENS

EVERYTHING = "all"
"""Value of ``fit_on`` by which edges come from all utterances of the dataset."""


def fit(means: pd.DataFrame, manifest: pd.DataFrame, options: Mapping[str, Any], splits: Mapping[str, Sequence[str]]) -> ConceptTokenizer:
    """Learn standardisation and edges.

    Args:
        means: table of kind :data:`cuealign.schema.DESCRIPTOR_MEANS`.
        manifest: table of kind :data:`cuealign.schema.MANIFEST`, same order.
        options: ``tokens`` of the dataset's config.
        splits: evaluation splits of the dataset, each with its values of the manifest's split column.

    Raises:
        InputError: as :meth:`ConceptTokenizer.fit`.
    """
    arguments = dict(options)
    fit_on = arguments.pop("fit_on")
    if fit_on != EVERYTHING:
        chosen = manifest["split"].isin(splits[fit_on]).to_numpy()
        means, manifest = means[chosen].reset_index(drop=True), manifest[chosen].reset_index(drop=True)
    return ConceptTokenizer(**arguments).fit(means, manifest["gender"])


def variants(
    options: Mapping[str, Any], splits: Mapping[str, Sequence[str]], manifest: pd.DataFrame
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every choice changed by itself: what it is called, and the options with it.

    Args:
        options: ``tokens`` of the dataset's config, from which one thing at a time is changed.
        splits: evaluation splits, each of which edges could be fitted on.
        manifest: of the dataset; edges per gender are a choice only where all genders are known.
    """
    options = dict(options)
    over = "all" if options["voiced_mean"] else "voiced"
    yield f"means over {over} frames", options | {"voiced_mean": not options["voiced_mean"]}
    average = "unsigned average" if options["signed_brightness"] else "Hammarberg index negative"
    yield f"BRIGHTNESS: {average}", options | {"signed_brightness": not options["signed_brightness"]}
    if options["gender_specific"]:
        yield "edges for all genders together", options | {"gender_specific": []}
    elif not (manifest["gender"] == "unknown").any() and manifest["gender"].nunique() > 1:
        yield "PITCH and FORMANTS: edges per gender", options | {"gender_specific": ["PITCH", "FORMANTS"]}
    for fit_on in (EVERYTHING, *splits):
        covers_all = fit_on != EVERYTHING and manifest["split"].isin(splits[fit_on]).all()
        if fit_on != options["fit_on"] and not covers_all:
            yield f"edges fitted on {fit_on}", options | {"fit_on": fit_on}


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
