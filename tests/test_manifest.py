"""From a CSV file to a manifest: bad input is named with file and row, everything else is defined behaviour."""

import logging

import numpy as np
import pandas as pd
import pytest
import soundfile

from cuealign import audio
from cuealign.corpora import gate, manifest, reader_module, readers
from cuealign.errors import ConfigError, InputError
from cuealign.schema import MANIFEST
from tests.conftest import RATE, tone, write


@pytest.fixture
def build(corpus, dataset, tmp_path):
    """Build the manifest of the shared corpus after ``change(table)``, in a folder of its own."""
    folder, table = corpus

    def run(change=None, **options):
        entry = dataset | {"manifest": str(tmp_path / "manifest.csv"), "root": str(folder)} | options
        changed = table.copy().astype(object)
        changed = change(changed) if change else changed
        changed.to_csv(entry["manifest"], index=False)
        return gate.build(manifest.read(entry, manifest.sources(entry)), entry, name="c")

    return run


def put(row, column, value):
    def change(table):
        table.loc[row, column] = value
        return table

    return change


def test_manifest_has_every_row_with_what_was_written(build, corpus):
    folder, table = corpus
    built = build()
    assert len(built) == len(table)
    row = built.set_index("utterance").loc["s1_sad"]
    assert (row.speaker, row.gender, row.label, row.split) == ("01", "male", "sad", "train")
    assert row.file == str(folder / "s1_sad.wav")
    assert (row.start, row.end, row.duration) == (0.0, 0.5, 0.5)
    MANIFEST.check(built, "test")


def test_processes_change_nothing(corpus, dataset):
    folder, _ = corpus
    entry = dataset | {"manifest": str(folder / "manifest.csv")}
    raw = manifest.read(entry, manifest.sources(entry))
    pd.testing.assert_frame_equal(gate.build(raw, entry, name="c", workers=2), gate.build(raw, entry, name="c"))


BAD = {
    "missing file": (lambda _folder: None, "no such file"),
    "zero bytes": (lambda folder: (folder / "bad.wav").write_bytes(b""), r"empty \(0 bytes\)"),
    "not audio": (lambda folder: (folder / "bad.wav").write_text("speech"), "cannot be decoded as audio"),
    "truncated": (lambda folder: (folder / "bad.wav").write_bytes(b"RIFF\x00\x00"), "cannot be decoded as audio"),
    "no samples": (lambda folder: write(folder / "bad.wav", np.zeros(0)), "is empty|no samples"),
    "not a number": (
        lambda folder: soundfile.write(folder / "bad.wav", np.r_[tone(0.2), np.nan], RATE, subtype="FLOAT"),
        r"sample 3200 \(0\.200 s\) is not a finite number",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_named_with_its_row(build, tmp_path, fault):
    make, message = BAD[fault]
    make(tmp_path)
    path = tmp_path / "bad.wav"
    with pytest.raises(InputError, match=message) as error:
        build(put(4, "file", str(path)))
    assert f"{tmp_path / 'manifest.csv'}, line 6: {path}" in str(error.value)
    assert len(str(error.value).splitlines()) == 2


def test_all_bad_files_are_named_together(build):
    def change(table):
        return put(0, "file", "gone.wav")(put(7, "file", "lost.wav")(table))

    with pytest.raises(InputError, match="2 problems") as error:
        build(change)
    assert "gone.wav" in str(error.value)
    assert "lost.wav" in str(error.value)


WRONG = {
    "unknown label": (put(2, "label", "bored"), r"line 4: unknown label 'bored'"),
    "utterance twice": (
        lambda table: table.assign(utterance=["a", "a", *map(str, range(10))]),
        r"line 3: utterance 'a' occurs more than once",
    ),
    "speaker in two splits": (put(1, "split", "test"), r"speaker '00' occurs in several splits \(train, test\)"),
    "speaker with two genders": (put(1, "gender", "male"), r"speaker '00' has several genders"),
    "empty split": (lambda table: table[table["split"] == "train"], r"split 'test' is empty: no row has split 'test' \(found: train\)"),
    "class missing in a split": (
        lambda table: table[(table["split"] == "train") | (table["label"] != "sad")],
        r"split 'test' has no utterance of class 'sad'",
    ),
    "speaker missing": (put(5, "speaker", ""), "line 7: speaker is empty"),
    "wrong gender": (put(5, "gender", "x"), "line 7: gender is 'x', not female, male or unknown"),
    "start not a number": (lambda table: put(3, "start", "soon")(table.assign(start="")), "line 5: start is 'soon', not a number"),
    "segment outside of the file": (lambda table: put(3, "end", "99")(table.assign(end="")), "segment ends at 99.0 s, but the file lasts"),
    "segment empty": (
        lambda table: put(3, "start", "0.2")(put(3, "end", "0.1")(table.assign(start="", end=""))),
        r"segment 0\.2 s to 0\.1 s is empty",
    ),
    "white space around a speaker": (put(5, "speaker", "01 "), "line 7: speaker '01 ' begins or ends with white space"),
    "infinite start": (lambda table: put(3, "start", "inf")(table.assign(start="")), "line 5: start is 'inf', not a number"),
    "no rows": (lambda table: table[:0], "no rows"),
    "column missing": (lambda table: table.drop(columns="speaker"), r"column 'speaker' is missing \(found: file"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_table_is_named_with_its_row(build, fault):
    change, message = WRONG[fault]
    with pytest.raises(InputError, match=message):
        build(change)


def test_what_is_meant_can_be_allowed(build):
    built = build(put(1, "split", "test"), speaker_disjoint=False)
    assert (built["split"] == "test").sum() == 7
    built = build(lambda table: table[(table["split"] == "train") | (table["label"] != "sad")], all_classes=False)
    assert len(built) == 10


def test_labels_left_out_are_counted(build, caplog):
    with caplog.at_level(logging.WARNING):
        built = build(put(2, "label", "xxx"), label_map={"xxx": None})
    assert len(built) == 11
    assert "1 utterances labelled 'xxx' are left out" in caplog.text


def test_label_map_and_column_names_come_from_the_config(build):
    def change(table):
        return table.rename(columns={"label": "emotion"}).replace({"emotion": {"sad": "sadness"}}).assign(label="other meaning")

    built = build(change, columns={"label": "emotion"}, label_map={"sadness": "sad"})
    assert set(built["label"]) == {"angry", "happy", "sad"}


def test_a_column_named_in_the_config_must_exist(build):
    with pytest.raises(InputError, match="column 'emotion' is named in the config but missing"):
        build(columns={"label": "emotion"})


def test_segments_of_one_file_are_utterances(build, corpus, tmp_path):
    folder, _ = corpus
    long = np.concatenate([audio.read(folder / "s3_angry.wav"), audio.read(folder / "s3_sad.wav")])
    path = write(tmp_path / "long.wav", long)

    def change(table):
        table = table.assign(start="", end="")
        for row, (start, end) in {9: ("", "0.3"), 11: ("0.3", "")}.items():
            table.loc[row, ["file", "start", "end"]] = [str(path), start, end]
        return table

    built = build(change)
    parts = built[built["file"] == str(path)].sort_values("start")
    assert list(parts["duration"]) == [0.3, 0.5]
    assert list(parts["end"]) == [0.3, 0.8]
    whole = build().set_index("utterance")["audio_sha256"]
    assert list(parts["audio_sha256"]) == [whole["s3_angry"], whole["s3_sad"]]


def test_speakers_stay_text(build):
    assert sorted(set(build()["speaker"])) == ["00", "01", "02", "03"]


def test_a_byte_order_mark_is_read(tmp_path, corpus, dataset):
    folder, table = corpus
    table.to_csv(tmp_path / "bom.csv", index=False, encoding="utf-8-sig")
    entry = dataset | {"manifest": str(tmp_path / "bom.csv"), "root": str(folder)}
    assert len(manifest.read(entry, manifest.sources(entry))) == 12


def test_a_missing_csv_is_named(dataset, tmp_path):
    with pytest.raises(InputError, match=r"nothing\.csv: cannot be read as CSV"):
        manifest.read(dataset, [str(tmp_path / "nothing.csv")])


def test_readers_are_found_by_name():
    assert "manifest" in readers()
    assert reader_module("manifest") is manifest
    with pytest.raises(ConfigError, match=r"'elan' is not included in this version \(included: manifest"):
        reader_module("elan")


# ---------------------------------------------------------------- defined behaviour


def test_silence_is_kept_and_named(build, tmp_path, caplog):
    path = write(tmp_path / "silence.wav", np.zeros(RATE))
    with caplog.at_level(logging.WARNING):
        assert len(build(put(4, "file", str(path)))) == 12
    assert f"{path} is silent" in caplog.text


def test_a_clip_of_thirty_milliseconds_is_kept(build, tmp_path):
    path = write(tmp_path / "short.wav", tone(0.03))
    built = build(put(4, "file", str(path)))
    assert built.loc[built["file"] == str(path), "duration"].item() == pytest.approx(0.03)


def test_stereo_is_averaged(tmp_path):
    left, right = tone(0.2, pitch=120), tone(0.2, pitch=300)
    stereo = audio.read(write(tmp_path / "stereo.wav", np.stack([left, right], axis=1)))
    np.testing.assert_allclose(stereo, (left + right) / 2, atol=2**-15)  # one step of 16 bits


def test_other_rates_are_resampled_to_16_khz(tmp_path):
    original = tone(0.5, rate=44_100)
    resampled = audio.read(write(tmp_path / "cd.wav", original, 44_100))
    assert len(resampled) == pytest.approx(0.5 * RATE, abs=2)
    spectrum = np.abs(np.fft.rfft(resampled * np.hanning(len(resampled))))
    assert np.argmax(spectrum) * RATE / len(resampled) == pytest.approx(150, abs=2)  # one bin is 2 Hz


def test_hash_is_of_the_sound_not_of_the_container(tmp_path):
    samples = tone(0.2)
    prints = {audio.fingerprint(*audio.read_native(write(tmp_path / f"a.{kind}", samples))) for kind in ("wav", "flac")}
    assert len(prints) == 1
    other = audio.fingerprint(*audio.read_native(write(tmp_path / "b.wav", samples, 8000)))
    assert other not in prints


def test_lines_are_counted_over_blank_ones(dataset, tmp_path, corpus):
    folder, table = corpus
    lines = table.to_csv(index=False).splitlines()
    lines[4:4] = ["", ""]
    lines[7] = lines[7].replace("happy", "bored", 2).replace("_bored", "_happy")
    (tmp_path / "blank.csv").write_text("\n".join(lines) + "\n\n")
    entry = dataset | {"manifest": str(tmp_path / "blank.csv"), "root": str(folder)}
    with pytest.raises(InputError, match=r"line 8: unknown label 'bored'"):
        gate.build(manifest.read(entry, manifest.sources(entry)), entry, name="c")


def test_gender_is_demanded_where_tokens_need_it(build):
    with pytest.raises(InputError, match=r"line 4: gender is unknown, but tokens\.gender_specific needs it"):
        build(lambda table: table.assign(gender=["unknown"] * 3 + list(table["gender"])[3:]), gender_needed=True)


def test_what_is_odd_but_usable_is_named_in_the_log(build, caplog):
    def change(table):
        table = put(0, "file", "s0_happy.wav")(table)  # the same sound twice
        table.loc[12] = {"file": "s1_sad.wav", "speaker": "99", "gender": "male", "label": "sad", "split": "dev"}
        return table.assign(utterance=[f"u{row}" for row in range(13)])

    with caplog.at_level(logging.WARNING):
        assert len(build(change)) == 13
    assert "the same sound occurs 2 times, in one split: u0, u1" in caplog.text
    assert "the same sound occurs 2 times, in several splits: u5, u12" in caplog.text
    assert "1 utterances have split 'dev', which no split of the config names" in caplog.text


def test_sound_beyond_full_scale_is_named_and_clipped(build, tmp_path, caplog):
    from cuealign.descriptors import low_level_descriptors

    loud = 12 * tone(0.5)
    soundfile.write(tmp_path / "loud.wav", loud, RATE, subtype="FLOAT")
    with caplog.at_level(logging.WARNING):
        build(put(4, "file", str(tmp_path / "loud.wav")))
    assert "1 utterances exceed full scale" in caplog.text
    np.testing.assert_array_equal(low_level_descriptors(loud), low_level_descriptors(loud.clip(-1, 1 - 2**-15)))
