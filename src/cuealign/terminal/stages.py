"""The stages of a study, as the terminal counts them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

STAGES = {
    "corpora": ("synthesise", "read_corpus", "audit_audio", "build_manifest"),
    "descriptors": ("extract_descriptors",),
    "tokens": ("fit_tokenizer", "tokenise"),
    "interventions": ("intervene",),
    "training": ("train",),
    "plan": ("plan_study",),
    "answers": ("respond", "respond_on_gpu"),
    "predictions": ("predict",),
    "metrics": ("evaluate", "summarise_checks", "measure_grounding", "compare_models"),
    "tables": ("make_table",),
    "figures": ("draw_figure",),
    "provenance": ("record_provenance",),
    "results page": ("make_page", "make_cover"),
}
"""Rules of each stage. A rule that is not here is a stage of its own."""

_STAGE_OF = {rule: stage for stage, rules in STAGES.items() for rule in rules}
_TELLING = 2.0
"""Seconds from which the time of a stage tells how long the rest takes."""


def stage_of(rule: str) -> str:
    """Stage that a rule belongs to."""
    return _STAGE_OF.get(rule, rule.replace("_", " "))


@dataclass
class Stage:
    """Jobs of a stage.

    Attributes:
        name: of the stage.
        total, done: numbers of jobs.
        running: share of its work that each running job has done, by id.
        worked: seconds in which at least one job ran, up to the last change.
        changed: time (s) of the last change.
    """

    name: str
    total: int
    done: int = 0
    running: dict[int, float] = field(default_factory=dict)
    worked: float = 0.0
    changed: float = 0.0

    def start(self, job: int, now: float) -> None:
        """A job begins."""
        self._tick(now)
        self.running[job] = 0.0

    def stop(self, job: int, now: float, *, done: bool) -> None:
        """A job ends, and is done or has failed."""
        self._tick(now)
        self.running.pop(job, None)
        self.done += done

    def _tick(self, now: float) -> None:
        self.worked, self.changed = self.seconds(now), now

    def seconds(self, now: float) -> float:
        """Time in which at least one job ran."""
        return self.worked + (now - self.changed if self.running else 0.0)

    @property
    def complete(self) -> bool:
        """True if all jobs are done."""
        return self.done >= self.total

    @property
    def share(self) -> float:
        """Share of the stage that is done, in [0, 1]."""
        return min(1.0, (self.done + sum(self.running.values())) / self.total)

    def seconds_left(self, now: float) -> float | None:
        """Time that the rest takes at the rate of what is done; None before anybody can tell."""
        gone = self.seconds(now)
        return gone * (1 - self.share) / self.share if self.share > 0 and gone >= _TELLING else None


def stages(counts: Mapping[str, int]) -> dict[str, Stage]:
    """Stages of a run, in the order of the study; rules that are no stage of it follow. Targets such as ``metrics`` do not count.

    Args:
        counts: jobs of each rule.
    """
    totals: dict[str, int] = {}
    for rule, count in counts.items():
        if rule in STAGES:  # a target with the name of a stage, which is no work
            continue
        totals[stage_of(rule)] = totals.get(stage_of(rule), 0) + count
    order = [*STAGES, *(name for name in totals if name not in STAGES)]
    return {name: Stage(name, totals[name]) for name in order if name in totals}


def who(wildcards: Mapping[str, str]) -> str:
    """What a job is about: its corpus, split and model, as far as it has them."""
    return " ".join(str(wildcards[key]) for key in ("dataset", "split", "model") if key in wildcards)


def _names(message: str, name: str) -> bool:
    """True if a message has a name as a word of its own."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", message) is not None


def named(message: str, wildcards: Mapping[str, str]) -> str:
    """A message that begins with the corpus, split and model of its job, without those that it names itself."""
    told = {key: value for key, value in wildcards.items() if key != "split" and not _names(message, str(value))}
    if "dataset" in told and "split" in wildcards:
        told["split"] = wildcards["split"]
    about = who(told)
    return f"{about}: {message}" if about else message


def grouped(messages: Iterable[tuple[str, Mapping[str, str]]], most: int = 4) -> list[str]:
    """Messages of several jobs, equal ones once, with the names of what they are about.

    Args:
        messages: with the wildcards of their job.
        most: names that are told of a message.
    """
    about: dict[str, list[str]] = {}
    for message, wildcards in messages:
        about.setdefault(message, []).append(named("", wildcards).removesuffix(": ") if named(message, wildcards) != message else "")
    lines = []
    for message, names in about.items():
        told = [name for name in dict.fromkeys(names) if name]
        more = f" and {len(told) - most} more" if len(told) > most else ""
        lines.append(f"{', '.join(told[:most])}{more}: {message}" if told else message)
    return lines
