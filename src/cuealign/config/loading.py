"""From plain values, as Snakemake merges them from files and the command line, to a validated configuration."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from cuealign.config.checks import left_out_by_mistake, mistakes_across, mistakes_of_exclusion, with_checked_options
from cuealign.config.grid import remaining
from cuealign.config.settings import RENAMED, Config
from cuealign.config.text import joined, unusable
from cuealign.core.errors import ConfigError, one_line
from cuealign.core.validation import mistakes


def load(values: Mapping[str, Any]) -> Config:
    """Validate a configuration; what it excludes is no longer in its grid.

    Raises:
        ConfigError: with one line per mistake: the key's path, what is wrong, the values allowed. Wrong values are told first,
            then names that lead nowhere, then runs that cannot be.
    """
    if found := list(unusable(values)):
        raise _config_error(found)
    values = joined(values)
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise _config_error(mistakes(error, Config, renamed=RENAMED)) from None
    if found := [*left_out_by_mistake(values), *mistakes_across(config)]:
        raise _config_error(found)
    config = config.model_copy(update={"grid": remaining(config.grid, config.exclude)})
    if found := mistakes_of_exclusion(config):
        raise _config_error(found)
    return with_checked_options(config)


def _config_error(lines: list[str]) -> ConfigError:
    return ConfigError("\n".join(f"config: {one_line(line)}" for line in lines))
