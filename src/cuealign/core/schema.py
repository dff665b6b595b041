"""Tables that all parts share: the columns of every file.

A table is a pandas data frame with exactly the columns listed here, stored as Parquet. Reading and
writing check columns, types, keys and values, so that a wrong table is found where it arises.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cuealign.core.errors import InputError, raise_all
from cuealign.core.vocabulary import CONCEPTS, DESCRIPTORS, GENDERS, PLAIN, TOKENS, UNVOICED, VOICED_CONCEPTS, VOICED_DESCRIPTORS

_TEXT, _REAL, _FLAG, _WHOLE = pa.string(), pa.float64(), pa.bool_(), pa.int64()


@dataclass(frozen=True)
class Table:
    """A table's name, columns and key.

    Attributes:
        name: used in messages.
        columns: Arrow type of each column, in order.
        key: columns that name a row; no two rows share them.
        nullable: columns in which values may be missing.
        values: values allowed in a column.
        open_ended: prefix of further real-valued columns that a table may have, such as one per label.
    """

    name: str
    columns: dict[str, pa.DataType]
    key: tuple[str, ...] = ("utterance",)
    nullable: tuple[str, ...] = ()
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    open_ended: str | None = None

    def check(self, table: pd.DataFrame, where: str) -> pd.DataFrame:
        """Return ``table`` if it is one of this kind.

        Raises:
            InputError: naming ``where``, the column and the first rows that are wrong.
        """
        extra = [name for name in table.columns if name not in self.columns]
        unknown = [name for name in extra if not (self.open_ended and name.startswith(self.open_ended))]
        missing = [name for name in self.columns if name not in table.columns]
        problems = [f"column {name!r} is missing" for name in missing]
        problems += [f"column {name!r} does not belong here" for name in unknown]
        raise_all(problems, where=f"{where} ({self.name})")
        table = table[[*self.columns, *extra]]

        for name in self.columns:
            if name not in self.nullable and table[name].isna().any():
                rows = table.index[table[name].isna()][:3].tolist()
                problems.append(f"column {name!r} has missing values, first in rows {rows}")
        for name, allowed in self.values.items():
            wrong = table[~table[name].isin(allowed)]
            problems += [f"row {row}: {name} is {value!r}, not one of {', '.join(allowed)}" for row, value in wrong[name].items()]
        doubled = table[table.duplicated(list(self.key))]
        problems += [f"{', '.join(map(str, row))} occurs more than once" for row in doubled[list(self.key)].itertuples(index=False)]
        raise_all(problems, where=f"{where} ({self.name})")
        return table

    def read(self, path: Path | str) -> pd.DataFrame:
        """Read and check a Parquet file.

        Raises:
            InputError: if the file cannot be read or is no such table.
        """
        return self.check(_read_parquet(path), str(path))

    def write(self, table: pd.DataFrame, path: Path | str) -> None:
        """Check ``table`` and write it as Parquet, the same bytes for the same values."""
        table = self.check(table, str(path))
        extra = {name: _REAL for name in table.columns if name not in self.columns}
        types = pa.schema([pa.field(name, kind) for name, kind in {**self.columns, **extra}.items()])
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pandas(table, schema=types, preserve_index=False).replace_schema_metadata(None), path)


def _read_parquet(path: Path | str) -> pd.DataFrame:
    try:
        return pq.read_table(path).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read as Parquet ({error}); delete it to have it made again") from error


UTTERANCES = Table(
    name="utterances",
    columns={
        "utterance": _TEXT,
        "file": _TEXT,
        "start": _REAL,
        "end": _REAL,
        "speaker": _TEXT,
        "gender": _TEXT,
        "language": _TEXT,
        "raw_label": _TEXT,
        "label": _TEXT,
        "split": _TEXT,
        "origin": _TEXT,
    },
    nullable=("end", "label"),
    values={"gender": GENDERS},
)
"""What a corpus says of itself, its sound not heard yet: end is missing where an utterance reaches the end of its file,
label where the config leaves the raw label out; ``origin`` names the file and row that say so."""

AUDIT = Table(
    name="audit",
    columns={
        "utterance": _TEXT,
        "file": _TEXT,
        "origin": _TEXT,
        "problem": _TEXT,
        "duration": _REAL,
        "rate": _REAL,
        "channels": _REAL,
        "peak": _REAL,
        "clipped": _REAL,
        "silent": _FLAG,
        "same_sound_as": _TEXT,
        "audio_sha256": _TEXT,
    },
    nullable=("duration", "rate", "channels", "peak", "clipped"),
)
"""What was heard: ``problem`` is empty where the sound can be used; then duration (s), rate (Hz), peak (full scale 1),
``clipped`` (share of samples at full scale) and sha256 of the samples are there; ``same_sound_as`` names the first
utterance of the corpus with the same samples."""

MANIFEST = Table(
    name="manifest",
    columns={
        "utterance": _TEXT,
        "file": _TEXT,
        "start": _REAL,
        "end": _REAL,
        "speaker": _TEXT,
        "gender": _TEXT,
        "language": _TEXT,
        "label": _TEXT,
        "split": _TEXT,
        "duration": _REAL,
        "audio_sha256": _TEXT,
    },
    values={"gender": GENDERS},
)

DESCRIPTOR_MEANS = Table(
    name="descriptors",
    columns={
        "utterance": _TEXT,
        **dict.fromkeys(DESCRIPTORS, _REAL),
        "voiced_fraction": _REAL,
        **{PLAIN + name: _REAL for name in VOICED_DESCRIPTORS},
    },
    nullable=(*VOICED_DESCRIPTORS, *(PLAIN + name for name in VOICED_DESCRIPTORS)),
)
"""Means over frames; for descriptors that are defined on voiced frames those over voiced frames, and beside them, their
names prefixed, those over all frames. Missing where no frame is voiced."""

TOKEN_SEQUENCES = Table(
    name="tokens",
    columns={"utterance": _TEXT, **dict.fromkeys(CONCEPTS, _TEXT), "cue_block": _TEXT},
    values={concept: (*TOKENS[concept], UNVOICED) if concept in VOICED_CONCEPTS else TOKENS[concept] for concept in CONCEPTS},
)

NO_TOKENS = Table(
    name="no tokens",
    columns=TOKEN_SEQUENCES.columns,
    values={**dict.fromkeys(CONCEPTS, ("",)), "cue_block": ("",)},
)
"""Tokens of the audio-only condition: every concept and the cue block are empty."""

RESPONSES = Table(
    name="responses",
    columns={
        "utterance": _TEXT,
        "prompt_id": _TEXT,
        "answer": _TEXT,
        "reasoning": _TEXT,
        "label_logprobs": pa.list_(_REAL),
        "label_order": _TEXT,
        "path": _TEXT,
        "answer_tokens": _WHOLE,
        "prompt_tokens": _WHOLE,
        "audio_tokens": _WHOLE,
        "audio_truncated": _FLAG,
        "fingerprint": _TEXT,
    },
    key=("utterance", "prompt_id"),
)
"""``reasoning`` is what a model that thinks first said before its answer; ``label_order`` names the labels of
``label_logprobs``, separated by ``|``; ``path`` is how the answer was found; ``fingerprint`` is the model's."""

PREDICTIONS = Table(
    name="predictions",
    columns={"utterance": _TEXT, "speaker": _TEXT, "label": _TEXT, "answer": _TEXT, "prediction": _TEXT},
    open_ended="logprob_",
)


def tokens_kind(table: pd.DataFrame) -> Table:
    """The kind of a table of tokens: :data:`NO_TOKENS` where every cue block is empty, else :data:`TOKEN_SEQUENCES`."""
    return NO_TOKENS if "cue_block" in table and (table["cue_block"] == "").all() else TOKEN_SEQUENCES


def read_tokens(path: Path | str) -> pd.DataFrame:
    """Read the tokens of any condition, the audio-only one included."""
    table = _read_parquet(path)
    return tokens_kind(table).check(table, str(path))
