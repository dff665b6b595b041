"""Fitting a tokenizer as a dataset's entry in the config says."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cuealign.config.entries.dataset import TokenOptions
from cuealign.cues.tokenizer import ConceptTokenizer

EVERYTHING = "all"
"""Value of ``fit_on`` by which edges come from all utterances of the dataset."""


def fit_tokenizer(
    means: pd.DataFrame, manifest: pd.DataFrame, options: TokenOptions, splits: Mapping[str, Sequence[str]]
) -> ConceptTokenizer:
    """Learn standardisation and edges.

    Args:
        means: table of kind :data:`cuealign.core.schema.DESCRIPTOR_MEANS`.
        manifest: table of kind :data:`cuealign.core.schema.MANIFEST`, same order.
        options: of the dataset.
        splits: evaluation splits of the dataset, each with its values of the manifest's split column.

    Raises:
        InputError: as :meth:`ConceptTokenizer.fit`.
    """
    if options.fit_on != EVERYTHING:
        chosen = manifest["split"].isin(splits[options.fit_on]).to_numpy()
        means, manifest = means[chosen].reset_index(drop=True), manifest[chosen].reset_index(drop=True)
    tokenizer = ConceptTokenizer(
        voiced_mean=options.voiced_mean,
        gender_specific=options.gender_specific,
        signed_brightness=options.signed_brightness,
        voice_quality=options.voice_quality,
    )
    return tokenizer.fit(means, manifest["gender"])
