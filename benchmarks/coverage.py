"""How often intervals cover the true UAR, and how often tests of a difference that is not there reject, by simulation.

    PYTHONPATH=src python benchmarks/coverage.py --studies 2000

Every study has speakers whose accuracies differ, in each of four classes, and twenty utterances per speaker and class. Intervals
are of the difference of two conditions whose effect differs between speakers; the true difference is known.
"""

import argparse

import numpy as np

from cuealign.evaluation.jackknife import Jackknife, left_out_uar
from cuealign.evaluation.recall import unweighted_average_recall
from cuealign.evaluation.resampling import percentile_interval, resampled_uar, speaker_weights
from cuealign.evaluation.swaps import swap_test, uar_terms

CLASSES, UTTERANCES = 4, 20
SPREAD, EFFECT_SPREAD = 0.12, 0.06  # standard deviations between speakers: of their recall, and of what a condition adds to it


def confusions(random: np.random.Generator, recalls: np.ndarray) -> np.ndarray:
    """Counts per speaker, shape ``(speakers, C, C + 1)``, of answers that are right with the given probabilities."""
    hits = random.binomial(UTTERANCES, np.clip(recalls, 0, 1))
    found = np.zeros((*recalls.shape, CLASSES + 1), dtype=int)
    for label in range(CLASSES):
        found[:, label, label] = hits[:, label]
        found[:, label, -1] = UTTERANCES - hits[:, label]
    return found


def study(random: np.random.Generator, speakers: int, effect: float) -> tuple[np.ndarray, np.ndarray]:
    """Confusions of two conditions on the same speakers."""
    base = 0.55 + random.normal(0, SPREAD, (speakers, CLASSES))
    added = effect + random.normal(0, EFFECT_SPREAD, (speakers, 1))
    return confusions(random, base + added), confusions(random, base)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=2000)
    studies = parser.parse_args().studies
    print("| speakers | percentile covers | jackknife-t covers | swap test rejects | sign of what is detectable found |")
    print("| --- | --- | --- | --- | --- |")
    for speakers in (6, 10, 12, 25):
        random = np.random.default_rng(speakers)
        weights = speaker_weights(speakers, 1000, 0)
        covered = np.zeros(2)
        rejected = found = 0
        detectable = None
        for _ in range(studies):
            a, b = study(random, speakers, 0.03)
            low, high = percentile_interval(resampled_uar(a, weights) - resampled_uar(b, weights), 0.95)
            difference = Jackknife(
                float(unweighted_average_recall(a.sum(0)) - unweighted_average_recall(b.sum(0))),
                left_out_uar(a) - left_out_uar(b),
                a.sum(axis=(1, 2)),
            )
            t_low, t_high = difference.interval(0.95)
            covered += [low <= 0.03 <= high, t_low <= 0.03 <= t_high]
            a, b = study(random, speakers, 0.0)
            rejected += swap_test(uar_terms(a) - uar_terms(b), 0) < 0.05
            detectable = difference.detectable(0.95) if detectable is None else 0.99 * detectable + 0.01 * difference.detectable(0.95)
            a, b = study(random, speakers, detectable)
            left_out = Jackknife(
                float(unweighted_average_recall(a.sum(0)) - unweighted_average_recall(b.sum(0))),
                left_out_uar(a) - left_out_uar(b),
                a.sum(axis=(1, 2)),
            )
            found += left_out.interval(0.95)[0] > 0
        shares = [*(covered / studies), rejected / studies, found / studies]
        print(f"| {speakers} | " + " | ".join(f"{share:.3f}" for share in shares) + " |", flush=True)


if __name__ == "__main__":
    main()
