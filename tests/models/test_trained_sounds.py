"""The sounds that a model was trained on are kept beside its weights, and a test on them is refused."""

import pandas as pd
import pytest

from cuealign.core.errors import InputError
from cuealign.models import trained_sounds


def manifest(*sounds):
    return pd.DataFrame({"utterance": [f"u{place}" for place in range(len(sounds))], "file": "x.wav", "audio_sha256": sounds})


def test_a_sound_that_was_trained_on_is_refused_however_it_is_heard(tmp_path):
    trained_sounds.keep(tmp_path, ["b" * 64, "a" * 64 + "-first", "a" * 64])
    assert (tmp_path / trained_sounds.FILE).read_text() == "a" * 64 + "\n" + "b" * 64 + "\n"
    trained_sounds.refuse(tmp_path, manifest("c" * 64), model="m")
    with pytest.raises(InputError, match=r"model m was trained on 1 of the 2 sounds .*: 1 problem\n  - utterance u1: x\.wav"):
        trained_sounds.refuse(tmp_path, manifest("c" * 64, "b" * 64 + "-loudest-centred"), model="m")


def test_nothing_is_known_of_models_that_others_trained(tmp_path):
    trained_sounds.refuse(tmp_path, manifest("a"), model="m")
    trained_sounds.refuse(None, manifest("a"), model="m")


def test_a_damaged_list_is_named(tmp_path):
    (tmp_path / trained_sounds.FILE).write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"training_sounds\.txt: cannot be read .*--forcerun train"):
        trained_sounds.refuse(tmp_path, manifest("a"), model="m")


def test_an_empty_list_does_not_pass_for_no_sounds(tmp_path):
    (tmp_path / trained_sounds.FILE).write_text("")
    with pytest.raises(InputError, match=r"training_sounds\.txt: is empty.*--forcerun train"):
        trained_sounds.refuse(tmp_path, manifest("a"), model="m")
