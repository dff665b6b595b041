"""``grid[]``: what is run; and the runs that it expands to."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from cuealign.config.entries.base import Slug, Strength
from cuealign.core.validation import StrictModel


class GridEntry(StrictModel):
    """One entry of the grid: every combination of what it lists."""

    dataset: Slug = Field(description="Key of `datasets`.")
    splits: list[Slug] = Field(min_length=1, description="Evaluation splits of the dataset.")
    models: list[Slug] = Field(min_length=1, description="Keys of `models`.")
    interventions: list[str] = Field(min_length=1, description="Token interventions.")
    p: list[Strength] = Field(
        min_length=1,
        default=["0.2", "0.4", "0.6", "0.8", "1.0"],
        description="Strengths of the interventions that have one (`corrupt`), in [0, 1].",
    )
    seeds: list[Annotated[int, Field(ge=0)]] = Field(
        min_length=1, default=[0, 1, 2, 3, 4], description="Seeds of the random interventions (`shuffle`, `corrupt`)."
    )
    limit: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="For a first try: how many utterances of each split the models answer, taken from all classes in turn."
    )


@dataclass(frozen=True)
class Experiment:
    """A model on a split of a dataset; its runs differ in their condition."""

    dataset: str
    split: str
    model: str

    def __str__(self) -> str:
        return f"{self.dataset}/{self.split}/{self.model}"


@dataclass(frozen=True)
class GridRun:
    """One run of the grid: a model on a split of a dataset, under one condition."""

    dataset: str
    split: str
    model: str
    intervention: str
    p: str
    seed: str

    @property
    def experiment(self) -> Experiment:
        """What the run belongs to."""
        return Experiment(self.dataset, self.split, self.model)

    @property
    def condition(self) -> tuple[str, str, str]:
        """(intervention, p, seed)."""
        return self.intervention, self.p, self.seed

    def __str__(self) -> str:
        return f"{self.experiment}/{self.intervention}/p{self.p}/seed{self.seed}"
