"""Tables of the grounding of one model on one split: reliance, reading, interactions and speakers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.evaluation.columns import INTERACTIONS, READING, RELIANCE, SPEAKERS
from cuealign.evaluation.evaluation import FEWEST_SESSIONS, FEWEST_SPEAKERS
from cuealign.evaluation.grounding import effects, movement
from cuealign.evaluation.grounding.clusters import Quantity, corrected, quantity, ratio
from cuealign.evaluation.grounding.names import names
from cuealign.evaluation.grounding.quantities import Grounding

_NO_INTERVAL = (float("nan"), float("nan"))


def reliance(grounding: Grounding, confidence: float) -> pd.DataFrame:
    """All quantities, with jackknife-t intervals over speakers and, where there are enough, over sessions.

    Returns:
        Columns :data:`RELIANCE`. What cannot be computed is missing, and so are intervals of fewer than six speakers or five sessions.
    """
    by_speaker, sessions = grounding.quantities(grounding.speakers), grounding.sessions
    enough = sessions is not None and sessions.count >= FEWEST_SESSIONS
    by_session = grounding.quantities(sessions) if enough and grounding.speakers.count >= FEWEST_SPEAKERS else {}
    rows = []
    for name in names(list(grounding.trials.conditions)):
        found = by_speaker.get(name)
        if name == "follow_index_spread":
            rows.append((name, spread(grounding.follow_index_by_speaker()), *_NO_INTERVAL, *_NO_INTERVAL))
        elif name == "format_ratio" and found is not None:
            of_speakers = _NO_INTERVAL
            if grounding.speakers.count >= FEWEST_SPEAKERS:
                of_speakers = grounding.format_ratio_interval(grounding.speakers, confidence)
            of_sessions = grounding.format_ratio_interval(sessions, confidence) if by_session else _NO_INTERVAL
            rows.append((name, found.value, *of_speakers, *of_sessions))
        else:
            value = float("nan") if found is None else found.shown
            rows.append((name, value, *_interval(found, confidence, FEWEST_SPEAKERS), *_interval(by_session.get(name), confidence, 0)))
    return pd.DataFrame(rows, columns=list(RELIANCE))


def _interval(found: Quantity | None, confidence: float, fewest: int) -> tuple[float, float]:
    return _NO_INTERVAL if found is None or len(found.left_out) < fewest else found.interval(confidence)


def spread(values: np.ndarray) -> float:
    """Standard deviation over mean; NaN without two values or where the mean is not positive."""
    known = values[~np.isnan(values)]
    return float(known.std(ddof=1) / known.mean()) if len(known) > 1 and known.mean() > 0 else float("nan")


def reading(grounding: Grounding, confidence: float) -> pd.DataFrame:
    """The effect of every token on the log-odds of every live label, beside its partial effect in the corpus.

    Returns:
        Columns :data:`READING`; no row without log-probabilities under random tokens. ``marked`` says whether the effect differs from 0
        when all effects are tested together (Bonferroni): with plain intervals, most studies "find" an effect where a model has none.
    """
    fit = grounding.by_speaker
    if fit is None:
        return pd.DataFrame(columns=list(READING))
    known = grounding.corpus_tokens is not None
    corpus = grounding.in_corpus(grounding.speakers)[0] if known else np.full(fit.effects.shape[1:], np.nan)
    together = 1 - (1 - confidence) / fit.effects[0].size
    enough = grounding.speakers.count >= FEWEST_SPEAKERS
    rows = []
    for place, concept in enumerate(CONCEPTS):
        for level, token in enumerate(TOKENS[concept]):
            for column, label in enumerate(grounding.live):
                found = quantity(fit.effects[:, place, level, column], grounding.speakers)
                bounds, wide = (found.interval(confidence), found.interval(together)) if enough else (_NO_INTERVAL, _NO_INTERVAL)
                marked = bool(wide[0] > 0 or wide[1] < 0)
                rows.append((concept, token, grounding.trials.names[label], found.value, *bounds, marked, corpus[place, level, column]))
    return pd.DataFrame(rows, columns=list(READING))


def interactions(grounding: Grounding, confidence: float) -> pd.DataFrame:
    """What each pair of concepts explains of all variation in log-odds, beyond the effects of both.

    Returns:
        Columns :data:`INTERACTIONS`; no row without log-probabilities, or with too few trials for 240 coefficients.
    """
    if grounding.log_odds is None:
        return pd.DataFrame(columns=list(INTERACTIONS))
    tokens, clusters = grounding.random.tokens, grounding.speakers
    design = np.concatenate([effects.main_design(tokens), effects.pair_design(tokens)], axis=-1)
    fit = effects.fit(grounding.log_odds, design, clusters)
    if fit is None:
        return pd.DataFrame(columns=list(INTERACTIONS))
    within, between = movement.variances(grounding.log_odds, clusters)
    powers = corrected(fit.pair_powers)
    rows = []
    for place, (a, b) in enumerate(effects.PAIRS):
        found = quantity(ratio(powers[:, place], within + between), clusters)
        rows.append((CONCEPTS[a], CONCEPTS[b], found.value, *_interval(found, confidence, FEWEST_SPEAKERS)))
    return pd.DataFrame(rows, columns=list(INTERACTIONS))


def speakers(grounding: Grounding, speaker_names: Sequence[str]) -> pd.DataFrame:
    """Follow index and utterances of each speaker, columns :data:`SPEAKERS`."""
    index = grounding.follow_index_by_speaker()
    return pd.DataFrame(list(zip(speaker_names, index, grounding.speakers.sizes, strict=True)), columns=list(SPEAKERS))
