"""A study as the workflow would see it: its config, and the tables that the workflow made in its folder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from cuealign.config.entries.grid import Experiment
from cuealign.config.grid import experiments
from cuealign.config.loading import load
from cuealign.config.settings import Config
from cuealign.config.yaml_files import misread
from cuealign.core.errors import ConfigError, InputError
from cuealign.core.plain_files import read_json
from cuealign.core.schema import MANIFEST, RESPONSES, TOKEN_SEQUENCES, UTTERANCES
from cuealign.core.text import some
from cuealign.core.validation import near
from cuealign.runtime.code_version import ROOT

_SHIPPED = ("datasets", "models", "prompts", "config")
_CORPORA = Path("results/corpora")


def settings_of(files: Iterable[Path], shipped: Path = ROOT.parent / "config") -> Config:
    """The config of a study, as the workflow merges and checks it.

    Args:
        files: of the user, the later ones over the earlier ones.
        shipped: folder of the config files that ship with the workflow, under those of the user.

    Raises:
        ConfigError: if a file is missing or cannot be read, or the config has mistakes.
    """
    values: dict[str, Any] = {}
    for name in _SHIPPED:
        _merge(values, _read(shipped / f"{name}.yaml"))
    for file in files:
        if problems := misread(file):
            raise ConfigError("\n".join(problems))
        _merge(values, _read(file))
    return load(values)


def _read(file: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{file}: cannot be read ({' '.join(str(error).split())})") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{file}: is no mapping of keys of the config")
    return values


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> None:
    """Mappings are merged, everything else is replaced."""
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value


@dataclass(frozen=True)
class Utterance:
    """One utterance of a study.

    Attributes:
        dataset: id of its corpus.
        row: its row of the manifest, a table of kind :data:`cuealign.core.schema.MANIFEST`.
        tokens: its row of kind :data:`cuealign.core.schema.TOKEN_SEQUENCES`.
        experiment: of the model in question whose split it belongs to, None without one.
    """

    dataset: str
    row: pd.DataFrame
    tokens: pd.DataFrame
    experiment: Experiment | None


def find_utterance(settings: Config, model: str, name: str, dataset: str | None) -> Utterance:
    """Find an utterance in the corpora of a study, those first on which the grid has the model.

    Args:
        settings: config of the study, whose folder is the current one.
        model: id of the model that is to be asked.
        name: id of the utterance.
        dataset: id of its corpus, None to look into all.

    Raises:
        InputError: if there is no such utterance, if the study leaves it out, or if the workflow has not made the tokens of any corpus.
    """
    found = [each for each in experiments(settings.grid) if each.model == model]
    order = [dataset] if dataset else list(dict.fromkeys([*(each.dataset for each in found), *settings.datasets]))
    made = [each for each in order if (_CORPORA / each / "tokens.parquet").is_file()]
    if not made:
        raise InputError(
            f"{_CORPORA.resolve()}: no tokens of {some(order)} are there; make them first, by the target tokens of the workflow"
        )
    known: list[str] = []
    for each in made:
        manifest = MANIFEST.read(_CORPORA / each / "manifest.parquet")
        row = manifest[manifest["utterance"] == name].reset_index(drop=True)
        if len(row):
            tokens = TOKEN_SEQUENCES.read(_CORPORA / each / "tokens.parquet")
            own, split = tokens[tokens["utterance"] == name].reset_index(drop=True), row["split"].item()
            splits = settings.datasets[each].splits
            here = [one for one in found if one.dataset == each and split in splits[one.split]]
            return Utterance(each, row, own, here[0] if here else None)
        if name in set(UTTERANCES.read(_CORPORA / each / "utterances.parquet")["utterance"]):
            raise InputError(f"utterance {name!r} of {each} is left out: {_why_left_out(each, name)}")
        known += manifest["utterance"].tolist()
    told = some(known, file=_CORPORA / made[0] / "manifest.parquet")
    raise InputError(f"there is no utterance {name!r} in {some(made)}{near(name, known)}; known: {told}")


def _why_left_out(dataset: str, name: str) -> str:
    excluded = read_json(_CORPORA / dataset / "counts.json", {"excluded": list})["excluded"]
    problem = next((each["problem"] for each in excluded if each["utterance"] == name), None)
    return f"bad audio ({problem})" if problem else "label_map or unnamed_speakers says so"


def stored_responses(experiment: Experiment, utterance: str) -> pd.DataFrame:
    """Responses to one utterance that the jobs of an experiment left, of kind :data:`cuealign.core.schema.RESPONSES`; maybe none."""
    files: Sequence[Path] = sorted(Path(f"results/responses/{experiment}").glob("shard*.parquet"))
    tables = [table[table["utterance"] == utterance] for table in map(RESPONSES.read, files)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(RESPONSES.columns))
