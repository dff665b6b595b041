"""From plain values, as Snakemake merges them from files and the command line, to a validated configuration."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from cuealign.config.checks import mistakes_across, with_checked_options
from cuealign.config.settings import RENAMED, Config
from cuealign.core.errors import ConfigError
from cuealign.core.validation import mistakes


def load(values: Mapping[str, Any]) -> Config:
    """Validate a configuration.

    Raises:
        ConfigError: with one line per mistake: the key's path, what is wrong, the values allowed. Wrong values are told first,
            then names that lead nowhere, then runs that cannot be.
    """
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise _config_error(mistakes(error, Config, renamed=RENAMED)) from None
    if found := mistakes_across(config):
        raise _config_error(found)
    return with_checked_options(config)


def _config_error(lines: list[str]) -> ConfigError:
    return ConfigError("config: " + "\nconfig: ".join(lines))
