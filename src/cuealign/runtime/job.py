"""The frame around every script of the workflow: its arguments, its messages, and how it ends on a user's mistake."""

import errno
import inspect
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, validate_call

from cuealign.core.errors import CuealignError, InputError
from cuealign.runtime.environment import loaded_packages, workflow_commit_of_this_run

CODE, CONTENT = "code", "content"
"""Parameters of rules that scripts do not take: the version of the code, and hashes of what the job reads outside of its inputs."""

# The disk is full, the quota used up, the file system read-only, access denied, the device failing.
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO}

logger = logging.getLogger("cuealign")


def run(main: Callable[..., Any], snakemake: Any) -> None:
    """Call a script's ``main`` with what its rule has, and record by which code and packages it ran.

    Every argument of ``main`` takes the input, output, parameter or wildcard of its name; ``threads`` takes the job's threads.
    Values are converted to the annotated types, so that a ``Dataset`` arrives as one.

    Args:
        main: of the script.
        snakemake: the object that Snakemake gives the script.
    """
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
        having = {kind: values[name] for kind, values in sources.items() if name in values}
        if len(having) != 1:
            raise TypeError(f"rule {snakemake.rule}: the argument {name!r} of its script is given by {' and '.join(having) or 'nothing'}")
        (value,) = having.values()
        found[name] = [str(item) for item in value] if isinstance(value, list) and name in sources["input"] else value
    return found


@contextmanager
def messages(log: Path | str | None = None) -> Iterator[None]:
    """Log to the terminal and to ``log``; turn errors meant for the user, and those of disks, into one clear message.

    Any other exception is logged with its traceback and passes on.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # printing never fails, whatever letters the terminal's encoding lacks
            stream.reconfigure(errors="replace")
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if log:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(log, mode="w", encoding="utf-8"))
    root = logging.getLogger()
    for handler in handlers:
        root.addHandler(handler)
    logger.setLevel(logging.INFO)  # ours in full, those of the libraries from warnings up
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
    """What a user is told; None where only a traceback tells enough."""
    if isinstance(error, CuealignError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return f"{what}; finished work is kept; correct this and run the same command again"
    return None


RECORDS = Path("results/provenance")
"""Folder of the records that jobs leave."""


def record_file(log: Path | str) -> Path:
    """Where a job with this log leaves its record: ``logs/train/x.log`` makes ``results/provenance/train/x.json``."""
    return RECORDS.joinpath(*Path(log).with_suffix(".json").parts[1:])


def records() -> Iterator[dict[str, Any]]:
    """The records of all jobs that ran in this folder."""
    for path in sorted(RECORDS.rglob("*.json")):
        try:
            yield json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read ({error}); delete it, and run its job again with --forcerun") from error


def _record(snakemake: Any) -> None:
    """Write down by which code and packages a job ran, for the provenance."""
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
