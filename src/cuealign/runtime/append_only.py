"""Append-only folders of part files: how long work keeps what it has finished.

Each part is a Parquet file that is written under a temporary name, synced to disk and renamed, so that it either is
complete or does not exist; its name carries the sha256 of its bytes, so that damage is noticed. A killed job loses
what it had not written yet, and nothing else.
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

logger = logging.getLogger(__name__)


class AppendOnlyFolder:
    """A folder of part files.

    Args:
        folder: made if it does not exist.
        writer: prefix of the files that this process writes, such as ``shard0``; no two processes share one.
        schema: of every part.
    """

    def __init__(self, folder: Path | str, writer: str, schema: pa.Schema) -> None:
        self.folder, self.writer, self.schema = Path(folder), writer, schema
        self.folder.mkdir(parents=True, exist_ok=True)
        for leftover in self.folder.glob(f"{writer}-*.tmp"):
            leftover.unlink()  # in flight when an earlier job was killed

    def read(self) -> Iterator[pa.Table]:
        """Every part of any writer; a damaged one is set aside, and named in the log."""
        foreign = 0
        for part in sorted(self.folder.glob("*.parquet")):
            content = part.read_bytes()
            if hashlib.sha256(content).hexdigest()[:32] != part.stem.rsplit("-", 1)[-1]:
                damaged = part.with_suffix(".damaged")
                part.rename(damaged)
                logger.warning("%s: checksum does not match; set aside as %s, what was in it is computed again", part, damaged.name)
                continue
            table = pq.read_table(pa.BufferReader(content))
            if not table.schema.equals(self.schema):
                foreign += 1
                continue
            yield table
        if foreign:
            logger.warning("%s: %d parts have the columns of another version; what is in them is computed again", self.folder, foreign)

    def append(self, table: pa.Table) -> None:
        """Keep a part for good; on return it is on the disk.

        Raises:
            OSError: with the name of the file, if it cannot be written; the parts before it are there.
        """
        sink = pa.BufferOutputStream()
        pq.write_table(table.cast(self.schema), sink)
        content = sink.getvalue().to_pybytes()
        name = f"{self.writer}-{hashlib.sha256(content).hexdigest()[:32]}"
        temporary = self.folder / f"{name}.tmp"
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(self.folder / f"{name}.parquet")
        except OSError as error:  # a disk that is full does not say where
            temporary.unlink(missing_ok=True)
            raise OSError(error.errno, error.strerror, str(temporary)) from error
        _sync(self.folder)


def _sync(folder: Path) -> None:
    """Make a rename durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
