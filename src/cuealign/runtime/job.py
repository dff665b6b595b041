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
from traceback import format_exception
from typing import Any

from pydantic import ConfigDict, validate_call

from cuealign import __version__
from cuealign.core.errors import CuealignError, InputError, legible
from cuealign.core.plain_files import write_whole
from cuealign.core.quiet_jobs import quiet
from cuealign.core.text import found_at
from cuealign.runtime.environment import loaded_packages, workflow_commit_of_this_run
from cuealign.runtime.logs import ERROR, UNEXPECTED, Marked

CODE, CONTENT = "code", "content"
"""Parameters of rules that scripts do not take: the version of the code, and hashes of files that are not inputs."""

# Disk full, quota exceeded, file system read-only, access denied, device failing; a file in the place of a folder or the other
# way round; names too long, too many files.
_DISK_ERRORS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE),
    *(errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EMFILE, errno.ENFILE),
}

_GO_ON = "finished work is kept"
_INTERRUPTED = 130
"""Exit status of a process that Ctrl-C ended, as shells have it."""

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
    """Log to the terminal and to ``log``. Every error ends the process with one clear message.

    An error that nobody expected says so. Its traceback and the versions of packages go into ``log``, or to the terminal if
    there is none.

    Raises:
        SystemExit: with status 1 after an error, 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # printing must not fail if the terminal cannot encode a letter
            stream.reconfigure(errors="replace")
    handlers: list[logging.Handler] = [_terminal()]
    root = logging.getLogger()
    root.addHandler(handlers[0])
    logger.setLevel(logging.INFO)  # all messages of this library, only warnings of others
    logging.captureWarnings(True)
    try:
        if log:
            Path(log).parent.mkdir(parents=True, exist_ok=True)
            handlers.append(logging.FileHandler(log, mode="w", encoding="utf-8", errors="backslashreplace"))
            handlers[1].setFormatter(Marked())
            root.addHandler(handlers[1])
        yield
    except KeyboardInterrupt:
        logger.info("interrupted; %s; run the same command again to go on", _GO_ON)
        sys.exit(_INTERRUPTED)
    except Exception as error:
        if (message := _message(error)) is None:
            _report(error, handlers[-1], log)
        else:
            if log and (left_out := getattr(error, "left_out", ())):
                handlers[-1].stream.write("\n".join(["further problems, which the error below only counts:", *left_out, ""]))
                message += f" (all in {found_at(log)})"
            # A name on the disk may be no text; what is told of it is.
            logger.error("%s%s", ERROR, message.encode(errors="backslashreplace").decode())
        sys.exit(1)
    finally:
        logging.captureWarnings(False)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


def _terminal() -> logging.Handler:
    """What a job shows in the terminal: all, or errors alone if the run shows its stages there, above the line that changes."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Marked("\r\033[K" if quiet() and sys.stderr.isatty() else ""))
    if quiet():
        handler.setLevel(logging.ERROR)
    return handler


def _message(error: Exception) -> str | None:
    """Message for the user; None if the error is one that nobody expected."""
    if isinstance(error, CuealignError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return f"{what}; {_GO_ON}; correct this and run the same command again"
    if isinstance(error, MemoryError):
        return f"the memory is used up; {_GO_ON}; run the same command again with fewer cores, or give the job more memory"
    return None


def _report(error: Exception, handler: logging.Handler, log: Path | str | None) -> None:
    """Say that an error is a fault of the workflow, with all that a report of it needs."""
    packages = ", ".join(f"{name} {version}" for name, version in loaded_packages().items())
    details = f"cuealign {__version__}, commit {workflow_commit_of_this_run()}, {packages}\n{''.join(format_exception(error))}"
    handler.handle(logger.makeRecord(logger.name, logging.ERROR, __file__, 0, "%s", (details,), None))
    where = f"with the file {log}, which has the details" if log else "with the lines above"
    what = legible(f"{type(error).__name__}: {error}")
    whose = "unless a file below results/ was changed by hand, this is a fault of the workflow or of a plug-in"
    logger.error("%s%s; %s; please report it, %s; %s", UNEXPECTED, what[:300], whose, where, _GO_ON)


RECORDS = Path("results/provenance")
"""Folder of the records that jobs write."""

_OF_RECORD = {"rule", "wildcards", "code", "commit", "packages"}


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
            record = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(record, dict) or set(record) != _OF_RECORD:
                raise ValueError("it is no record of a job")
            yield record
        except (OSError, ValueError, RecursionError) as error:
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
    write_whole(json.dumps(record, indent=1, sort_keys=True) + "\n", record_file(snakemake.log[0]))
