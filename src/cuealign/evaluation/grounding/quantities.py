"""All quantities of one model on one split: what is computed, from which conditions, and on which scale its interval lies."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import stdtrit

from cuealign.core.vocabulary import CONCEPTS
from cuealign.evaluation.grounding import accuracy, effects, following, information, movement
from cuealign.evaluation.grounding.clusters import Clusters, Quantity, corrected, quantity, ratio
from cuealign.evaluation.grounding.listeners import temperatures
from cuealign.evaluation.grounding.names import BLANK, CONFLICT, CORRECT, NONE, RANDOM, SHUFFLE, written
from cuealign.evaluation.grounding.readers import Reader, cue_reader, own_reader, partial_effects
from cuealign.evaluation.grounding.trials import Draws, Trials
from cuealign.evaluation.jackknife import FEWEST_WORTH, worth


@dataclass(frozen=True)
class Grounding:
    """What the answers and log-probabilities of one model say about its use of the cues. Parts are computed on first use.

    Attributes:
        trials: of the model.
        listeners: trials of the control listeners on the same utterances: ``audio`` and ``cues``, where they were run.
        towards: label whose share is reported under each condition.
    """

    trials: Trials
    listeners: Mapping[str, Trials]
    towards: str = "neutral"

    @cached_property
    def speakers(self) -> Clusters:
        """Speakers as clusters."""
        return Clusters(self.trials.speakers)

    @cached_property
    def sessions(self) -> Clusters | None:
        """Sessions as clusters; None where the corpus has none."""
        return None if self.trials.sessions is None else Clusters(self.trials.sessions)

    @property
    def count(self) -> int:
        """Number of labels."""
        return len(self.trials.names)

    def draws(self, condition: str, *, least: int = 1) -> Draws | None:
        """Draws of a condition; None if it was not run, or less often than ``least``."""
        found = self.trials.conditions.get(condition)
        return found if found is not None and found.answers.shape[1] >= least else None

    @cached_property
    def random(self) -> Draws | None:
        """Draws under random tokens, with log-probabilities; None without."""
        found = self.draws(RANDOM, least=2)
        return None if found is None or found.scores is None or found.tokens is None else found

    @cached_property
    def live(self) -> np.ndarray:
        """Labels with more than 1 % of the answers under random tokens."""
        return movement.live_labels(self.random.answers, self.count)

    @cached_property
    def log_odds(self) -> np.ndarray | None:
        """Log-odds over live labels under random tokens, shape ``(N, S, L)``; None without log-probabilities or a second live label."""
        return None if self.random is None or len(self.live) < 2 else movement.log_odds(self.random.scores, self.live)

    def fit(self, clusters: Clusters) -> effects.Fit | None:
        """Additive effects of random tokens on the log-odds."""
        return None if self.log_odds is None else effects.fit(self.log_odds, effects.main_design(self.random.tokens), clusters)

    @cached_property
    def by_speaker(self) -> effects.Fit | None:
        """:meth:`fit` with speakers as clusters."""
        return self.fit(self.speakers)

    def of_clusters(self, clusters: Clusters) -> effects.Fit | None:
        """:meth:`fit`, computed once for speakers."""
        return self.by_speaker if clusters is self.speakers else self.fit(clusters)

    @cached_property
    def corpus_tokens(self) -> np.ndarray | None:
        """Correct tokens, shape ``(N, 6)``; None where the condition was not run."""
        correct = self.draws(CORRECT)
        return None if correct is None or correct.tokens is None else correct.tokens[:, 0]

    @cached_property
    def by_speaker_in_corpus(self) -> np.ndarray:
        """Partial effects of the tokens in the corpus with speakers as clusters, shape ``(G + 1, 6, 5, C)``."""
        return partial_effects(self.trials.labels, self.corpus_tokens, self.speakers, self.count)

    def in_corpus(self, clusters: Clusters) -> np.ndarray:
        """Partial effects of the tokens in the corpus on the live labels, centred on these, shape ``(G + 1, 6, 5, L)``."""
        of_speakers = clusters is self.speakers
        found = self.by_speaker_in_corpus if of_speakers else partial_effects(self.trials.labels, self.corpus_tokens, clusters, self.count)
        chosen = found[..., self.live]
        return chosen - chosen.mean(axis=-1, keepdims=True)

    @cached_property
    def cue_reader(self) -> Reader | None:
        """Reader by what the tokens mean in the corpus."""
        if self.corpus_tokens is None or self.speakers.count < 2:
            return None
        return cue_reader(self.trials.labels, self.corpus_tokens, self.speakers, self.count)

    @cached_property
    def own_reader(self) -> Reader | None:
        """Reader by the model's own answers under random tokens."""
        found = self.draws(RANDOM, least=2)
        if found is None or found.tokens is None or self.speakers.count < 2:
            return None
        return own_reader(found.answers, found.tokens, self.speakers, self.count)

    @cached_property
    def read_foreign(self) -> np.ndarray | None:
        """What the cue reader makes of the foreign blocks, shape ``(N, S)``."""
        shuffled = self.draws(SHUFFLE, least=2)
        return None if shuffled is None or self.cue_reader is None else self.cue_reader(shuffled.tokens)

    @cached_property
    def own_read_foreign(self) -> np.ndarray | None:
        """What the model's own reader makes of the foreign blocks, shape ``(N, S)``."""
        shuffled = self.draws(SHUFFLE, least=2)
        return None if shuffled is None or self.own_reader is None else self.own_reader(shuffled.tokens)

    # ------------------------------------------------------------ quantities

    def quantities(self, clusters: Clusters) -> dict[str, Quantity]:
        """All quantities that can be computed, by name; see docs/reading-results.md."""
        return {
            **self._movement(clusters),
            **self._following(clusters),
            **self._format(clusters),
            **self._of_conditions(clusters),
            **self._trend(clusters),
        }

    def uar(self, condition: str, clusters: Clusters) -> np.ndarray | None:
        """UAR of a condition, shape ``(G + 1,)``; None if it was not run."""
        found = self.draws(condition)
        return None if found is None else accuracy.uar(self.trials.labels, found.answers, clusters, self.count)

    def _movement(self, clusters: Clusters) -> dict[str, Quantity]:
        found: dict[str, Quantity] = {}
        if shuffled := self.draws(SHUFFLE, least=2):
            found["answers_moved"] = quantity(movement.answers_moved(shuffled.answers, clusters), clusters, "share")
            vectors = movement.one_hot(shuffled.answers, self.count + 1)
            found["share_answers"] = quantity(movement.share_moved(vectors, clusters), clusters, "share")
            if shuffled.scores is not None:
                bits = clusters.mean(information.information(shuffled.scores))
                found["information_bits"] = quantity(bits, clusters, "log")
        if self.log_odds is None:
            return found
        within, between = movement.variances(self.log_odds, clusters)
        total = within + between
        found["share_logodds"] = quantity(ratio(within, total), clusters, "odds")
        if (fit := self.of_clusters(clusters)) is None:
            return found
        powers = corrected(fit.powers)
        found["share_logodds_additive"] = quantity(ratio(powers.sum(axis=1), total), clusters, "odds")
        for place, concept in enumerate(CONCEPTS):
            found[f"share_{concept}"] = quantity(ratio(powers[:, place], total), clusters)
        return found | self._against_listeners(clusters, _spreads(powers, between))

    def _against_listeners(self, clusters: Clusters, own: tuple[np.ndarray, np.ndarray]) -> dict[str, Quantity]:
        """Equivalent cue weight and direction, and how the reading agrees with the corpus and with the listener to cues."""
        fit, found = self.of_clusters(clusters), {}
        if self.corpus_tokens is not None:
            for name, agreement in _agreements(fit.effects, self.in_corpus(clusters)).items():
                found[f"reading_agreement{name}"] = quantity(agreement, clusters, "correlation")
        theirs = self._listener_fit(clusters)
        if theirs is None:
            return found
        ruler, listened = theirs
        # Products instead of quotients: a model that does not hear has no spread between utterances, and weighs 1.
        cues, audio = own[0] * ruler[1], own[1] * ruler[0]
        found["equivalent_cue_weight"] = quantity(ratio(cues, cues + audio), clusters, "odds")
        found["direction"] = quantity(_correlation(fit.effects, listened.effects), clusters, "correlation")
        if self.corpus_tokens is not None:
            found["reading_ceiling"] = quantity(_agreements(listened.effects, self.in_corpus(clusters))[""], clusters, "correlation")
        return found

    def _listener_fit(self, clusters: Clusters) -> tuple[tuple[np.ndarray, np.ndarray], effects.Fit] | None:
        """The calibrated listeners' spreads, by cues and by audio, and the effects of the listener to cues."""
        if not all(self._usable(self.listeners.get(name)) for name in ("audio", "cues")):
            return None
        odds = {name: movement.log_odds(found.conditions[RANDOM].scores, self.live) for name, found in self.listeners.items()}
        divisors = {
            name: temperatures(found.conditions[CORRECT].scores[:, 0], found.labels, clusters) for name, found in self.listeners.items()
        }
        fitted = effects.fit(odds["cues"], effects.main_design(self.listeners["cues"].conditions[RANDOM].tokens), clusters)
        if fitted is None:
            return None
        _, between = movement.variances(odds["audio"], clusters)
        by_cues, by_audio = _spreads(corrected(fitted.powers), between)
        return (by_cues / divisors["cues"], by_audio / divisors["audio"]), fitted

    def _usable(self, listener: Trials | None) -> bool:
        """Whether a listener was asked what the ruler needs, on the same utterances."""
        if listener is None or not {CORRECT, RANDOM} <= set(listener.conditions) or not np.array_equal(listener.labels, self.trials.labels):
            return False
        return all(listener.conditions[name].scores is not None for name in (CORRECT, RANDOM))

    def _following(self, clusters: Clusters) -> dict[str, Quantity]:
        found: dict[str, Quantity] = {}
        shuffled, conflicting, correct = self.draws(SHUFFLE, least=2), self.draws(CONFLICT), self.draws(CORRECT)
        if self.read_foreign is not None:
            found["follow_index"] = quantity(following.follow_index(shuffled.answers, self.read_foreign, clusters), clusters)
        if self.own_read_foreign is not None:
            found["own_reader_index"] = quantity(following.follow_index(shuffled.answers, self.own_read_foreign, clusters), clusters)
        if self.read_foreign is not None and conflicting is not None:
            contradicted, true = self.cue_reader(conflicting.tokens), self.cue_reader(correct.tokens)
            rate = following.conflict_follow_rate(conflicting.answers, contradicted, true, shuffled.answers, clusters)
            found["conflict_follow_rate"] = quantity(rate, clusters)
        return found

    @cached_property
    def reference(self) -> str:
        """What costs are measured against: the block without content from ``log-odds``, the condition ``blank``, or ``audio-only``."""
        if self.by_speaker is not None:
            return "log-odds"
        return BLANK if self.draws(BLANK) is not None else "audio-only"

    def without_content(self, clusters: Clusters) -> np.ndarray | None:
        """UAR of :attr:`reference`, shape ``(G + 1,)``."""
        if self.reference != "log-odds":
            return self.uar(BLANK if self.reference == BLANK else NONE, clusters)
        fit = self.of_clusters(clusters)
        average = effects.main_design(self.random.tokens).mean(axis=1)
        content = np.einsum("np,rpl->rnl", average, fit.coefficients)
        labels, odds = self.trials.labels, self.log_odds.mean(axis=1)
        return accuracy.uar_without_content(labels, odds, content, self.live, clusters, self.count)

    def _format(self, clusters: Clusters) -> dict[str, Quantity]:
        base, none, correct = self.without_content(clusters), self.uar(NONE, clusters), self.uar(CORRECT, clusters)
        found: dict[str, Quantity] = {}
        if base is None:
            return found
        for name, condition in (("gain", CORRECT), ("cost_shuffle", SHUFFLE), ("cost_conflict", CONFLICT)):
            if (uar := self.uar(condition, clusters)) is not None:
                found[name] = quantity(uar - base, clusters)
        if self.reference != "audio-only" and none is not None:
            found["format"] = quantity(base - none, clusters)
            if correct is not None:
                found["format_ratio"] = quantity(ratio(base - none, correct - none), clusters)
        return found

    def _of_conditions(self, clusters: Clusters) -> dict[str, Quantity]:
        found: dict[str, Quantity] = {}
        none = self.draws(NONE)
        for condition, draws in self.trials.conditions.items():
            name = written(condition)
            if self.towards in self.trials.names:
                named = (draws.answers == self.trials.names.index(self.towards)).mean(axis=1)
                found[f"neutral_{name}"] = quantity(clusters.mean(named), clusters, "share")
            if draws.scores is not None:
                error = accuracy.calibration_error(draws.scores, self.trials.labels, clusters)
                found[f"calibration_error_{name}"] = _without_interval(error, clusters)
                odds = _centred(draws)
                labels = self.trials.labels
                found[f"discrimination_{name}"] = quantity(accuracy.discrimination(odds, labels, clusters, self.count), clusters)
            if none is None or condition == NONE:
                continue
            flips = (draws.answers != none.answers).mean(axis=1)
            found[f"flips_{name}"] = quantity(clusters.mean(flips), clusters, "share")
            if draws.scores is not None and none.scores is not None:
                moved = information.jensen_shannon(draws.scores, none.scores)
                found[f"js_bits_{name}"] = quantity(clusters.mean(moved), clusters, "log")
                shift = accuracy.prior_shift(odds, _centred(none), self.trials.labels, clusters, self.count)
                found[f"prior_shift_{name}"] = _without_interval(shift, clusters)
        return found

    def _trend(self, clusters: Clusters) -> dict[str, Quantity]:
        """Slope of UAR over the strength of corruption."""
        strengths, uars, weights = [], [], []
        for condition, draws in self.trials.conditions.items():
            if condition.startswith("corrupt("):
                strengths.append(float(condition.removeprefix("corrupt(").removesuffix(")")))
                uars.append(self.uar(condition, clusters))
                weights.append(draws.answers.shape[1])
        if len(strengths) < 2:
            return {}
        centred = np.array(strengths) - np.average(strengths, weights=weights)
        slopes = centred * weights / (weights * np.square(centred)).sum()
        return {"trend_slope": quantity(slopes @ np.stack(uars), clusters)}

    # ------------------------------------------------------------ speakers

    def follow_index_by_speaker(self) -> np.ndarray:
        """Follow index of each speaker, shape ``(G,)``; NaN where it has no value."""
        shuffled = self.draws(SHUFFLE, least=2)
        if self.read_foreign is None:
            return np.full(self.speakers.count, np.nan)
        return following.follow_index_of_each(shuffled.answers, self.read_foreign, self.speakers)

    def format_ratio_interval(self, clusters: Clusters, confidence: float) -> tuple[float, float]:
        """Interval of the ratio of the format's part to the whole gain (Fieller 1954); NaN where it is unbounded."""
        base, none, correct = self.without_content(clusters), self.uar(NONE, clusters), self.uar(CORRECT, clusters)
        return fieller(base - none, correct - none, clusters, confidence)


def _without_interval(values: np.ndarray, clusters: Clusters) -> Quantity:
    """A distance that is above 0 by chance alone, so that its jackknife lies beside the truth."""
    return quantity(np.append(values[:1], np.full(clusters.count, np.nan)), clusters)


def _centred(draws: Draws) -> np.ndarray:
    """Centred log-odds over all labels, averaged over draws, shape ``(N, C)``."""
    return (draws.scores - draws.scores.mean(axis=-1, keepdims=True)).mean(axis=1)


def _spreads(powers: np.ndarray, between: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations that tokens add, and between utterances, each of shape ``(G + 1,)``."""
    return np.sqrt(powers.sum(axis=1).clip(0)), np.sqrt(between.clip(0))


_LEAST_EFFECT = 1e-4
"""Effects whose root mean square is below this, in nats, are rounding errors of log-probabilities in single precision."""


def _correlation(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Correlation of the entries of two arrays ``(G + 1, ...)``, without those that are missing in one, shape ``(G + 1,)``.

    It is missing where a model has no effects to speak of, as what does not move has no direction, and where no entry is known in
    both, as in a corpus where no token is frequent enough.
    """
    one, two = (array.reshape(len(array), -1) for array in (one, two))
    known = ~np.isnan(one[0]) & ~np.isnan(two[0])
    if not known.any() or np.sqrt(np.square(one[0, known]).mean()) < _LEAST_EFFECT:
        return np.full(len(one), np.nan)
    one, two = (array[:, known] - array[:, known].mean(axis=1, keepdims=True) for array in (one, two))
    return ratio((one * two).sum(axis=1), np.sqrt(np.square(one).sum(axis=1) * np.square(two).sum(axis=1)))


def _agreements(own: np.ndarray, corpus: np.ndarray) -> dict[str, np.ndarray]:
    """Correlation of effects with those of the corpus: over all, and for each concept."""
    found = {"": _correlation(own, corpus)}
    for place, concept in enumerate(CONCEPTS):
        found[f"_{concept}"] = _correlation(own[:, place], corpus[:, place])
    return found


def fieller(above: np.ndarray, below: np.ndarray, clusters: Clusters, confidence: float) -> tuple[float, float]:
    """Interval of a ratio of two quantities, each of shape ``(G + 1,)`` (Fieller 1954); NaN where it is unbounded."""
    parts = [quantity(values, clusters) for values in (above, below)]
    count, degrees = clusters.count, worth(clusters.sizes) - 1
    if degrees + 1 < FEWEST_WORTH or not all(np.isfinite(values).all() for values in (above, below)):
        return float("nan"), float("nan")
    deviations = np.stack([part.left_out - part.left_out.mean() for part in parts])
    covariance = (count - 1) / count * deviations @ deviations.T
    square = float(stdtrit(degrees, (1 + confidence) / 2)) ** 2
    a = parts[1].value ** 2 - square * covariance[1, 1]
    b = parts[0].value * parts[1].value - square * covariance[0, 1]
    c = parts[0].value ** 2 - square * covariance[0, 0]
    inside = b**2 - a * c
    if a <= 0 or inside < 0:  # the divisor may be 0
        return float("nan"), float("nan")
    root = float(np.sqrt(inside))
    return (b - root) / a, (b + root) / a
