"""The response store: append-only, crash-safe, shared by all shards of a model on a split.

It is a folder of part files (:mod:`cuealign.runtime.append_only`). A killed job loses only the batch that was not written yet.

On a GPU, rounding depends on what shares a pass. So a job also keeps its plan here: what it set out to answer, in order. A resumed
job follows it, and forms the same passes.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from cuealign.core.errors import InputError
from cuealign.core.schema import RESPONSES
from cuealign.models.base import Response
from cuealign.runtime.append_only import AppendOnlyFolder

_SCHEMA = pa.schema([("key", pa.string()), *RESPONSES.columns.items()])
_PLAN = pa.schema([("number", pa.int32()), ("key", pa.string())])


def response_key(audio_sha256: str, prompt: str, fingerprint: str, settings: str) -> str:
    """Key of a response: sha256 over everything that it depends on.

    Args:
        audio_sha256: of the utterance's samples.
        prompt: full text.
        fingerprint: of the model.
        settings: generation settings and labels.
    """
    return hashlib.sha256("\x1f".join((audio_sha256, prompt, fingerprint, settings)).encode()).hexdigest()


class ResponseStore:
    """Responses by key.

    Args:
        folder: of the part files; made if it does not exist.
        writer: prefix of the part files that this process writes, such as ``shard0``.

    Attributes:
        own: keys of the responses that this writer stored. Where another one stored a response to the same key, its own counts.
        plans: keys that this writer set out to answer, plan by plan, in order.
    """

    def __init__(self, folder: Path, writer: str) -> None:
        self.folder = Path(folder)
        self._parts = AppendOnlyFolder(folder, writer, _SCHEMA)
        self._plans = AppendOnlyFolder(self.folder / "plans" / writer, writer, _PLAN)
        self._rows: dict[str, dict] = {}
        self.own: set[str] = set()
        for own in (False, True):
            for part in self._parts.read(own=own):
                self._remember(part.to_pylist(), own=own)
        found = [part.to_pydict() for part in self._plans.read()]
        self.plans: list[list[str]] = [plan["key"] for plan in sorted(found, key=lambda plan: plan["number"][0])]

    def _remember(self, rows: Iterable[dict], *, own: bool) -> None:
        for row in rows:
            self._rows[row["key"]] = row
            if own:
                self.own.add(row["key"])

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def append(self, rows: Iterable[tuple[str, str, str, Response]], label_order: str, fingerprint: str) -> None:
        """Store responses; on return they are on the disk.

        Args:
            rows: key, utterance, prompt id and response.
            label_order: names of the labels, separated by ``|``.
            fingerprint: of the model.
        """
        records = [
            {
                "key": key,
                "utterance": utterance,
                "prompt_id": prompt,
                "answer": response.answer,
                "reasoning": response.reasoning,
                "label_logprobs": list(response.label_logprobs),
                "label_order": label_order,
                "path": response.path,
                "answer_tokens": response.answer_tokens,
                "prompt_tokens": response.prompt_tokens,
                "audio_tokens": response.audio_tokens,
                "audio_truncated": response.audio_truncated,
                "cut": response.cut,
                "fingerprint": fingerprint,
            }
            for key, utterance, prompt, response in rows
        ]
        self._parts.append(pa.Table.from_pylist(records, schema=_SCHEMA))
        self._remember(records, own=True)

    def add_plan(self, keys: Sequence[str]) -> None:
        """Store what this writer is about to answer; on return it is on the disk."""
        self._plans.append(pa.table({"number": [len(self.plans)] * len(keys), "key": list(keys)}, schema=_PLAN))
        self.plans.append(list(keys))

    def compile(self, wanted: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
        """Table of kind :data:`cuealign.core.schema.RESPONSES`.

        Args:
            wanted: key, utterance and prompt id of each row, in order. Two utterance ids of the same audio share a response,
                and get a row each.

        Raises:
            InputError: if a response is missing.
        """
        rows = []
        for key, utterance, prompt in wanted:
            if key not in self._rows:
                raise InputError(f"{self.folder}: no response to prompt {prompt} of utterance {utterance}")
            rows.append({**self._rows[key], "utterance": utterance, "prompt_id": prompt})
        return RESPONSES.check(pd.DataFrame(rows, columns=list(RESPONSES.columns)), str(self.folder))
