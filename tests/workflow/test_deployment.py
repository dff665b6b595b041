"""The environment that every rule names: what the catalog says of it, and what Snakemake does with it."""

import re
import stat
import sys
import sysconfig

import pytest
import yaml

from tests.support import ROOT
from tests.support.workflow import snakemake, write_config
from tests.workflow.test_rules import rules

STAND_IN = """#!/bin/sh
case "$*" in
  --version) echo "conda 25.1.0";;
  "info --json") echo '{{"conda_prefix": "{base}", "platform": "linux-64"}}';;
  "config --get channel_priority --json") echo '{{"get": {{"channel_priority": "strict"}}}}';;
  "env create"*)
    while [ "$#" -gt 1 ]; do
      case "$1" in --prefix) prefix=$2;; --file) cp "$2" {base}/asked.yaml;; esac
      shift
    done
    {python} -m venv --without-pip "$prefix"
    site=$(echo "$prefix"/lib/python*/site-packages)
    echo {packages} >"$site/packages.pth"
    echo "import sys; open('{base}/ran', 'a').write(sys.prefix + chr(10))" >"$site/ran.pth";;
  clean*) ;;
  *) echo "not expected: conda $*" >&2; exit 1;;
esac
"""
"""A conda that makes an environment with the packages of this one, and without this clone's library."""

CONDA = re.compile(r"""^    conda:\n        "(.+)"$""", re.MULTILINE)


@pytest.fixture
def conda(tmp_path):
    """Folder of a conda that is not one; its jobs write their environments into the file ``ran``."""
    base = tmp_path / "conda"
    (base / "bin").mkdir(parents=True)
    program = base / "bin/conda"
    program.write_text(STAND_IN.format(base=base, python=sys.executable, packages=sysconfig.get_path("purelib")), encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (base / "bin/activate").write_text('export PATH="$1/bin:$PATH"\n', encoding="utf-8")
    return base


def test_the_catalog_says_what_the_rules_have():
    file = ROOT / ".snakemake-workflow-catalog.yml"
    usage = yaml.safe_load(file.read_text(encoding="utf-8"))["usage"]
    bodies = rules()
    named = {rule: CONDA.findall(body) for rule, body in bodies.items()}
    environment = (ROOT / "envs/cuealign.yaml").resolve()
    assert all([(ROOT / "workflow/rules" / name).resolve() for name in names] == [environment] for names in named.values()), named
    contained = any(re.search(r"^    container(ized)?:", body, re.MULTILINE) for body in bodies.values())
    assert usage["software-stack-deployment"] == {"conda": True, "apptainer": contained, "apptainer+conda": contained}
    assert usage["report"] is True


def test_the_documentation_says_that_nobody_has_run_conda():
    text = (ROOT / "docs/how-it-works.md").read_text(encoding="utf-8")
    section = text.partition("\n## Environments\n")[2].partition("\n## ")[0]
    assert "This has not been run with conda." in section
    assert "`conda: true`, `apptainer: false`" in section


def test_jobs_run_in_the_environment_that_conda_made_and_find_the_library(tmp_path, corpus, conda):
    folder, _ = corpus
    entry = {"title": "Mine", "licence": "none", "reader": "manifest", "manifest": str(folder / "manifest.csv")}
    values = {
        "datasets": {"mine": entry | {"labels": ["angry", "happy", "sad"], "splits": ["train", "test"]}},
        "grid": [{"dataset": "mine", "splits": ["test"], "models": ["listener-cues"], "interventions": ["none"]}],
    }
    utterances = "results/corpora/mine/utterances.parquet"
    config = write_config(tmp_path / "mine.yaml", values)
    path = f"{conda}/bin:{sys.exec_prefix}/bin:/usr/bin:/bin"
    done = snakemake(tmp_path, "--cores", "1", "--sdm", "conda", "--", utterances, configfile=config, PATH=path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / utterances).is_file()
    assert (conda / "asked.yaml").read_bytes() == (ROOT / "envs/cuealign.yaml").read_bytes()
    ran = set((conda / "ran").read_text(encoding="utf-8").splitlines())
    assert len(ran) == 1
    assert ran.pop().startswith(str(tmp_path / ".snakemake/conda/"))
