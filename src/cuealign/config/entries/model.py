"""``models.<id>``: one model."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from cuealign.config.entries.base import Duration, Line, Memory, Place, Slug
from cuealign.core.validation import StrictModel

CUE_CAPTIONS = ", cue captions"
"""Marks a contrastive model whose captions carry cues, in every table and figure."""

Kind = Literal["alm", "contrastive", "control"]
"""What a model is: an audio language model, a contrastive system, or a control listener or a mixture of those."""


class Training(StrictModel):
    """How a rule of the workflow trains the model."""

    recipe: str = Field(description="Training code: a module of `cuealign.models.training`.")
    dataset: Slug = Field(description="Key of `datasets`.")
    split: Slug = Field(description="Split to train on.")
    calibration_split: Slug | None = Field(
        default=None,
        description="Split whose labels set the temperatures of what was trained; only for recipes that calibrate, which need it.",
    )
    options: dict[str, Any] = Field(default={}, description="Options of the recipe; see below.")


_Seconds = Annotated[float, Field(gt=0, le=86_400)]


def _form(value: Any) -> str:
    return "function-mapping" if isinstance(value, dict) else "function-number"


# A mistake is told of the form that was written, not of both. Errors leave out what is named after a function.
_Rate = Annotated[
    Annotated[_Seconds, Tag("function-number")] | Annotated[dict[str, _Seconds], Tag("function-mapping")], Discriminator(_form)
]


class Model(StrictModel):
    """One model."""

    title: Line = Field(description="Name in tables and figures.")
    licence: Line = Field(description="Licence of the weights; goes into the provenance.")
    backend: str = Field(description="Code that runs it: a module of `cuealign.models.backends`.")
    kind: Kind = Field(
        default="alm",
        description="What it is: an audio language model (`alm`), a system that compares sounds with captions (`contrastive`), or a "
        "listener that is deaf to the audio or to the cues on purpose, or a mixture of both such listeners (`control`).",
    )
    heading: Line = Field(default="", description="Heading of its rows in tables, such as zero-shot; by default its kind.")
    path: Place | None = Field(default=None, description="Folder of a local checkpoint.")
    hub_id: str | None = Field(default=None, description="Hugging Face id; `path` takes precedence.")
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        default=None, description="Commit of the hub id; required with it."
    )
    trust_remote_code: bool = Field(default=False, description="Run code that comes with the checkpoint: your explicit consent.")
    dtype: Literal["float32", "bfloat16", "float16"] = Field(default="bfloat16", description="Type of the weights.")
    device: Annotated[str, Field(pattern=r"^(cpu|mps|cuda(:[0-9]+)?)$")] = Field(
        default="cuda", description="torch device: `cpu`, `cuda`, `cuda:1`, `mps`. One that begins with `cuda` makes it a GPU job."
    )
    threads: int = Field(default=2, ge=1, le=10_000, description="CPU threads of the job.")
    engine: Literal["packed", "prefix", "reference"] = Field(
        default="packed",
        description="`packed`: all conditions of several utterances in one pass; `prefix`: those of one utterance over a cache of what "
        "its prompts share; `reference`: one prompt at a time.",
    )
    batch_tokens: int = Field(
        default=8192,
        ge=256,
        description="Tokens of a packed pass on a GPU, halved if memory runs out. On a CPU every utterance has a pass of its own.",
    )
    compile: bool = Field(default=True, description="Compile the layers for packed passes on a GPU, which takes a quarter of a minute.")
    workers: int = Field(default=0, ge=0, le=1_000, description="Threads that load audio and tokenise prompts ahead of packed passes.")
    prompt: str = Field(default="emotion", description="Key of `prompts`.")
    cue_captions: bool = Field(
        default=False,
        description="Of a contrastive model: end each caption with the cue block, so that interventions can be applied to it. "
        "This goes beyond the paper, and every table marks it.",
    )
    max_new_tokens: int = Field(default=32, ge=1, description="Longest answer, in tokens.")
    write_every: int = Field(default=16, ge=1, description="Utterances answered between two writes to the response store.")
    shards: int = Field(default=1, ge=1, le=10_000, description="Jobs per dataset and split.")
    memory: Memory = Field(default="4GB", description="Main memory of the job, such as `40GB`; a further attempt asks for as much again.")
    runtime: Duration = Field(default="1h", description="Time limit of the job on a cluster, such as `90m` or `12h`.")
    seconds_per_utterance: _Rate | None = Field(
        default=None,
        description="A figure measured elsewhere, for `snakemake plan` before a job of the model has run here: a number, or by kind of "
        "device, such as `{H200: 0.04, cpu: 3}`. A kind is part of a GPU's name, `cpu`, or `estimate`, which was not measured.",
    )
    seconds_to_load: float | None = Field(
        default=None, ge=0, le=86_400, description="The same for a job's time before its first answer: loading, compiling, checks."
    )
    obtain: Line = Field(default="", description="Where a checkpoint of `path` is had; a run that lacks it says so.")
    training_data: dict[Line, Line] = Field(
        default={},
        description="Corpora that its training data is known to hold: ids of `datasets` or names, each with the source of that knowledge. "
        "Every table says so where the model is tested on one of them.",
    )
    training: Training | None = Field(default=None, description="Given if a rule trains the model.")
    options: dict[str, Any] = Field(default={}, description="Options of the backend; see below.")

    @property
    def on_gpu(self) -> bool:
        """True if its jobs need a GPU."""
        return self.device.startswith("cuda")

    @model_validator(mode="before")
    @classmethod
    def _marked(cls, value: Any) -> Any:
        """The title says that captions carry cues."""
        marked = isinstance(value, dict) and str(value.get("cue_captions")).lower() == "true"
        if marked and not str(value.get("title")).endswith(CUE_CAPTIONS):
            return value | {"title": f"{value.get('title')}{CUE_CAPTIONS}"}
        return value

    @model_validator(mode="after")
    def _source(self) -> "Model":
        if self.path is None and self.hub_id is None:
            raise ValueError("needs a path or a hub_id")
        if self.hub_id is not None and self.path is None and self.revision is None:
            raise ValueError("hub_id needs a pinned revision (a commit), or set path to a local checkpoint")
        if self.training is not None and self.path is None:
            raise ValueError("a trained model needs a path, where the checkpoint goes")
        if self.cue_captions and self.kind != "contrastive":
            raise ValueError("cue_captions: only a contrastive model has captions")
        return self
