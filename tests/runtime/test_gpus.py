"""The names of the GPUs, from the folder of NVIDIA's driver."""

import pytest

from cuealign.runtime import gpus


@pytest.fixture
def driver(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(gpus.shutil, "which", lambda _name: None)
    monkeypatch.setattr(gpus, "_KFD", tmp_path / "kfd")
    for bus, model in (("0000:01", "NVIDIA H100 80GB HBM3"), ("0000:02", "NVIDIA L4")):
        (tmp_path / "gpus" / bus).mkdir(parents=True)
        (tmp_path / "gpus" / bus / "information").write_text(f"Model: \t\t {model}\nIRQ:   	 16\n")
    return tmp_path / "gpus"


def test_gpus_have_the_names_that_their_driver_gives_them(driver):
    assert gpus.gpu_names(driver) == ["NVIDIA H100 80GB HBM3", "NVIDIA L4"]
    assert gpus.gpu_names(driver / "none") == []


def test_gpus_that_are_hidden_from_a_process_are_none(driver, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus.gpu_names(driver) == []
