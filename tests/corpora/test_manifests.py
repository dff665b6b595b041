"""A manifest has every utterance that can be used; bad audio is named or counted, and unusual audio is logged and counted."""

import logging

import numpy as np
import pandas as pd
import pytest
import soundfile

from cuealign.core import audio
from cuealign.core.errors import InputError
from cuealign.core.schema import MANIFEST
from cuealign.corpora import audit, manifests
from cuealign.cues.descriptors import low_level_descriptors
from tests.support.config import changed
from tests.support.corpora import build_corpus, describe, put
from tests.support.sound import RATE, tone, write


def test_manifest_has_every_row_of_the_table(build, corpus):
    folder, table = corpus
    built = build()
    assert len(built) == len(table)
    row = built.set_index("utterance").loc["s1_sad"]
    assert (row.speaker, row.gender, row.label, row.split) == ("01", "male", "sad", "train")
    assert row.file == str(folder / "s1_sad.wav")
    assert (row.start, row.end, row.duration) == (0.0, 0.5, 0.5)
    MANIFEST.check(built, "test")


def test_number_of_processes_does_not_change_the_manifest(corpus, dataset):
    folder, _ = corpus
    entry = changed(dataset, manifest=str(folder / "manifest.csv"))
    (one, counts), (two, counts_of_two) = build_corpus(entry), build_corpus(entry, workers=2)
    pd.testing.assert_frame_equal(one, two)
    assert counts == counts_of_two


def truncate(path):
    path.write_bytes(path.read_bytes()[:10_000])
    return path


BAD = {
    "missing file": (lambda _folder: None, "no such file"),
    "zero bytes": (lambda folder: (folder / "bad.wav").write_bytes(b""), r"empty \(0 bytes\)"),
    "not audio": (lambda folder: (folder / "bad.wav").write_text("speech"), "cannot be decoded as audio"),
    "truncated": (lambda folder: (folder / "bad.wav").write_bytes(b"RIFF\x00\x00"), "cannot be decoded as audio"),
    "no samples": (lambda folder: write(folder / "bad.wav", np.zeros(0)), "is empty|no samples"),
    "cut short": (lambda folder: truncate(write(folder / "bad.wav", tone(1.0))), "cut short"),
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


@pytest.mark.parametrize("rate", [11_025, 16_000, 22_050, 44_100, 48_000])
def test_a_segment_without_an_end_is_read_again_with_the_same_samples(dataset, tmp_path, rate):
    """Rounding its start by half a sample must not move its end."""
    rows = []
    for number in range(60):
        path = write(tmp_path / f"{number}.wav", tone(0.2, rate=rate, seed=number)[: -1 - number % 7], rate)
        rows.append({"file": str(path), "start": f"{number * 0.001 + 0.005:.3f}", "speaker": "s", "label": "sad", "split": "test"})
    pd.DataFrame(rows).to_csv(tmp_path / "m.csv", index=False)
    entry = changed(dataset, manifest=str(tmp_path / "m.csv"), splits=["test"], all_classes=False)
    built, _ = build_corpus(entry)
    for row in built.itertuples():
        audio.read_utterance(row)  # checks the hash


def test_excluded_bad_audio_is_logged_and_counted(build, tmp_path, caplog):
    def change(table):
        return put(0, "file", "gone.wav")(put(7, "file", str(truncate(write(tmp_path / "cut.wav", tone(1.0)))))(table))

    with caplog.at_level(logging.WARNING):
        built = build(change, on_bad_audio="exclude", all_classes=False)
    assert len(built) == 10
    assert "2 of 12 utterances excluded for bad audio" in caplog.text
    assert [(row["split"], row["label"]) for row in build.counts["excluded"]] == [("train", "angry"), ("test", "happy")]
    assert build.counts["excluded"][0]["problem"] == "no such file"
    assert str(tmp_path) not in str(build.counts)


def test_counts_of_bad_audio_name_no_place_on_the_machine(build, tmp_path):
    (tmp_path / "away.wav").symlink_to(tmp_path / "My Corpus/gone.wav")

    def change(table):
        table.loc[3, "file"] = str(tmp_path / "away.wav")
        table.loc[4, "file"] = str(tmp_path / "lost.wav")
        return table

    build(change, on_bad_audio="exclude", all_classes=False)
    assert [each["problem"] for each in build.counts["excluded"]] == ["is a link to what does not exist", "no such file"]
    assert str(tmp_path) not in str(build.counts)


def test_a_class_that_is_empty_without_bad_audio_is_named(build):
    with pytest.raises(InputError, match=r"bad audio excluded: 1 problem\n.*split 'test' has no utterance of class 'sad'"):
        build(lambda table: put(8, "file", "gone.wav")(put(11, "file", "lost.wav")(table)), on_bad_audio="exclude")


def test_silence_is_kept_and_logged(build, tmp_path, caplog):
    path = write(tmp_path / "silence.wav", np.zeros(RATE))
    with caplog.at_level(logging.WARNING):
        assert len(build(put(4, "file", str(path)))) == 12
    assert f"1 utterance without sound, kept, with UNVOICED for voiced concepts: {path}" in caplog.text


def test_channels_that_cancel_each_other_count_as_silence(build, tmp_path):
    path = write(tmp_path / "antiphase.wav", np.stack([tone(0.5), -tone(0.5)], axis=1))
    build(put(4, "file", str(path)))
    assert build.counts["silent"] == 1


def test_a_clip_of_thirty_milliseconds_is_kept(build, tmp_path):
    path = write(tmp_path / "short.wav", tone(0.03))
    built = build(put(4, "file", str(path)))
    assert built.loc[built["file"] == str(path), "duration"].item() == pytest.approx(0.03)


def test_samples_beyond_full_scale_are_logged_and_clipped_by_opensmile(build, tmp_path, caplog):
    loud = 12 * tone(0.5)
    soundfile.write(tmp_path / "loud.wav", loud, RATE, subtype="FLOAT")
    with caplog.at_level(logging.WARNING):
        build(put(4, "file", str(tmp_path / "loud.wav")))
    assert "1 utterance beyond full scale" in caplog.text
    np.testing.assert_array_equal(low_level_descriptors(loud), low_level_descriptors(loud.clip(-1, 1 - 2**-15)))


def test_repeated_samples_and_unused_splits_are_logged(build, caplog):
    def change(table):
        table = put(0, "file", "s0_happy.wav")(table)  # the same sound twice
        table.loc[12] = {"file": "s1_sad.wav", "speaker": "99", "gender": "male", "label": "sad", "split": "dev"}
        return table.assign(utterance=[f"u{row}" for row in range(13)])

    with caplog.at_level(logging.WARNING):
        assert len(build(change)) == 13
    said = "1 of them in several splits (all in results/corpora/c/counts.json): u5, u12 (splits dev, train); u0, u1 (split train)"
    assert said in caplog.text
    assert "1 utterance in splits that no split of the config names: 1 in 'dev'" in caplog.text


def test_silent_clipped_and_left_out_utterances_rates_and_channels_are_counted(build, tmp_path):
    write(tmp_path / "silence.wav", np.zeros(RATE))
    built = build(lambda table: put(4, "file", str(tmp_path / "silence.wav"))(put(2, "label", "xxx")(table)), label_map={"xxx": None})
    assert len(built) == 11
    counts = build.counts
    assert (counts["rows"], counts["left_out"], counts["silent"], counts["clipped"]) == (12, {"xxx": 1}, 1, 0)
    assert (counts["rates"], counts["channels"], counts["same_sound"]) == ({"16000 Hz": 11}, {"1": 11}, [])


def stereo(left, right):
    return np.stack([left, right], axis=1)


SPEECH = tone(0.5)
CHANNELS = {
    "inverted": (stereo(SPEECH, -SPEECH), {}, "cancelled"),
    "nearly": (stereo(SPEECH, -0.9 * SPEECH), {}, "cancelled"),
    "nothing in one": (stereo(SPEECH, 0 * SPEECH), {}, "soft_channel"),
    "20 dB softer": (stereo(0.09 * SPEECH, SPEECH), {}, "soft_channel"),
    "the first is soft": (stereo(0.09 * SPEECH, SPEECH), {"channel": "first"}, "soft_channel"),
    "an offset": (stereo(SPEECH, SPEECH + 0.01), {}, "offset"),
    "an offset that is removed": (stereo(SPEECH, SPEECH + 0.01), {"remove_offset": True}, "offset"),
    "the loudest is heard": (stereo(SPEECH, 0 * SPEECH), {"channel": "loudest"}, None),
    "the first is heard": (stereo(SPEECH, -SPEECH), {"channel": "first"}, None),
    "two voices": (stereo(SPEECH, tone(0.5, pitch=310)), {}, None),
    "one voice twice": (stereo(SPEECH, 0.5 * SPEECH), {}, None),
}


@pytest.mark.parametrize("case", CHANNELS)
def test_channels_and_offsets_that_change_what_is_heard_are_counted_and_named(build, tmp_path, caplog, case):
    samples, options, key = CHANNELS[case]
    path = write(tmp_path / "case.wav", samples)
    with caplog.at_level(logging.WARNING):
        built = build(put(4, "file", str(path)), **options)
    assert [name for name in ("cancelled", "soft_channel", "offset") if build.counts[name]] == [key] * (key is not None)
    assert "files have different numbers of channels: 11 utterances with 1, 1 utterance with 2" in caplog.text
    assert (key is None) == (
        f"1 utterance with a{' constant offset' * (key == 'offset')}" not in caplog.text and "cancel" not in caplog.text
    )
    if key:
        assert f": {path}" in caplog.text
    row = built[built["file"] == str(path)].iloc[0]
    assert np.array_equal(audio.read_utterance(row), audio.mono(audio.read_native(path)[0], **options))


def test_a_constant_is_silence(build, tmp_path):
    write(tmp_path / "constant.wav", np.full(RATE, 0.05))
    build(put(4, "file", str(tmp_path / "constant.wav")))
    assert (build.counts["silent"], build.counts["offset"]) == (1, 1)


def test_an_audit_of_other_utterances_is_refused(corpus, dataset):
    folder, _ = corpus
    entry = changed(dataset, manifest=str(folder / "manifest.csv"))
    utterances = describe(entry)
    audited = audit.probe(utterances, name="c")
    with pytest.raises(InputError, match=r"audit\.csv names other utterances than utterances\.parquet"):
        manifests.build_manifest(utterances, audited[1:], entry, name="c")


def test_the_same_sound_many_times_is_one_short_warning_and_a_file_has_all(build, caplog):
    def change(table):
        many = pd.concat([table.iloc[[0]]] * 400 + [table.iloc[[1]]] * 400 + [table.iloc[2:]], ignore_index=True)
        return many.assign(utterance=[f"utterance-{row:04d}" for row in range(len(many))])

    with caplog.at_level(logging.WARNING):
        build(change)
    (said,) = [record.getMessage() for record in caplog.records if "more than one utterance" in record.getMessage()]
    assert said.startswith(
        "dataset c: 2 sounds in more than one utterance, 0 of them in several splits (all in results/corpora/c/counts.json): u"
    )
    assert "and 396 more (split train)" in said
    assert len(said) < 400
    assert [len(group["utterances"]) for group in build.counts["same_sound"]] == [400, 400]


def test_pairs_of_segments_that_overlap_are_all_in_the_counts(build, caplog):
    def change(table):
        first = table.iloc[[0]].assign(start=[0.0], end=[0.2], split=["train"])
        others = [table.iloc[[0]].assign(start=[0.01 * number], end=[0.25], split=["test"], speaker="x") for number in range(2, 10)]
        return pd.concat([first, *others, table.iloc[1:].assign(start=0.0, end=np.nan)], ignore_index=True)

    with caplog.at_level(logging.WARNING):
        build(change, speaker_disjoint=False)
    (said,) = [record.getMessage() for record in caplog.records if "share sound" in record.getMessage()]
    assert "8 pairs: " in said
    assert said.endswith("and 3 more (all in results/corpora/c/counts.json)")
    assert len(build.counts["overlapping"]) == build.counts["overlaps"] == 8
