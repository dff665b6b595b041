"""A study on a cluster, and what goes wrong with it."""

import shutil
import subprocess
import time

import pandas as pd
import pytest
import yaml

from tests.support.mischief import STORE, STUDY, TARGET, running
from tests.support.slurm import finish, start
from tests.support.workflow import snakemake


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A folder where nothing has gone wrong."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.yaml").write_text(yaml.safe_dump(STUDY))
    done = snakemake(folder, "--cores", "2", TARGET, configfile=folder / "study.yaml")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def expected(study):
    """Its responses."""
    return (study / TARGET).read_bytes()


def forget(folder) -> None:
    """Delete all that was answered."""
    (folder / TARGET).unlink(missing_ok=True)  # where the test before has failed
    shutil.rmtree(folder / STORE, ignore_errors=True)


@pytest.fixture
def mischief(cluster, study, expected):
    """Have responses made again with something going wrong in the midst; then all is as if nothing had.

    Some are made, then the job stands still: it would be over before a busy machine does what is to go wrong.
    """
    log = study / "driver.log"

    def happen(act, options=()) -> str:
        """Call ``act(driver, again)``; returns what the driver and those that ``again`` has started have written."""
        forget(study)
        log.write_text("")

        def again(*targets, options=()) -> subprocess.Popen:
            return start(cluster, study, *targets, options=options, configfile=study / "study.yaml")

        driver = again(TARGET, options=options)
        deadline = time.monotonic() + 900
        while not list((study / STORE).glob("*.parquet")):
            assert driver.poll() is None, log.read_text()[-4000:]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        cluster.freeze()
        [_one] = running(cluster)
        try:
            act(driver, again)
        finally:
            cluster.thaw()
        assert (study / TARGET).read_bytes() == expected
        keys = pd.concat([pd.read_parquet(part, columns=["key"]) for part in (study / STORE).glob("*.parquet")])
        assert not keys.duplicated().any()  # nothing that was finished is computed again
        return log.read_text()

    return happen


@pytest.fixture
def cancel(cluster, study):
    """A mischief: ``scancel``."""

    def act(driver, _again):
        cluster.run("scancel", *running(cluster))
        finish(driver, study)

    return act
