"""What Snakemake says of a config that it cannot read: one line with the file or the entry of the command line, and the reason.

Snakemake reads ``--configfile`` and ``--config`` before any workflow, and of most faults it shows its own traceback, or no name of a file.
"""

import json
import logging
import re
import shlex
import sys
from logging import LogRecord
from types import TracebackType

import yaml
from snakemake.logging import logger

# Functions of Snakemake, and what each calls the file or the entry that it reads.
_FILES = ("load_configfile", "configpath")
_ENTRIES = ("parse_config", "entry")

_NAME = re.compile(r"[a-zA-Z_][\w-]*\w")  # what Snakemake takes for a key
_HOW = "write --config KEY=VALUE, such as --config readout=score"


class OneLine(logging.Filter):
    """Puts one line in the place of what Snakemake says of an unreadable config, and lets everything else pass as it is."""

    def filter(self, record: LogRecord) -> bool:
        """Change an error that comes from reading a config file or an entry of the command line."""
        error = sys.exc_info()[1]
        if record.levelno >= logging.ERROR and error:
            if (file := _read_by(*_FILES, error.__traceback__)) is not None:
                record.msg, record.args = f"config: {_legible(file)}: {reason(error)}", ()
            elif (entry := _read_by(*_ENTRIES, error.__traceback__)) is not None:
                record.msg, record.args = _legible(f"config: --config {entry}: {reason_of_entry(entry, error)}"), ()
        return True


def reason(error: BaseException) -> str:
    """Say what is wrong with a config file, and what to do."""
    if isinstance(error.__context__, yaml.YAMLError):
        error = error.__context__
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"is not YAML: {error.problem} in line {mark.line + 1}, column {mark.column + 1}"
    if isinstance(error, UnicodeDecodeError):
        return f"is not UTF-8 text (byte {error.start + 1}); save it as UTF-8"
    if isinstance(error, FileNotFoundError):
        return "there is no such file; paths of --configfile begin at the folder in which you call snakemake"
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return " ".join(str(error).split())


def reason_of_entry(entry: str, error: BaseException) -> str:
    """Say what is wrong with an entry of ``--config``, and how it is written."""
    key, given, value = entry.partition("=")
    if not given:
        return f"gives no value; {_HOW}"
    if not key:
        return f"names no key before the =; {_HOW}"
    if "[" in key:
        return "one item of a list cannot be set here; write the whole list in a file of --configfile"
    first, *others = key.split(".")
    if others and _NAME.fullmatch(first) and all(others):
        inner = _as_yaml(value or "VALUE")
        for part in reversed(others):
            inner = f"{{{_as_yaml(part)}: {inner}}}"
        return f"dots do not lead into a section; write --config {shlex.quote(f'{first}={inner}')}"
    if not _NAME.fullmatch(key):
        return f"{key} is no section of the config; {_HOW}"
    if isinstance(error, AssertionError):  # Snakemake's, that YAML found a value
        return "the value is nothing to YAML; write it in a file of --configfile"
    return reason(error)


def _as_yaml(text: str) -> str:
    """Text as it can stand within braces; lists and mappings stay what they are."""
    try:
        read = yaml.load(f"{{key: {text}}}", Loader=yaml.BaseLoader)
    except yaml.YAMLError:
        return json.dumps(text, ensure_ascii=False)
    plain = read == {"key": text} or (list(read) == ["key"] and text.startswith(("[", "{")))
    return text if plain else json.dumps(text, ensure_ascii=False)


def _read_by(function: str, name: str, traceback: TracebackType | None) -> str | None:
    """What a function of Snakemake was reading as an error arose, None if it was not reading."""
    while traceback:
        if traceback.tb_frame.f_code.co_name == function:
            return str(traceback.tb_frame.f_locals.get(name))
        traceback = traceback.tb_next
    return None


def _legible(text: str) -> str:
    return "".join(character if character.isprintable() else character.encode("unicode_escape").decode() for character in text)


def explain_unreadable_configs() -> None:
    """Let Snakemake's log say it in one line."""
    logger.addFilter(OneLine())
