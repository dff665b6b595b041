"""The command line of ``cuealign``."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cuealign.cli.ask import ask, read_given, report
from cuealign.cli.study import settings_of
from cuealign.core.errors import CuealignError, InputError
from cuealign.core.text import printable


def parser() -> argparse.ArgumentParser:
    """Parser of the command line."""
    top = argparse.ArgumentParser(prog="cuealign", description="A look into a study, beside the workflow.")
    commands = top.add_subparsers(dest="command", required=True)
    one = commands.add_parser(
        "ask",
        help="ask a model about one utterance",
        description="What a model says to one utterance without tokens, with its own, with conflicting and with given ones: the prompt, "
        "the answers, and the labels' probabilities. What the study has answered is taken from its responses; the rest is asked now. "
        "Nothing is written. The tokens of the corpus must be there (target tokens of the workflow).",
    )
    one.add_argument("model", metavar="MODEL", help="key of models in the config")
    one.add_argument("utterance", metavar="UTTERANCE", help="its id, a value of the column utterance of the manifest")
    one.add_argument(
        "given", nargs="*", default=[], metavar="CONCEPT=TOKEN", help="tokens to give in the place of its own, such as PITCH=VERY_HIGH"
    )
    one.add_argument("--configfile", nargs="+", action="extend", type=Path, default=[], help="config files of the study, as for snakemake")
    one.add_argument("--directory", type=Path, default=Path(), help="folder of the study, as for snakemake")
    one.add_argument("--dataset", help="key of datasets, where two corpora have the same id")
    one.add_argument("--device", help="instead of the device of the model's entry, such as cpu")
    one.add_argument("--load", action="store_true", help="load the model even if all answers are stored, and show its chat")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        Status of the process: 0, or 1 after a mistake of the user, which is told in one message.
    """
    given = parser().parse_args(arguments)
    try:
        files = [file.resolve() for file in given.configfile]
        if not given.directory.is_dir():
            raise InputError(f"{given.directory}: there is no such folder")
        os.chdir(given.directory)
        asked = ask(
            settings_of(files),
            given.model,
            given.utterance,
            read_given(given.given),
            dataset=given.dataset,
            device=given.device,
            load=given.load,
        )
    except CuealignError as error:
        print(printable(f"error: {error}"), file=sys.stderr)
        return 1
    print(printable(report(asked)))
    return 0
