"""Fit the tokenizer of a dataset with the options in its config entry."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cuealign.config.entries.dataset import TokenOptions
from cuealign.cues.tokenizer import ConceptTokenizer

ALL_UTTERANCES = "all"
"""Value of ``fit_on`` that fits on all utterances of the dataset."""


def fit_tokenizer(
    means: pd.DataFrame, manifest: pd.DataFrame, options: TokenOptions, splits: Mapping[str, Sequence[str]]
) -> ConceptTokenizer:
    """Fit a tokenizer on the utterances that ``options.fit_on`` selects.

    Args:
        means: table of kind :data:`cuealign.core.schema.DESCRIPTOR_MEANS`.
        manifest: table of kind :data:`cuealign.core.schema.MANIFEST`, same order.
        options: token options of the dataset.
        splits: evaluation splits, each with its values of the manifest's split column.

    Raises:
        InputError: see :meth:`ConceptTokenizer.fit`.
    """
    if options.fit_on != ALL_UTTERANCES:
        chosen = manifest["split"].isin(splits[options.fit_on]).to_numpy()
        means, manifest = means[chosen].reset_index(drop=True), manifest[chosen].reset_index(drop=True)
    tokenizer = ConceptTokenizer(
        voiced_mean=options.voiced_mean,
        gender_specific=options.gender_specific,
        signed_brightness=options.signed_brightness,
        f0=options.f0,
        brightness_frames=options.brightness_frames,
        voice_quality=options.voice_quality,
    )
    return tokenizer.fit(means, manifest["gender"])
