"""Schemas of the tables that parts exchange.

A table is a pandas data frame with exactly the columns listed here, stored as Parquet. Reading and
writing check columns, types, keys and values, so that a wrong table is found where it is made.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cuealign.core.errors import InputError, raise_all
from cuealign.core.plain_files import ADVICE
from cuealign.core.vocabulary import (
    CONCEPTS,
    DESCRIPTORS,
    GENDERS,
    MEDIAN_F0,
    PHONETIC,
    PLAIN,
    SPECTRAL_DESCRIPTORS,
    TOKENS,
    UNVOICED,
    VOICED,
    VOICED_CONCEPTS,
    VOICED_DESCRIPTORS,
    is_blank_word,
)

_TEXT, _REAL, _FLAG, _WHOLE = pa.string(), pa.float64(), pa.bool_(), pa.int64()


@dataclass(frozen=True)
class Table:
    """Schema of one kind of table.

    Attributes:
        name: for messages.
        columns: Arrow type of each column, in order.
        key: columns whose values identify a row.
        nullable: columns that may have missing values.
        values: allowed values of a column.
        open_ended: prefix of optional further columns of real numbers, such as one per label.
        may_be_empty: whether a file may have no rows.
    """

    name: str
    columns: dict[str, pa.DataType]
    key: tuple[str, ...] = ("utterance",)
    nullable: tuple[str, ...] = ()
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    open_ended: str | None = None
    may_be_empty: bool = False

    def check(self, table: pd.DataFrame, where: str, advice: str = "") -> pd.DataFrame:
        """Return ``table``, its columns in order, if it fits this schema.

        Args:
            table: to check.
            where: the table comes from, for messages.
            advice: what to do if it does not fit, for messages.

        Raises:
            InputError: names ``where``, the column and the first wrong rows.
        """
        extra = [name for name in table.columns if name not in self.columns]
        unknown = [name for name in extra if not (self.open_ended and name.startswith(self.open_ended))]
        missing = [name for name in self.columns if name not in table.columns]
        problems = [f"column {name!r} is missing" for name in missing]
        problems += [f"column {name!r} does not belong here" for name in unknown]
        where = f"{where} ({self.name}){f'; {advice}' * bool(advice)}"
        raise_all(problems, where=where)
        table = table[[*self.columns, *extra]]

        for name in self.columns:
            if name not in self.nullable and table[name].isna().any():
                rows = table.index[table[name].isna()][:3].tolist()
                problems.append(f"column {name!r} has missing values, first in rows {rows}")
        for name, allowed in self.values.items():
            wrong = table[~table[name].isin(allowed)]
            problems += [f"row {row}: {name} is {value!r}, not one of {', '.join(allowed)}" for row, value in wrong[name].items()]
        repeated = table[table.duplicated(list(self.key))]
        problems += [f"{', '.join(map(str, row))} occurs more than once" for row in repeated[list(self.key)].itertuples(index=False)]
        raise_all(problems, where=where)
        return table

    def read(self, path: Path | str) -> pd.DataFrame:
        """Read and check a Parquet file.

        Raises:
            InputError: if the file cannot be read, has no rows, does not fit this schema, or was written for another place.
        """
        table = self.check(_read_parquet(path, self.columns), str(path), ADVICE)
        if table.empty and not self.may_be_empty:
            raise InputError(f"{path}: has no rows; {ADVICE}")
        return table

    def write(self, table: pd.DataFrame, path: Path | str) -> None:
        """Check ``table`` and write it as Parquet; the same values at the same place give the same bytes.

        Raises:
            InputError: if ``table`` does not fit this schema.
        """
        table = self.check(table, str(path))
        extra = {name: _REAL for name in table.columns if name not in self.columns}
        types = pa.schema([pa.field(name, kind) for name, kind in {**self.columns, **extra}.items()])
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        about = {_PLACE: _place(path)} if _place(path) else None
        pq.write_table(pa.Table.from_pandas(table, schema=types, preserve_index=False).replace_schema_metadata(about), path)


# The path of a file says which model, condition and corpus it is about. A file of results says so itself too: copied over another
# one, it would pass for that.
_PLACE = "cuealign.place"


def _place(path: Path | str) -> str:
    """Where a file lies below a folder ``results``, empty if it does not."""
    parts = Path(path).parts
    return "/".join(parts[len(parts) - parts[::-1].index("results") :]) if "results" in parts else ""


def _read_parquet(path: Path | str, columns: Mapping[str, pa.DataType]) -> pd.DataFrame:
    """Read a Parquet file, with the types that its columns should have."""
    try:
        table = pq.ParquetFile(path).read()
        written = (table.schema.metadata or {}).get(_PLACE.encode(), b"").decode(errors="replace")
        if written and _place(path) not in ("", written):
            raise InputError(f"{path}: holds what belongs to results/{written}; {ADVICE}")
        wanted = pa.schema([pa.field(field.name, columns.get(field.name, field.type)) for field in table.schema])
        for field, kind in zip(table.schema, wanted.types, strict=True):
            if _family(field.type) not in (_family(kind), "null"):
                raise InputError(f"{path}: column {field.name!r} holds {field.type}, not {kind}; {ADVICE}")
        return table.cast(wanted).to_pandas()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read as Parquet ({error}); {ADVICE}") from error


def _family(kind: pa.DataType) -> str:
    """Types that hold the same values in another way, as other programs write them, have one name."""
    if pa.types.is_dictionary(kind):
        return _family(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list of {_family(kind.value_type)}"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "number"
    return str(kind).removeprefix("large_").removesuffix("_view")


def rows_of(table: pd.DataFrame, utterances: Iterable[str], where: Path | str) -> pd.DataFrame:
    """Rows of some utterances, in their order, wherever they stand in the table.

    Args:
        table: with a column ``utterance``, each value once.
        utterances: of the manifest.
        where: the table comes from, for messages.

    Raises:
        InputError: if the table lacks an utterance.
    """
    wanted = list(utterances)
    place = pd.Index(table["utterance"]).get_indexer(wanted)
    if missing := [name for name, at in zip(wanted, place, strict=True) if at < 0]:
        more = f" and of {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(f"{where}: has no row of utterance {missing[0]!r}{more}, which the manifest has; {ADVICE}")
    return table.iloc[place].reset_index(drop=True)


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
        "session": _TEXT,
        "origin": _TEXT,
    },
    nullable=("end", "label"),
    values={"gender": GENDERS},
)
"""Description of a corpus, made before any audio is decoded. ``end`` (s) is missing if an utterance ends with its file,
``label`` if the config leaves the raw label out. ``origin`` names the file and row that describe the utterance."""

AUDIT = Table(
    name="audit",
    columns={
        "utterance": _TEXT,
        "file": _TEXT,
        "origin": _TEXT,
        "problem": _TEXT,
        **dict.fromkeys(("duration", "rate", "channels", "peak", "clipped", "offset", "channel_gap", "mono_loss"), _REAL),
        "cancelled": _FLAG,
        "silent": _FLAG,
        "same_sound_as": _TEXT,
        "audio_sha256": _TEXT,
    },
    nullable=("duration", "rate", "channels", "peak", "clipped", "offset", "channel_gap", "mono_loss"),
)
"""Result of decoding each utterance. ``problem`` is empty if the audio can be used. Only then there are measures
(:class:`cuealign.corpora.audit.Sound`). ``same_sound_as`` names the first utterance of the corpus with the same samples."""

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
        "session": _TEXT,
        "duration": _REAL,
        "channel": _TEXT,
        "remove_offset": _FLAG,
        "audio_sha256": _TEXT,
    },
    values={"gender": GENDERS},
)
"""Utterances that can be used. ``channel`` and ``remove_offset`` say how their samples become mono
(:func:`cuealign.core.audio.mono`), and ``audio_sha256`` is the fingerprint of what is heard so."""

_OF_VOICED_FRAMES = (*(VOICED + name for name in SPECTRAL_DESCRIPTORS), MEDIAN_F0, *PHONETIC.values())

DESCRIPTOR_MEANS = Table(
    name="descriptors",
    columns={
        "utterance": _TEXT,
        **dict.fromkeys(DESCRIPTORS, _REAL),
        "voiced_fraction": _REAL,
        **{PLAIN + name: _REAL for name in VOICED_DESCRIPTORS},
        **dict.fromkeys(_OF_VOICED_FRAMES, _REAL),
    },
    nullable=(*VOICED_DESCRIPTORS, *(PLAIN + name for name in VOICED_DESCRIPTORS), *_OF_VOICED_FRAMES),
)
"""Means of the descriptors. Those of :data:`VOICED_DESCRIPTORS` are over voiced frames; the columns with the prefix
:data:`PLAIN` hold their means over all frames. The last columns are about voiced frames: means of the spectrum's slope, the
median of F0, and the phonetic harmonics (:func:`cuealign.cues.descriptors.phonetic_harmonics`). All are missing if no frame is
voiced, and the harmonics also if openSMILE finds the third formant's harmonic in none."""

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
"""Tokens of the audio-only condition: all concepts and the cue block are empty."""

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
        "cut": _FLAG,
        "fingerprint": _TEXT,
    },
    key=("utterance", "prompt_id"),
    may_be_empty=True,  # of a shard, where a study has more shards than utterances
)
"""``reasoning`` is what a thinking model writes before its answer. ``label_order`` names the labels of ``label_logprobs``,
separated by ``|``. ``path`` says how the answer was found. ``cut`` marks an answer that the limit of tokens cut. ``fingerprint``
is that of the model."""

PREDICTIONS = Table(
    name="predictions",
    columns={"utterance": _TEXT, "speaker": _TEXT, "session": _TEXT, "label": _TEXT, "answer": _TEXT, "cut": _FLAG, "prediction": _TEXT},
    open_ended="logprob_",
)
"""``cut`` marks an answer that the limit of tokens cut; it is INVALID where answers are read."""


def blank_tokens(word: str) -> Table:
    """Schema of tokens that name no level: one word that says nothing in the place of all of them."""
    return Table(name="blank tokens", columns=TOKEN_SEQUENCES.columns, values=dict.fromkeys(CONCEPTS, (word,)))


def tokens_schema(table: pd.DataFrame) -> Table:
    """Schema of a table of tokens.

    It is :data:`NO_TOKENS` if all cue blocks are empty, :func:`blank_tokens` if all concepts of all rows hold one word that is no
    token, else :data:`TOKEN_SEQUENCES`.
    """
    if "cue_block" in table and (table["cue_block"] == "").all():
        return NO_TOKENS
    words = {word for concept in CONCEPTS if concept in table for word in table[concept].unique()}
    if len(words) == 1 and isinstance(word := words.pop(), str) and is_blank_word(word):
        return blank_tokens(word)
    return TOKEN_SEQUENCES


def read_tokens(path: Path | str) -> pd.DataFrame:
    """Read the tokens of any condition, including the audio-only one and the one whose tokens are blank.

    Raises:
        InputError: if the file cannot be read or is not a table of tokens.
    """
    table = _read_parquet(path, TOKEN_SEQUENCES.columns)
    return tokens_schema(table).check(table, str(path), ADVICE)
