"""Entry point of all scripts of the workflow: arguments, log messages, and errors that a user can correct."""

import errno
import inspect
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, validate_call

from cuealign.core.errors import CuealignError, InputError
from cuealign.runtime.environment import loaded_packages, workflow_commit_of_this_run

CODE, CONTENT = "code", "content"
"""Parameters of rules that scripts do not take: the version of the code, and hashes of files that are not inputs."""

# Disk full, quota exceeded, file system read-only, access denied, device failing.
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO}

logger = logging.getLogger("cuealign")


def run(main: Callable[..., Any], snakemake: Any) -> None:
    """Call ``main`` of a script with the values of its rule, and record the code and the packages that it ran with.

    Each argument of ``main`` gets the input, output, parameter or wildcard of the same name; ``threads`` gets the threads of
    the job. Values are converted to the annotated types, such as ``Dataset``.

    Args:
        main: of the script.
        snakemake: the object that Snakemake passes to the script.
    """
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123  (no library may ask the user anything in a job)
    with messages(snakemake.log[0]):
        validate_call(config=ConfigDict(arbitrary_types_allowed=True))(main)(**arguments(main, snakemake))
        _record(snakemake)


def arguments(main: Callable[..., Any], snakemake: Any) -> dict[str, Any]:
    """Arguments of ``main`` by name.

    Raises:
        TypeError: if the rule has no value for an argument, or two.
    """
    sources = {
        "input": dict(snakemake.input.items()),
        "output": dict(snakemake.output.items()),
        "parameter": {name: value for name, value in snakemake.params.items() if name not in (CODE, CONTENT)},
        "wildcard": dict(snakemake.wildcards.items()),
        "job": {"threads": snakemake.threads},
    }
    found: dict[str, Any] = {}
    for name in inspect.signature(main).parameters:
        candidates = {kind: values[name] for kind, values in sources.items() if name in values}
        if len(candidates) != 1:
            given = " and ".join(candidates) or "nothing"
            raise TypeError(f"rule {snakemake.rule}: the argument {name!r} of its script is given by {given}")
        (value,) = candidates.values()
        found[name] = [str(item) for item in value] if isinstance(value, list) and name in sources["input"] else value
    return found


@contextmanager
def messages(log: Path | str | None = None) -> Iterator[None]:
    """Log to the terminal and to ``log``. Errors for the user and disk errors end the process with one clear message.

    Any other exception is logged with its traceback and raised again.

    Raises:
        SystemExit: with status 1, after an error for the user or a disk error.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # printing must not fail if the terminal cannot encode a letter
            stream.reconfigure(errors="replace")
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if log:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(log, mode="w", encoding="utf-8"))
    root = logging.getLogger()
    for handler in handlers:
        root.addHandler(handler)
    logger.setLevel(logging.INFO)  # all messages of this library, only warnings of others
    logging.captureWarnings(True)
    try:
        yield
    except Exception as error:
        if (message := _message(error)) is None:
            logger.exception("unexpected error")
            raise
        logger.error("error: %s", message)
        sys.exit(1)
    finally:
        logging.captureWarnings(False)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


def _message(error: Exception) -> str | None:
    """Message for the user; None if the error needs a traceback."""
    if isinstance(error, CuealignError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return f"{what}; finished work is kept; correct this and run the same command again"
    return None


RECORDS = Path("results/provenance")
"""Folder of the records that jobs write."""


def record_file(log: Path | str) -> Path:
    """File of the record of a job with this log: ``results/provenance/train/x.json`` for ``logs/train/x.log``."""
    return RECORDS.joinpath(*Path(log).with_suffix(".json").parts[1:])


def records() -> Iterator[dict[str, Any]]:
    """Records of all jobs that ran in this folder.

    Raises:
        InputError: if a record cannot be read.
    """
    for path in sorted(RECORDS.rglob("*.json")):
        try:
            yield json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read ({error}); delete it and rerun its job with --forcerun") from error


def _record(snakemake: Any) -> None:
    """Record the code and the packages that a job ran with, for the provenance."""
    record = {
        "rule": snakemake.rule,
        "wildcards": dict(snakemake.wildcards.items()),
        "code": snakemake.params.get(CODE),
        "commit": workflow_commit_of_this_run(),
        "packages": loaded_packages(),
    }
    file = record_file(snakemake.log[0])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
