"""Append-only folders of part files, in which long jobs save finished work.

Each part is a Parquet file. It is written under a temporary name, synced to disk and renamed, so that it is either complete
or absent. Its name contains the sha256 of its bytes, so that damage is detected. A killed job loses only what it had not
written yet.
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
        folder: created if it does not exist.
        writer: prefix of the files that this process writes, such as ``shard0``; each process needs its own.
        schema: of all parts.
    """

    def __init__(self, folder: Path | str, writer: str, schema: pa.Schema) -> None:
        self.folder, self.writer, self.schema = Path(folder), writer, schema
        self.folder.mkdir(parents=True, exist_ok=True)
        for leftover in self.folder.glob(f"{writer}-*.tmp"):
            leftover.unlink()  # an earlier job was killed while it wrote this

    def read(self, *, own: bool | None = None) -> Iterator[pa.Table]:
        """Yield the parts of all writers, or only this one's (``own``) or only the others' (not ``own``).

        A damaged part is renamed to ``.damaged`` and named in the log.
        """
        outdated = 0
        for part in sorted(self.folder.glob("*.parquet")):
            if own is not None and own != part.name.startswith(f"{self.writer}-"):
                continue
            content = part.read_bytes()
            if hashlib.sha256(content).hexdigest()[:32] != part.stem.rsplit("-", 1)[-1]:
                damaged = part.with_suffix(".damaged")
                part.rename(damaged)
                logger.warning("%s: checksum does not match; renamed to %s, its content is computed again", part, damaged.name)
                continue
            table = pq.read_table(pa.BufferReader(content))
            if not table.schema.equals(self.schema):
                outdated += 1
                continue
            yield table
        if outdated:
            logger.warning("%s: %d parts have the columns of another version; their content is computed again", self.folder, outdated)

    def append(self, table: pa.Table) -> None:
        """Write a part; on return it is on the disk.

        Raises:
            OSError: names the file that cannot be written. Earlier parts are kept.
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
        except OSError as error:  # the error of a full disk names no file
            temporary.unlink(missing_ok=True)
            raise OSError(error.errno, error.strerror, str(temporary)) from error
        _sync(self.folder)


def _sync(folder: Path) -> None:
    """Make a rename in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
