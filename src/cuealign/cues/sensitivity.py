"""How many tokens change if one option of the tokenisation is changed."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from cuealign.config.entries.dataset import TokenOptions, VoiceQuality
from cuealign.core.vocabulary import CONCEPTS, ORDINAL, TOKENS
from cuealign.cues.fitting import ALL_UTTERANCES

_VOICE_QUALITIES = {
    "three scores": VoiceQuality(),
    "scores with openSMILE's H1": VoiceQuality(first_harmonic="opensmile"),
    "thresholds of version 0.1": VoiceQuality(rule="thresholds", first_harmonic="opensmile"),
}


def variants(options: TokenOptions, splits: Mapping[str, Sequence[str]], manifest: pd.DataFrame) -> Iterator[tuple[str, TokenOptions]]:
    """Yield a title and changed options for every option that can be changed, one at a time.

    Args:
        options: token options of the dataset.
        splits: evaluation splits on which edges could be fitted.
        manifest: of the dataset. Edges per gender are tried only if all genders are known.
    """

    def changed(**values: object) -> TokenOptions:
        return options.model_copy(update=values)

    over = "all" if options.voiced_mean else "voiced"
    if options.f0 == "mean":  # the median is over voiced frames
        yield f"means over {over} frames", changed(voiced_mean=not options.voiced_mean)
    average = "unsigned average" if options.signed_brightness else "Hammarberg index negative"
    yield f"BRIGHTNESS: {average}", changed(signed_brightness=not options.signed_brightness)
    for title, voice_quality in _VOICE_QUALITIES.items():
        if voice_quality != options.voice_quality:
            yield f"VOICE_QUALITY: {title}", changed(voice_quality=voice_quality)
    if options.voiced_mean:
        other = "mean" if options.f0 == "median" else "median"
        yield f"PITCH: {other} of F0", changed(f0=other)
    other = "all" if options.brightness_frames == "voiced" else "voiced"
    yield f"BRIGHTNESS: over {other} frames", changed(brightness_frames=other)
    if options.gender_specific:
        yield "edges for all genders together", changed(gender_specific=[])
    elif not (manifest["gender"] == "unknown").any() and manifest["gender"].nunique() > 1:
        yield "PITCH and FORMANTS: edges per gender", changed(gender_specific=["PITCH", "FORMANTS"])
    for fit_on in (ALL_UTTERANCES, *splits):
        covers_all = fit_on != ALL_UTTERANCES and manifest["split"].isin(splits[fit_on]).all()
        if fit_on != options.fit_on and not covers_all:
            yield f"edges fitted on {fit_on}", changed(fit_on=fit_on)


def compare_tokens(tokens: pd.DataFrame, others: pd.DataFrame) -> dict[str, float]:
    """Measure how two tokenisations of the same utterances differ.

    Args:
        tokens, others: columns of the six concepts, same utterances in the same order.

    Returns:
        For each concept, the share of utterances whose token differs. ``any``: the share in which at least one token differs.
        ``steps``: mean distance in bins between ordinal tokens that differ; UNVOICED is one step from any bin; NaN if none
        differs.
    """
    different = tokens[list(CONCEPTS)] != others[list(CONCEPTS)]
    result = {concept: float(different[concept].mean()) for concept in CONCEPTS} | {"any": float(different.any(axis=1).mean())}
    steps = []
    for concept in ORDINAL:
        rank = {token: number for number, token in enumerate(TOKENS[concept])}
        pairs = zip(tokens.loc[different[concept], concept], others.loc[different[concept], concept], strict=True)
        steps += [abs(rank[a] - rank[b]) if a in rank and b in rank else 1 for a, b in pairs]
    return result | {"steps": sum(steps) / len(steps) if steps else float("nan")}
