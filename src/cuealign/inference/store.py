"""The response store: append-only, crash-safe, shared by all shards of a model on a split.

A store is a folder of part files. Each is written under a temporary name, synced to disk and renamed,
so that a part either is complete or does not exist; its name carries the sha256 of its bytes, so that a
damaged part is noticed. A killed job loses the pack in flight and nothing else.
"""

import hashlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cuealign.errors import InputError
from cuealign.models.base import Response
from cuealign.schema import RESPONSES

logger = logging.getLogger(__name__)

_SCHEMA = pa.schema([("key", pa.string()), *RESPONSES.columns.items()])


def response_key(audio_sha256: str, prompt: str, fingerprint: str, settings: str) -> str:
    """Key of a response: hash over all that it depends on.

    Args:
        audio_sha256: of the utterance's samples.
        prompt: rendered text.
        fingerprint: of the model.
        settings: generation settings and labels.
    """
    return hashlib.sha256("\x1f".join((audio_sha256, prompt, fingerprint, settings)).encode()).hexdigest()


class ResponseStore:
    """Responses by key.

    Args:
        folder: made if it does not exist.
        writer: prefix of the part files that this process writes, such as ``shard0``.
    """

    def __init__(self, folder: Path, writer: str) -> None:
        self.folder, self.writer = Path(folder), writer
        self.folder.mkdir(parents=True, exist_ok=True)
        self._rows: dict[str, dict] = {}
        for leftover in self.folder.glob(f"{writer}-*.tmp"):
            leftover.unlink()  # a pack that was in flight when an earlier job was killed
        for part in sorted(self.folder.glob("*.parquet")):
            self._read(part)

    def _read(self, part: Path) -> None:
        content = part.read_bytes()
        if hashlib.sha256(content).hexdigest()[:32] != part.stem.rsplit("-", 1)[-1]:
            damaged = part.with_suffix(".damaged")
            part.rename(damaged)
            logger.warning("%s: checksum does not match; set aside as %s, its responses are computed again", part, damaged.name)
            return
        for row in pq.read_table(pa.BufferReader(content), schema=_SCHEMA).to_pylist():
            self._rows[row["key"]] = row

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def append(self, rows: Iterable[tuple[str, str, str, Response]], label_order: str, fingerprint: str) -> None:
        """Keep responses for good.

        Args:
            rows: key, utterance, prompt id and response of each.
            label_order: names of the labels, separated by ``|``.
            fingerprint: of the model.
        """
        records = [
            {
                "key": key,
                "utterance": utterance,
                "prompt_id": prompt,
                "answer": response.answer,
                "label_logprobs": list(response.label_logprobs),
                "label_order": label_order,
                "path": response.path,
                "answer_tokens": response.answer_tokens,
                "prompt_tokens": response.prompt_tokens,
                "audio_tokens": response.audio_tokens,
                "audio_truncated": response.audio_truncated,
                "fingerprint": fingerprint,
            }
            for key, utterance, prompt, response in rows
        ]
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist(records, schema=_SCHEMA), sink)
        content = sink.getvalue().to_pybytes()
        name = f"{self.writer}-{hashlib.sha256(content).hexdigest()[:32]}"
        temporary = self.folder / f"{name}.tmp"
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self.folder / f"{name}.parquet")
        _sync_folder(self.folder)
        self._rows.update((record["key"], record) for record in records)

    def compile(self, wanted: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
        """Table of kind :data:`cuealign.schema.RESPONSES`.

        Args:
            wanted: key, utterance and prompt id of each row, in order. The same audio under two utterance
                ids shares a response; each gets its row.

        Raises:
            InputError: if a response is missing.
        """
        rows = []
        for key, utterance, prompt in wanted:
            if key not in self._rows:
                raise InputError(f"{self.folder}: no response to prompt {prompt} of utterance {utterance}")
            rows.append({**self._rows[key], "utterance": utterance, "prompt_id": prompt})
        return RESPONSES.check(pd.DataFrame(rows, columns=list(RESPONSES.columns)), str(self.folder))


def _sync_folder(folder: Path) -> None:
    """Make a rename durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
