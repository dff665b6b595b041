"""An audit records the properties of every utterance's audio, or what is wrong with it."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cuealign.core import audio
from cuealign.core.errors import InputError
from cuealign.corpora import audit
from tests.support.config import changed
from tests.support.corpora import describe, put
from tests.support.sound import tone, write


def test_audit_has_the_properties_of_each_utterance_and_survives_the_disk_exactly(corpus, dataset, tmp_path):
    folder, table = corpus
    stereo = np.stack([tone(0.4), tone(0.4, pitch=220)], axis=1)
    stereo[100:150] = 1.0
    write(tmp_path / "stereo.wav", stereo, 8000)
    table = put(1, "file", str(folder / "s0_angry.wav"))(
        put(2, "file", str(tmp_path / "stereo.wav"))(put(3, "file", "gone.wav")(table.copy()))
    )
    table["utterance"] = [f"u{row:02d}" for row in range(12)]
    table.to_csv(tmp_path / "m.csv", index=False)
    entry = changed(dataset, manifest=str(tmp_path / "m.csv"), root=str(folder))
    audited = audit.probe(describe(entry), name="c", workers=2)
    audit.write(audited, tmp_path / "audit.csv")
    pd.testing.assert_frame_equal(audit.read(tmp_path / "audit.csv"), audited, check_dtype=False, check_exact=True)
    rows = audited.set_index("utterance")
    assert rows.loc["u01", "same_sound_as"] == "u00"
    assert (rows["same_sound_as"] != "").sum() == 1
    assert (rows.loc["u02", "rate"], rows.loc["u02", "channels"], rows.loc["u02", "duration"]) == (8000, 2, 0.8)
    assert rows.loc["u02", "clipped"] == 50 / 6400
    assert rows.loc["u03", "problem"].endswith("gone.wav: no such file")
    assert np.isnan(rows.loc["u03", "peak"])
    assert rows.loc["u00", "peak"] == np.abs(audio.read_native(folder / "s0_angry.wav")[0]).max()


@pytest.mark.parametrize("content", [b"", b"utterance,file\n\xff,x\n", b"utterance,file\nu,x\n"])
def test_a_file_that_is_not_an_audit_is_named(tmp_path, content):
    (tmp_path / "audit.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"audit\.csv"):
        audit.read(tmp_path / "audit.csv")


def test_only_what_changed_is_decoded_again(corpus, dataset, tmp_path, caplog):
    folder = Path(shutil.copytree(corpus[0], tmp_path / "corpus"))
    utterances = describe(changed(dataset, manifest=str(folder / "manifest.csv")))

    def run(**options):
        caplog.clear()
        with caplog.at_level("INFO"):
            table = audit.probe(utterances, name="c", store=tmp_path / "store", **options)
        pd.testing.assert_frame_equal(table, audit.probe(utterances, name="c", **options))
        return caplog.text

    assert "are new or have changed" not in run()
    assert "c: audio: 12 utterances" not in run()
    write(folder / "s1_sad.wav", tone(0.4, seed=99))
    assert "c: audio: 1 of 12 utterances are new or have changed" in run()
    (folder / "s0_angry.wav").unlink()
    assert "c: audio: 1 of 12 utterances are new or have changed" in run()
    assert "c: audio: 1 of 12 utterances are new or have changed" in run()  # what is bad is tried each time
    assert "are new or have changed" not in run(channel="first")  # all are


def test_levels_of_channels_are_measured():
    """Against the decibels of the amplitudes."""
    samples = np.stack([tone(0.3), 0.1 * tone(0.3)], axis=1).astype("f4")
    found = audit.measure(samples, 16_000)
    assert found.channel_gap == pytest.approx(20, abs=1e-3)
    assert found.mono_loss == pytest.approx(-20 * np.log10(1.1 / 2), abs=1e-3)
    assert audit.measure(samples * [1, 0], 16_000).channel_gap == 99
    assert audit.measure(samples * 0, 16_000)[6:10] == (0, 0, False, True)
    assert audit.measure(samples[:, :1], 16_000)[6:9] == (0, 0, False)
