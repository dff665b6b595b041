"""``figures.<name>``: a figure of the study."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from cuealign.core.validation import StrictModel

Scope = Literal["study", "dataset", "split", "model"]
SCOPES: dict[str, tuple[str, ...]] = {
    "study": (),
    "dataset": ("dataset",),
    "split": ("dataset", "split"),
    "model": ("dataset", "split", "model"),
}
"""What names one drawing of a figure, by its scope."""


class FigureEntry(StrictModel):
    """What one drawing of a figure shows, and the figure's own options; in a config, the scope alone or a mapping of all."""

    scope: Scope = Field(description="What one drawing shows: the whole `study`, a `dataset`, a `split`, or a `model` on a split.")
    width: int | None = Field(default=None, ge=1, le=2, description="Columns of a paper that it fills: 1 or 2; null for what suits it.")
    controls: bool = Field(
        default=False, description="Drawings of one model also for control models, where the study has other models too."
    )
    options: dict[str, Any] = Field(default={}, description="Options of the figure, written beside `scope`; see below.")

    @model_validator(mode="before")
    @classmethod
    def _scope_or_mapping(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"scope": value}
        if isinstance(value, Mapping) and not isinstance(value.get("options"), Mapping):
            own = {name: value[name] for name in ("scope", "width", "controls") if name in value}
            return own | {"options": {name: option for name, option in value.items() if name not in own}}
        return value
