"""What is said of one kind of file below ``results/``: where it lies, what makes it, and what each of its columns is."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

COMMON = {
    "utterance": "id of the utterance, unique in the corpus",
    "dataset": "id of the dataset in the config",
    "split": "split of the dataset",
    "model": "id of the model in the config",
    "speaker": "id of the speaker",
    "label": "the true label",
    "audio_sha256": "sha256 of the samples as they are heard",
    "intervention": "`none`, `correct`, `shuffle`, `conflict`, …",
    "condition": "id of the condition: `correct`, `conflict`, `corrupt(0.4)`, …",
    "quantity": "what the row is about; see the rows below",
    "value": "the quantity",
    "low": "ends of the jackknife-t interval over speakers",
    "high": "ends of the jackknife-t interval over speakers",
    "session_low": "ends of the jackknife-t interval over recording sessions; empty with fewer than five",
    "session_high": "ends of the jackknife-t interval over recording sessions; empty with fewer than five",
    "ci_low": "percentiles of a bootstrap over speakers, as in the paper",
    "ci_high": "percentiles of a bootstrap over speakers, as in the paper",
    "t_low": "ends of the jackknife-t interval over speakers",
    "t_high": "ends of the jackknife-t interval over speakers",
}
"""Columns that mean the same in every file that has them."""


@dataclass(frozen=True)
class ResultFile:
    """One kind of file.

    Attributes:
        pattern: path from the folder of the study on. A name in braces stands for one part of a path or of a name, ``…`` for
            anything; a path that ends with ``/`` stands for all files of a folder.
        rule: of the workflow that makes it.
        what: it is, in one sentence without its full stop.
        columns: meaning of each column of a table, or of each key of a JSON file, in order; empty for other files.
        optional: those of ``columns`` that some files of the kind do not have.
        further: meaning of columns whose names depend on the study, by their beginning.
        rows: meaning of each value of the column ``quantity``; a name in angle brackets stands for a condition, a label or the like.
    """

    pattern: str
    rule: str
    what: str
    columns: Mapping[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    further: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)

    def matches(self, path: str) -> bool:
        """Whether a path, from the folder of the study on with ``/`` between its parts, is of this kind."""
        whole = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(self.pattern)).replace("…", ".+")
        return re.fullmatch(whole + (".+" if self.pattern.endswith("/") else ""), path) is not None

    def misfits(self, found: Iterable[str]) -> list[str]:
        """What the columns or keys of a file have that is not said here, or lack that is; empty if they agree.

        Args:
            found: columns of the file, in order.
        """
        names = list(found)
        known = [name for name in names if name in self.columns]
        unknown = [name for name in names if name not in self.columns and not name.startswith(tuple(self.further) or "\0")]
        missing = [name for name in self.columns if name not in names and name not in self.optional]
        order = [name for name in self.columns if name in names]
        problems = [f"{name} is not described" for name in unknown] + [f"{name} is missing" for name in missing]
        return problems or ([f"the order is {', '.join(known)}"] if known != order else [])

    def unknown_rows(self, quantities: Iterable[str]) -> list[str]:
        """Values of the column ``quantity`` that :attr:`rows` does not describe."""
        patterns = [re.compile(re.sub(r"<\w+>", ".+", re.escape(name))) for name in self.rows]
        return [name for name in quantities if not any(pattern.fullmatch(name) for pattern in patterns)]


def described(columns: Iterable[str], meanings: Mapping[str, str]) -> dict[str, str]:
    """The meaning of each column, in the order of the columns.

    Args:
        columns: as the code that writes the file has them.
        meanings: of columns that :data:`COMMON` does not have, or that mean something else here.

    Raises:
        ValueError: if a column has no meaning, or a meaning no column.
    """
    names = list(columns)
    lacking = [name for name in names if name not in meanings and name not in COMMON]
    left = [name for name in meanings if name not in names]
    if lacking or left:
        raise ValueError(f"columns without a meaning: {lacking}; meanings without a column: {left}")
    return {name: meanings.get(name, COMMON.get(name, "")) for name in names}
