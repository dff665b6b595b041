"""What an append-only folder has accepted is there for good, whole, and found again by every process."""

import errno
import hashlib
import logging
import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from cuealign.runtime.append_only import AppendOnlyFolder

SCHEMA = pa.schema([("key", pa.string()), ("value", pa.float64())])


def part(*keys: str) -> pa.Table:
    return pa.table({"key": list(keys), "value": [float(len(key)) for key in keys]}, SCHEMA)


def keys(folder: AppendOnlyFolder) -> list[str]:
    return sorted(key for table in folder.read() for key in table["key"].to_pylist())


def test_parts_of_all_writers_are_read(tmp_path):
    for writer in ("shard0", "shard1"):
        folder = AppendOnlyFolder(tmp_path / "store", writer, SCHEMA)
        folder.append(part(f"{writer}-a", f"{writer}-b"))
        folder.append(part(f"{writer}-c"))
    assert keys(folder) == ["shard0-a", "shard0-b", "shard0-c", "shard1-a", "shard1-b", "shard1-c"]
    assert all(table.schema.equals(SCHEMA) for table in folder.read())


def test_a_new_folder_is_empty(tmp_path):
    assert list(AppendOnlyFolder(tmp_path / "a/b", "w", SCHEMA).read()) == []


def test_columns_are_converted_to_the_schema(tmp_path):
    folder = AppendOnlyFolder(tmp_path, "w", SCHEMA)
    folder.append(pa.table({"key": ["a"], "value": pa.array([1], pa.int64())}))
    (table,) = folder.read()
    assert table.equals(part("a"))


def test_the_name_of_a_part_has_the_hash_of_its_bytes(tmp_path):
    AppendOnlyFolder(tmp_path, "w", SCHEMA).append(part("a"))
    (file,) = tmp_path.iterdir()
    assert file.name == f"w-{hashlib.sha256(file.read_bytes()).hexdigest()[:32]}.parquet"


@pytest.mark.parametrize("damage", [lambda content: content[:-9], lambda content: content[:40] + b"x" + content[41:], lambda _content: b""])
def test_a_damaged_part_is_renamed_and_named_once(tmp_path, caplog, damage):
    folder = AppendOnlyFolder(tmp_path, "w", SCHEMA)
    folder.append(part("a"))
    (file,) = tmp_path.iterdir()
    folder.append(part("b"))
    file.write_bytes(damage(file.read_bytes()))
    assert keys(folder) == ["b"]
    assert file.with_suffix(".damaged").exists()
    assert f"{file}: checksum does not match; renamed to {file.stem}.damaged, its content is computed again" in caplog.messages
    assert keys(folder) == ["b"]
    assert len(caplog.messages) == 1


def test_parts_with_other_columns_are_skipped_and_counted(tmp_path, caplog):
    older = AppendOnlyFolder(tmp_path, "w", pa.schema([("key", pa.string())]))
    older.append(pa.table({"key": ["a"]}))
    older.append(pa.table({"key": ["b"]}))
    folder = AppendOnlyFolder(tmp_path, "w", SCHEMA)
    folder.append(part("c"))
    assert keys(folder) == ["c"]
    assert caplog.messages == [f"{tmp_path}: 2 parts have the columns of another version; their content is computed again"]
    assert keys(older) == ["a", "b"]  # they stay for that version


def test_unfinished_files_of_a_killed_job_are_removed_but_not_those_of_other_writers(tmp_path):
    for name in ("shard0-abc.tmp", "shard1-abc.tmp"):
        (tmp_path / name).write_bytes(b"half a part")
    folder = AppendOnlyFolder(tmp_path, "shard0", SCHEMA)
    assert list(folder.read()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["shard1-abc.tmp"]


def test_a_part_is_on_the_disk_before_it_has_its_name_and_its_name_before_append_returns(tmp_path, monkeypatch):
    folder, events = AppendOnlyFolder(tmp_path, "w", SCHEMA), []
    fsync, rename = os.fsync, Path.rename

    def record_fsync(descriptor):
        events.append(("sync", Path(f"/proc/self/fd/{descriptor}").resolve().suffix))
        fsync(descriptor)

    def record_rename(path, target):
        events.append(("rename", Path(target).suffix))
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(Path, "rename", record_rename)
    folder.append(part("a"))
    assert events == [("sync", ".tmp"), ("rename", ".parquet"), ("sync", tmp_path.suffix)]


def test_a_full_disk_is_named_and_loses_nothing_that_was_written_before(tmp_path, monkeypatch):
    folder = AppendOnlyFolder(tmp_path, "w", SCHEMA)
    folder.append(part("a"))

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left on device") as error:
            folder.append(part("b"))
    assert error.value.errno == errno.ENOSPC
    assert str(tmp_path) in error.value.filename
    assert keys(folder) == ["a"]
    assert list(tmp_path.glob("*.tmp")) == []
    folder.append(part("b"))
    assert keys(folder) == ["a", "b"]


def test_the_same_part_twice_is_kept_once(tmp_path):
    folder = AppendOnlyFolder(tmp_path, "w", SCHEMA)
    folder.append(part("a"))
    folder.append(part("a"))
    assert keys(folder) == ["a"]


def test_other_files_in_the_folder_are_ignored(tmp_path, caplog):
    folder = AppendOnlyFolder(tmp_path, "w", SCHEMA)
    (tmp_path / "notes.txt").write_text("x")
    with caplog.at_level(logging.WARNING):
        assert list(folder.read()) == []
    assert caplog.messages == []


def test_parts_are_ordinary_parquet_files(tmp_path):
    AppendOnlyFolder(tmp_path, "w", SCHEMA).append(part("a", "b"))
    (file,) = tmp_path.iterdir()
    assert pd.read_parquet(file)["key"].tolist() == ["a", "b"]
