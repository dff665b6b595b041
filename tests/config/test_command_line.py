"""What is said of an entry of --config that Snakemake cannot read."""

import shlex

import pytest
from snakemake.cli import parse_config

from cuealign.config.loading import load
from snakemake_logger_plugin_cuealign.config_files import reason_of_entry
from tests.support.config import merge, shipped


def told(entry: str) -> str:
    with pytest.raises((ValueError, AssertionError)) as error:
        parse_config([entry])
    return reason_of_entry(entry, error.value)


@pytest.mark.parametrize("title", ["x", "it's", "a, b", "a: b", "{", "a}", "# a", 'say "a"', "a b", "ü", "x=y", "*a"])
def test_the_advice_for_a_key_with_dots_does_what_was_meant(title):
    advice = told(f"models.cue-tiny.title={title}").partition("; write --config ")[2]
    (entry,) = shlex.split(advice)
    assert load(merge(shipped(), parse_config([entry]))).models["cue-tiny"].title == title


def test_a_key_with_dots_may_lead_to_a_number_or_a_list():
    assert told("statistics.resamples=500").endswith("write --config 'statistics={resamples: 500}'")
    assert told("exclude.models=[af3, cue-tiny]").endswith("write --config 'exclude={models: [af3, cue-tiny]}'")
    assert told("models.cue-tiny.threads=").endswith("write --config 'models={cue-tiny: {threads: VALUE}}'")


@pytest.mark.parametrize("entry", ["grid[0].p=[0.5]", "grid[0]=x"])
def test_an_item_of_a_list_cannot_be_set(entry):
    assert told(entry) == "one item of a list cannot be set here; write the whole list in a file of --configfile"


@pytest.mark.parametrize("entry", ["a=1", "models..x=1", ".x=1", "ä=1", "1.x=1"])
def test_a_key_that_is_none_is_named(entry):
    key = entry.partition("=")[0]
    assert told(entry) == f"{key} is no section of the config; write --config KEY=VALUE, such as --config readout=score"
