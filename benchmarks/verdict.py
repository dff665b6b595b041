"""How often the verdict of a study is another one than it should be, and how often intervals cover, on simulated studies.

    PYTHONPATH=src:. python benchmarks/verdict.py --size demo --studies 20 --workers 2

Responders of known behaviour (tests/support/studies.py) answer studies of the size of the demo, IEMOCAP or FAU-Aibo from several
worlds, which differ in how labels show in audio and tokens. What should be said of a kind of responder is the verdict on its
population: one study with many times the utterances and speakers, for every world. A verdict of "undecidable" is no error, but
says nothing; an error is another definite verdict than the population's. A population may lie so close to a margin of the rule that
no study can tell the sides apart; such kinds are marked.

    --session-effect .3   speakers of one session are alike (IEMOCAP's size)
    --coverage            coverage of the intervals of all quantities instead
    --kinds A,B           fewer kinds, for a limit of time
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from os import cpu_count
from typing import Any

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student
from threadpoolctl import threadpool_limits

from cuealign.config.entries.grounding import Margins
from cuealign.evaluation.grounding.clusters import Quantity
from cuealign.evaluation.grounding.quantities import Grounding
from cuealign.evaluation.grounding.trials import Trials
from cuealign.evaluation.grounding.verdict import Bounds, Evidence, evidence, judge
from cuealign.evaluation.grounding.verdicts import UNDECIDABLE, VERDICTS
from tests.support.studies import AIBO, DEMO, IEMOCAP, Size, World, responders, simulate, simulate_with_listeners

SIZES = {"demo": DEMO, "iemocap": IEMOCAP, "aibo": AIBO}
FOLDS = 25
"""Groups of speakers of a population, at least; they are left out instead of single speakers, which would take long."""
NUMBERS = ("none", "moved", "share", "shuffle", "follow", "benefit", "own", "gain", "shift", "cost")
"""Numbers that the rule compares with margins; the last two for several conditions."""
SHARES = ("moved", "share")
"""Those of them that are shares, with intervals on the logit scale."""
COVERED = ("mixture(0.05)", "mixture(0.25)", "mixture(0.5)", "reads_when_uncertain", "follows_half")
"""Kinds whose intervals are examined by default."""
CONFIDENCE = 0.95
SHORT = {
    "uses, anchored in the audio": "anchored",
    "uses, partly follows": "partly",
    "format prior only": "format",
    "harmed by the cues": "harmed",
}
"""Headings of long verdicts."""


@dataclass(frozen=True)
class Setting:
    """What is simulated.

    Attributes:
        size: of a study.
        cues: factor of the strength of the tokens' dependence on the label.
        session_effect: intraclass correlation of speakers of one session.
        utterances, speakers: factors of the population's size.
    """

    size: Size
    cues: float
    session_effect: float
    utterances: int
    speakers: int

    def world(self, seed: int) -> World:
        """One of the worlds; its listeners are fitted once in a process."""
        return _world(seed, self.cues)

    @property
    def population(self) -> Size:
        """Size of a population."""
        sessions = None if self.size.sessions is None else self.size.sessions * self.speakers
        return replace(
            self.size, utterances=self.size.utterances * self.utterances, speakers=self.size.speakers * self.speakers, sessions=sessions
        )


@cache
def _world(seed: int, cues: float) -> World:
    return World(seed, cues)


def in_folds(trials: Trials) -> Trials:
    """Trials with neighbouring speakers joined to some :data:`FOLDS` groups."""
    count = int(trials.speakers.max()) + 1
    return replace(trials, speakers=trials.speakers // max(count // FOLDS, 1), sessions=None)


def groundings(make: Callable[[str], Grounding], kinds: Sequence[str]) -> Iterable[tuple[str, Grounding]]:
    """The grounding of each kind on the same study. What the blocks mean is the same for all, and is found once: it takes longest."""
    shared: dict[str, Any] = {}
    for kind in kinds:
        grounding = make(kind)
        if not shared:
            shared = {name: getattr(grounding, name) for name in ("cue_reader", "read_foreign", "by_speaker_in_corpus")}
        vars(grounding).update(shared)  # where functools keeps the cached properties
        yield kind, grounding


def alone(setting: Setting, world: int, seed: int, *, whole: bool) -> Callable[[str], Grounding]:
    """How a kind answers a study, or a population."""
    size, shape = (setting.population, in_folds) if whole else (setting.size, lambda trials: trials)

    def make(kind: str) -> Grounding:
        drawn = simulate(kind, size, setting.world(world), seed, session_effect=setting.session_effect, blank=False)
        return Grounding(shape(drawn), {})

    return make


def with_listeners(setting: Setting, world: int, seed: int, *, whole: bool) -> Callable[[str], Grounding]:
    """How a kind and the control listeners answer a study, or a population."""
    size, shape = (setting.population, in_folds) if whole else (setting.size, lambda trials: trials)

    def make(kind: str) -> Grounding:
        drawn = simulate_with_listeners(kind, size, setting.world(world), seed, session_effect=setting.session_effect, blank=False)
        own, audio, cues = (shape(trials) for trials in drawn)
        return Grounding(own, {"audio": audio, "cues": cues}, towards=own.names[0])

    return make


# ------------------------------------------------------------ verdicts


def examine(setting: Setting, kinds: Sequence[str], world: int, seed: int, *, whole: bool) -> dict[str, Evidence]:
    """What the rule reads of each kind in one study, or in a population."""
    with threadpool_limits(1):
        return {kind: evidence(found, 0.0) for kind, found in groundings(alone(setting, world, seed, whole=whole), kinds)}


def numbers(seen: Evidence) -> dict[tuple[str, str], Bounds]:
    """The numbers that the rule compares with margins, by name and condition."""
    found = {}
    for name in NUMBERS:
        value = getattr(seen, name)
        found |= {(name, condition): bounds for condition, bounds in value.items()} if isinstance(value, dict) else {(name, ""): value}
    return found


def exact(seen: Evidence, shifted: tuple[str, str] | None = None, by: float = 0.0) -> Evidence:
    """The evidence as if its values were known without error, one of them shifted."""

    def known(name: str, condition: str, bounds: Bounds) -> Bounds:
        value = bounds.value + (by if (name, condition) == shifted else 0.0)
        return Bounds(value, value, value, bounds.confidence)

    changed: dict[str, Any] = {}
    for name in NUMBERS:
        value = getattr(seen, name)
        if isinstance(value, dict):
            changed[name] = {condition: known(name, condition, bounds) for condition, bounds in value.items()}
        else:
            changed[name] = known(name, "", value)
    return replace(seen, **changed)


def near(population: Evidence, studies: Sequence[Evidence], errors: float) -> list[str]:
    """Numbers of the population that lie so close to a margin that the verdict would change with it.

    Args:
        population: its evidence.
        studies: of the same kind and world; the median lengths of their intervals, below and above, are what counts as close, on
            the scale on which they are symmetric.
        errors: how many standard errors are close.
    """
    said, margins, found = judge(exact(population), Margins())[0], Margins(), []
    for (name, condition), bounds in numbers(population).items():
        forward, back = (logit, expit) if name in SHARES and 0 < bounds.value < 1 else (np.asarray, np.asarray)
        own = np.array([(one.value, one.low, one.high) for one in (numbers(study)[name, condition] for study in studies)])
        with np.errstate(divide="ignore", invalid="ignore"):
            value, low, high = forward(own).T
        scale = errors / student.ppf((1 + bounds.confidence) / 2, studies[0].speakers - 1)
        steps = np.array([np.median(length[np.isfinite(length)]) * scale for length in (low - value, high - value)])
        ends = back(forward(bounds.value) + steps[np.isfinite(steps)])
        if any(judge(exact(population, (name, condition), end - bounds.value), margins)[0] != said for end in ends):
            found.append(f"{name} {condition}".strip())
    return found


def show_verdicts(setting: Setting, options: argparse.Namespace, kinds: Sequence[str], pool: ProcessPoolExecutor) -> None:
    """Print the confusion matrix, with each kind's errors."""
    chunk = -(-len(kinds) // max(options.workers // len(options.worlds), 1))
    parts = [kinds[start : start + chunk] for start in range(0, len(kinds), chunk)]
    tasks = list(product(options.worlds, parts))  # the long tasks come first
    whole = [pool.submit(examine, setting, part, world, options.seed, whole=True) for world, part in tasks]
    places = [(options.worlds[study % len(options.worlds)], options.seed + 1 + study) for study in range(options.studies)]
    single = [pool.submit(examine, setting, kinds, world, seed, whole=False) for world, seed in places]
    populations: dict[tuple[int, str], Evidence] = {}
    for (world, _), task in zip(tasks, whole, strict=True):
        populations |= {(world, kind): seen for kind, seen in task.result().items()}
    studies = [(world, task.result()) for (world, _), task in zip(places, single, strict=True)]

    margins = Margins()
    headings = [SHORT.get(verdict, verdict) for verdict in VERDICTS]
    print(f"| kind | {' | '.join(headings)} | population (worlds) | another definite | near a margin |")
    print(f"| --- |{' --- |' * (len(headings) + 3)}")
    told, far = np.zeros(2, dtype=int), np.zeros(2, dtype=int)
    for kind in kinds:
        truths = {world: judge(populations[world, kind], margins)[0] for world in options.worlds}
        given = [(world, judge(found[kind], margins)[0]) for world, found in studies]
        counts = Counter(verdict for _, verdict in given)
        wrong = [verdict not in (UNDECIDABLE, truths[world]) for world, verdict in given]
        close: dict[str, list[int]] = {}
        for world in options.worlds:
            own = [found[kind] for place, found in studies if place == world]
            for name in near(populations[world, kind], own, options.near) if len(own) > 2 else []:
                close.setdefault(name, []).append(world)
        apart = [error for (world, _), error in zip(given, wrong, strict=True) if not any(world in worlds for worlds in close.values())]
        told += (sum(wrong), len(wrong))
        far += (sum(apart), len(apart))
        shares = [f"{counts[verdict] / len(given):.2f}".removeprefix("0") if counts[verdict] else "" for verdict in VERDICTS]
        named = ", ".join(f"{SHORT.get(verdict, verdict)} ({number})" for verdict, number in Counter(truths.values()).most_common())
        marks = ", ".join(f"{name} ({len(worlds)})" for name, worlds in close.items())
        print(f"| {kind} | {' | '.join(shares)} | {named} | {np.mean(wrong):.3f} | {marks} |")
    print(f"\nAnother definite verdict than the population's: {told[0]} of {told[1]} studies; {far[0]} of {far[1]} where no number")
    print(f"lies within {options.near:g} standard errors of a margin. In brackets: worlds, of {len(options.worlds)}.")


# ------------------------------------------------------------ coverage


@dataclass(frozen=True)
class Found:
    """One quantity in one study: its value, its scale, and 95 % intervals by speakers, on a plain scale, and by sessions."""

    value: float
    scale: str
    speakers: tuple[float, float]
    plain: tuple[float, float]
    sessions: tuple[float, float]


def measure(setting: Setting, kinds: Sequence[str], world: int, seed: int, *, whole: bool) -> dict[tuple[str, str], Found]:
    """All quantities of each kind in one study, or in a population, which has values only."""
    found: dict[tuple[str, str], Found] = {}
    none = (float("nan"), float("nan"))
    with threadpool_limits(1):
        for kind, grounding in groundings(with_listeners(setting, world, seed, whole=whole), kinds):
            sessions = grounding.sessions
            by_session: dict[str, Quantity] = {} if sessions is None else grounding.quantities(sessions)
            for name, of in grounding.quantities(grounding.speakers).items():
                intervals = (of.interval(CONFIDENCE), replace(of, scale="plain").interval(CONFIDENCE)) if not whole else (none, none)
                other = by_session[name].interval(CONFIDENCE) if name in by_session else none
                found[kind, name] = Found(of.value, of.scale, *intervals, other)
    return found


def share(intervals: Sequence[tuple[float, float]], values: Sequence[float]) -> float:
    """Share of the intervals, of those that exist, that hold a value."""
    held = [low <= value <= high for (low, high), value in zip(intervals, values, strict=True) if np.isfinite([low, high, value]).all()]
    return float(np.mean(held)) if held else float("nan")


def show_coverage(setting: Setting, options: argparse.Namespace, kinds: Sequence[str], pool: ProcessPoolExecutor) -> None:
    """Print how often intervals hold the population's value, for each quantity and for each scale."""
    tasks = list(product(options.worlds, kinds))
    whole = [pool.submit(measure, setting, [kind], world, options.seed, whole=True) for world, kind in tasks]
    places = [(options.worlds[study % len(options.worlds)], options.seed + 1 + study) for study in range(options.studies)]
    single = [pool.submit(measure, setting, kinds, world, seed, whole=False) for world, seed in places]
    populations: dict[tuple[int, str, str], float] = {}
    for (world, _), task in zip(tasks, whole, strict=True):
        populations |= {(world, kind, name): found.value for (kind, name), found in task.result().items()}
    studies = [(world, task.result()) for (world, _), task in zip(places, single, strict=True)]

    columns = ("kind", "quantity", "scale", "population", "mean of studies", "by speakers", "on a plain scale", "by sessions")
    print(f"| {' | '.join((*columns, 'of the mean, by speakers', 'by sessions'))} |")
    print(f"|{' --- |' * (len(columns) + 2)}")
    of_scale: dict[str, list[list[float]]] = {}
    for kind in kinds:
        for name in dict.fromkeys(name for _, found in studies for own, name in found if own == kind):
            held = [(world, found[kind, name]) for world, found in studies if (kind, name) in found]
            means = {world: np.mean([one.value for place, one in held if place == world]) for world in options.worlds}
            true = [populations.get((world, kind, name), float("nan")) for world, _ in held]
            centre = [means[world] for world, _ in held]
            by_speaker, by_session = [one.speakers for _, one in held], [one.sessions for _, one in held]
            row = [share(by_speaker, true), share([one.plain for _, one in held], true), share(by_session, true)]
            others = [share(by_speaker, centre), share(by_session, centre)]
            scale = held[0][1].scale
            of_scale.setdefault(scale, []).append([*row, *others])
            shown = " | ".join(_figure(value) for value in (*row, *others))
            print(f"| {kind} | {name} | {scale} | {np.mean(true):.4f} | {np.mean(centre):.4f} | {shown} |")
    print(f"\n| scale | quantities | {' | '.join((*columns[5:], 'of the mean, by speakers', 'by sessions'))} |")
    print(f"|{' --- |' * 7}")
    for scale, rows in of_scale.items():
        known = np.array(rows)
        known = [column[np.isfinite(column)] for column in known.T]
        print(f"| {scale} | {len(rows)} | {' | '.join(_figure(column.mean() if len(column) else np.nan) for column in known)} |")


def _figure(value: float) -> str:
    return f"{value:.3f}".removeprefix("0") if np.isfinite(value) else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="demo")
    parser.add_argument("--studies", type=int, default=200, help="of each kind, dealt to the worlds")
    parser.add_argument("--worlds", type=lambda text: [int(seed) for seed in text.split(",")], default=[11, 12, 13], help="seeds: 11,12,13")
    parser.add_argument("--cues", type=float, default=1.0, help="factor of the strength of the cues")
    parser.add_argument("--kinds", type=lambda text: text.split(","), help="all by default; five with --coverage")
    parser.add_argument("--session-effect", type=float, default=0.0, metavar="ICC", help="with --size iemocap")
    parser.add_argument("--coverage", action="store_true", help="coverage of intervals instead of verdicts")
    parser.add_argument("--near", type=float, default=2.5, help="standard errors of a study that are near a margin")
    parser.add_argument("--population-utterances", type=int, default=40, metavar="FACTOR", help="of the population's utterances")
    parser.add_argument("--population-speakers", type=int, default=10, metavar="FACTOR", help="of the population's speakers")
    parser.add_argument("--seed", type=int, default=0, help="of the first study")
    parser.add_argument("--workers", type=int, default=cpu_count())
    options = parser.parse_args()
    kinds = options.kinds or list(COVERED if options.coverage else responders)
    if unknown := [kind for kind in kinds if kind not in responders]:
        parser.error(f"no such kind: {', '.join(unknown)}; there are {', '.join(responders)}")
    if options.session_effect and SIZES[options.size].sessions is None:
        parser.error(f"the size {options.size} has no sessions")
    size = SIZES[options.size]
    setting = Setting(size, options.cues, options.session_effect, options.population_utterances, options.population_speakers)
    effect = f", session effect {options.session_effect:g}" if options.session_effect else ""
    worlds = f"{len(options.worlds)} worlds ({', '.join(map(str, options.worlds))}; cues {options.cues:g})"
    print(
        f"{options.size}: {size.speakers} speakers, {size.utterances} utterances, {options.studies} studies of a kind, {worlds}{effect}\n"
    )
    start = time.perf_counter()
    with ProcessPoolExecutor(options.workers) as pool:
        (show_coverage if options.coverage else show_verdicts)(setting, options, kinds, pool)
    print(f"\n{time.perf_counter() - start:.0f} s with {options.workers} workers")


if __name__ == "__main__":
    main()
