"""From a CSV file to a manifest: bad input is named with file and row, everything else is defined behaviour."""

import datetime
import json
import logging
import os
import signal

import numpy as np
import pandas as pd
import pytest
import soundfile

from cuealign.core import audio
from cuealign.core.errors import ConfigError, InputError
from cuealign.core.schema import MANIFEST
from cuealign.corpora import audit, manifests, readers
from cuealign.corpora.checks import check_description
from cuealign.corpora.readers import manifest
from cuealign.corpora.release import visible
from cuealign.runtime.parallel import parallel_map
from tests.support.corpora import build_corpus
from tests.support.sound import RATE, tone, write


@pytest.fixture
def build(corpus, dataset, tmp_path):
    """Build the manifest of the shared corpus after ``change(table)``, in a folder of its own."""
    folder, table = corpus

    def run(change=None, **options):
        entry = dataset | {"manifest": str(tmp_path / "manifest.csv"), "root": str(folder)} | options
        changed = table.copy().astype(object)
        changed = change(changed) if change else changed
        changed.to_csv(entry["manifest"], index=False)
        built, run.counts = build_corpus(entry, on_bad_audio=entry["on_bad_audio"])
        return built

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
    (one, counts), (two, counts_of_two) = build_corpus(entry), build_corpus(entry, workers=2)
    pd.testing.assert_frame_equal(one, two)
    assert counts == counts_of_two


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
        build_corpus(dataset | {"manifest": str(tmp_path / "nothing.csv")})


def test_readers_are_found_by_name():
    assert readers.names() == ["aibo", "audformat", "filenames", "iemocap", "manifest"]
    assert readers.module("manifest") is manifest
    with pytest.raises(ConfigError, match=r"'elan' is not included in this version \(included: aibo, "):
        readers.module("elan")


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
        build_corpus(entry)


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
    assert "the same sound occurs 2 times, in several splits (dev, train): u5, u12" in caplog.text
    assert "1 utterances have split 'dev', which no split of the config names" in caplog.text


def test_sound_beyond_full_scale_is_named_and_clipped(build, tmp_path, caplog):
    from cuealign.cues.descriptors import low_level_descriptors

    loud = 12 * tone(0.5)
    soundfile.write(tmp_path / "loud.wav", loud, RATE, subtype="FLOAT")
    with caplog.at_level(logging.WARNING):
        build(put(4, "file", str(tmp_path / "loud.wav")))
    assert "1 utterances exceed full scale" in caplog.text
    np.testing.assert_array_equal(low_level_descriptors(loud), low_level_descriptors(loud.clip(-1, 1 - 2**-15)))


# ---------------------------------------------------------------- formats


FORMATS = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "tsv": lambda table, path: table.to_csv(path, index=False, sep="\t"),
    "parquet": lambda table, path: table.to_parquet(path, index=False),
    "jsonl": lambda table, path: table.to_json(path, orient="records", lines=True),
}


def save(table, path):
    FORMATS[path.suffix[1:]](table, path)
    return str(path)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_manifest(corpus, dataset, tmp_path, kind):
    folder, table = corpus
    segments = table.assign(start=0.05, end=[None, 0.25] * 6)
    entry = dataset | {"root": str(folder)}
    built, _ = build_corpus(entry | {"manifest": save(segments, tmp_path / f"m.{kind}")})
    expected, _ = build_corpus(entry | {"manifest": save(segments, tmp_path / "expected.csv")})
    pd.testing.assert_frame_equal(built, expected)
    assert sorted(set(built["speaker"])) == ["00", "01", "02", "03"]
    assert set(built["start"]) == {0.05}


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_whole_numbers_are_speakers_as_written(corpus, dataset, tmp_path, kind):
    folder, table = corpus
    numbered = table.assign(speaker=table["speaker"].astype(int))
    built, _ = build_corpus(dataset | {"root": str(folder), "manifest": save(numbered, tmp_path / f"m.{kind}")})
    assert sorted(set(built["speaker"])) == ["0", "1", "2", "3"]


@pytest.mark.parametrize(("kind", "place"), [("csv", "line 7"), ("tsv", "line 7"), ("jsonl", "line 6"), ("parquet", "row 6")])
def test_rows_are_named_as_the_format_counts_them(corpus, dataset, tmp_path, kind, place):
    folder, table = corpus
    path = save(put(5, "speaker", "")(table.copy()), tmp_path / f"m.{kind}")
    with pytest.raises(InputError, match=f"{place}: speaker is empty"):
        build_corpus(dataset | {"root": str(folder), "manifest": path})


def test_a_broken_line_of_json_is_named(corpus, dataset, tmp_path):
    folder, table = corpus
    path = save(table, tmp_path / "m.jsonl")
    lines = (tmp_path / "m.jsonl").read_text().splitlines()
    lines[2], lines[4] = lines[2][:-5], "[1, 2]"
    (tmp_path / "m.jsonl").write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"2 problems\n.*line 3: is no JSON.*\n.*line 5: is no JSON object"):
        build_corpus(dataset | {"root": str(folder), "manifest": path})


def test_a_format_that_is_not_known_is_named(dataset, tmp_path):
    (tmp_path / "m.xlsx").write_text("")
    with pytest.raises(InputError, match=r"m\.xlsx: the ending '\.xlsx' is none of \.csv, \.tsv, \.parquet, \.jsonl"):
        build_corpus(dataset | {"manifest": str(tmp_path / "m.xlsx")})


def test_files_of_nkululeko_are_read_by_config_alone(corpus, dataset, tmp_path):
    """Its tables are audformat's: segments as times, emotion for the label, the split named in the file."""
    folder, table = corpus
    theirs = table.rename(columns={"label": "emotion"}).assign(start="0 days 00:00:00.100000", end="0 days 00:00:00.250000")
    theirs.loc[3:, ["start", "end"]] = ["0 days", "NaT"]
    path = save(theirs[["file", "start", "end", "speaker", "gender", "emotion", "split"]], tmp_path / "nkululeko.csv")
    built, _ = build_corpus(dataset | {"root": str(folder), "manifest": path, "columns": {"label": "emotion"}})
    part = built[built["file"].isin([str(folder / name) for name in table["file"][:3]])]
    assert part["start"].tolist() == [0.1] * 3
    np.testing.assert_allclose(part["duration"], 0.15)
    assert (built["start"] == 0).sum() == 9


def test_files_of_emobox_are_read_by_config_alone(corpus, dataset, tmp_path):
    """One file per split; no speaker and no gender but in the key; the path under another name."""
    folder, table = corpus
    for split in ("train", "test"):
        theirs = table[table["split"] == split]
        key = [
            f"Ses{speaker}F_impro_{gender[0].upper()}{row:03d}"
            for row, (speaker, gender) in enumerate(zip(theirs["speaker"], theirs["gender"], strict=True))
        ]
        rows = pd.DataFrame(
            {"key": key, "dataset": "x", "wav": theirs["file"], "sample_rate": 16000, "length": 0.3, "emo": theirs["label"]}
        )
        save(rows, tmp_path / f"{split}.jsonl")
    columns = {
        "utterance": "key",
        "file": "wav",
        "label": "emo",
        "speaker": {"column": "key", "pattern": r"^(Ses\d\d).*_([FM])\d+$"},
        "gender": {"column": "key", "pattern": r"[FM](?=\d+$)"},
        "language": {"value": "eng"},
    }
    files = {"train": str(tmp_path / "train.jsonl"), "test": [str(tmp_path / "test.jsonl")]}
    built, _ = build_corpus(dataset | {"root": str(folder), "manifest": files, "columns": columns})
    assert sorted(set(built["speaker"])) == ["Ses00F", "Ses01M", "Ses02F", "Ses03M"]
    assert built.groupby("speaker")["gender"].first().tolist() == ["female", "male", "female", "male"]
    assert built.groupby("split").size().to_dict() == {"test": 6, "train": 6}
    assert set(built["language"]) == {"eng"}


def test_a_value_that_a_pattern_does_not_match_is_named(build):
    column = {"column": "file", "pattern": r"^s([0-2])_"}
    with pytest.raises(InputError, match=r"line 11: file 's3_angry\.wav' does not match the pattern of speaker"):
        build(columns={"speaker": column})


def test_splits_may_be_speakers(build):
    """Any protocol by speakers is config: the speaker's own column is the split."""
    built = build(
        lambda table: table.drop(columns="split"), columns={"split": "speaker"}, splits={"train": ["00", "01", "02"], "test": ["03"]}
    )
    assert set(built["split"]) == {"00", "01", "02", "03"}


def test_a_map_says_what_a_value_means(build):
    column = {"column": "gender", "map": {1: "male", 0: "female"}}
    numbered = build(lambda table: table.replace({"gender": {"male": 1, "female": 0}}), columns={"gender": column})
    pd.testing.assert_frame_equal(numbered, build())
    with pytest.raises(InputError, match=r"line 6: gender '2' is not in the map of gender \(1, 0\)"):
        build(lambda table: put(4, "gender", 2)(table.replace({"gender": {"male": 1, "female": 0}})), columns={"gender": column})


def test_file_names_may_say_everything(tmp_path):
    """RAVDESS by the project's own registry, on files named as it names them."""
    from cuealign.config.settings import load
    from tests.support.config import shipped

    for number in range(16):
        actor, emotion = 1 + number // 4 * 7, ("05", "03", "01", "04")[number % 4]
        write(tmp_path / f"Actor_{actor:02d}/03-01-{emotion}-01-01-01-{actor:02d}.wav", tone(0.3, seed=number))
    write(tmp_path / "Actor_01/03-01-08-01-01-01-01.wav", tone(0.3))
    write(tmp_path / "Actor_01/03-02-05-01-01-01-01.wav", tone(0.3))  # sung
    (tmp_path / "Actor_01/._03-01-05-01-01-01-01.wav").write_bytes(b"x")
    entry = load(shipped()).datasets["ravdess"].model_dump(mode="json") | {"root": str(tmp_path), "gender_needed": True}
    built, counts = build_corpus(entry)
    assert len(built) == 16
    assert built.groupby("speaker")["gender"].first().to_dict() == {"01": "male", "08": "female", "15": "male", "22": "female"}
    assert built.set_index("utterance").loc["Actor_08/03-01-03-01-01-01-08", ["label", "split", "language"]].tolist() == [
        "happy",
        "08",
        "eng",
    ]
    assert counts["left_out"] == {"08": 1}
    write(tmp_path / "Actor_01/03-01-x.wav", tone(0.3))
    with pytest.raises(InputError, match=r"file '.*03-01-x\.wav' does not match the pattern of speaker"):
        build_corpus(entry)
    with pytest.raises(InputError, match=r"no file matches '\*\.ogg' \(options\.files\)"):
        build_corpus(entry | {"options": {"files": "*.ogg"}})
    for pattern in ("", "/data/*.wav"):
        with pytest.raises(ConfigError, match=r"reader filenames: options\.files: String should match pattern"):
            build_corpus(entry | {"options": {"files": pattern}})
    with pytest.raises(InputError, match="there is no such folder"):
        build_corpus(entry | {"root": str(tmp_path / "gone")})


def test_a_file_name_that_is_not_utf_8_is_named(dataset, tmp_path):
    write(tmp_path / "a.wav", tone(0.1)).rename(tmp_path / os.fsdecode(b"x\xfc.wav"))
    with pytest.raises(InputError, match=r"the name of x\\udcfc\.wav is not UTF-8; rename it"):
        build_corpus(dataset | {"reader": "filenames", "root": str(tmp_path)})


# ---------------------------------------------------------------- what was heard


def cut(path, share=0.6):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


@pytest.mark.parametrize("kind", ["wav", "aiff", "au", "flac", "mp3", "ogg"])
def test_a_file_that_is_cut_short_is_named(build, tmp_path, kind):
    path = tmp_path / f"cut.{kind}"
    if kind in ("mp3", "ogg"):
        soundfile.write(path, tone(2.0), RATE)
    else:
        write(path, tone(2.0))
    cut(path)
    with pytest.raises(InputError, match=rf"cut\.{kind}: (cut short|cannot be decoded|holds no samples)"):
        build(put(4, "file", str(path)))


def test_a_header_written_before_the_length_was_known_is_no_fault(tmp_path):
    """As programs write that stream to a pipe."""
    content = bytearray(write(tmp_path / "a.wav", tone(0.5)).read_bytes())
    for size in (b"\xff\xff\xff\xff", b"\x00\xf0\xff\x7f"):
        content[40:44] = size
        (tmp_path / "streamed.wav").write_bytes(content)
        assert len(audio.read_native(tmp_path / "streamed.wav")[0]) == RATE // 2


def test_an_rf64_file_that_is_cut_short_is_named(build, tmp_path):
    path = tmp_path / "cut.wav"
    soundfile.write(path, tone(2.0), RATE, format="RF64", subtype="PCM_16")
    cut(path)
    with pytest.raises(InputError, match=r"cut\.wav: cut short"):
        build(put(4, "file", str(path)))


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg"])
def test_a_segment_is_a_slice_of_the_whole(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, tone(2.0), RATE)
    whole, _ = audio.read_native(path)
    for start, end in ((0.0, 0.5), (0.73, 1.21), (1.5, None)):
        part, _ = audio.read_native(path, start, end)
        np.testing.assert_array_equal(part, whole[round(start * RATE) : None if end is None else round(end * RATE)])


def test_bad_audio_is_excluded_where_the_config_says_so_and_counted(build, tmp_path, caplog):
    def change(table):
        return put(0, "file", "gone.wav")(put(7, "file", str(cut(write(tmp_path / "cut.wav", tone(1.0)))))(table))

    with caplog.at_level(logging.WARNING):
        built = build(change, on_bad_audio="exclude", all_classes=False)
    assert len(built) == 10
    assert "2 of 12 utterances are excluded for bad audio" in caplog.text
    assert [(row["split"], row["label"]) for row in build.counts["excluded"]] == [("train", "angry"), ("test", "happy")]
    assert build.counts["excluded"][0]["problem"] == "no such file"
    assert str(tmp_path) not in str(build.counts)


def test_a_class_that_is_lost_with_bad_audio_is_named(build):
    with pytest.raises(InputError, match=r"bad audio excluded: 1 problem\n.*split 'test' has no utterance of class 'sad'"):
        build(lambda table: put(8, "file", "gone.wav")(put(11, "file", "lost.wav")(table)), on_bad_audio="exclude")


def test_the_audit_says_what_was_heard(corpus, dataset, tmp_path):
    folder, table = corpus
    stereo = np.stack([tone(0.4), tone(0.4, pitch=220)], axis=1)
    stereo[100:150] = 1.0
    write(tmp_path / "stereo.wav", stereo, 8000)
    changed = put(1, "file", str(folder / "s0_angry.wav"))(
        put(2, "file", str(tmp_path / "stereo.wav"))(put(3, "file", "gone.wav")(table.copy()))
    )
    changed["utterance"] = [f"u{row:02d}" for row in range(12)]
    changed.to_csv(tmp_path / "m.csv", index=False)
    entry = dataset | {"manifest": str(tmp_path / "m.csv"), "root": str(folder)}
    utterances = check_description(manifest.read(entry, []), entry, name="c")
    heard = audit.probe(utterances, name="c", workers=2)
    audit.write(heard, tmp_path / "audit.csv")
    pd.testing.assert_frame_equal(audit.read(tmp_path / "audit.csv"), heard, check_dtype=False, check_exact=True)
    rows = heard.set_index("utterance")
    assert rows.loc["u01", "same_sound_as"] == "u00"
    assert (rows["same_sound_as"] != "").sum() == 1
    assert (rows.loc["u02", "rate"], rows.loc["u02", "channels"], rows.loc["u02", "duration"]) == (8000, 2, 0.8)
    assert rows.loc["u02", "clipped"] == 50 / 6400
    assert rows.loc["u03", "problem"].endswith("gone.wav: no such file")
    assert np.isnan(rows.loc["u03", "peak"])
    assert rows.loc["u00", "peak"] == np.abs(audio.read_native(folder / "s0_angry.wav")[0]).max()


def test_odd_things_are_counted(build, tmp_path):
    write(tmp_path / "silence.wav", np.zeros(RATE))
    built = build(lambda table: put(4, "file", str(tmp_path / "silence.wav"))(put(2, "label", "xxx")(table)), label_map={"xxx": None})
    assert len(built) == 11
    counts = build.counts
    assert (counts["rows"], counts["left_out"], counts["silent"], counts["clipped"]) == (12, {"xxx": 1}, 1, 0)
    assert (counts["rates"], counts["channels"], counts["same_sound"]) == ({"16000 Hz": 11}, {"1": 11}, [])


# ---------------------------------------------------------------- what others have run into


@pytest.mark.parametrize("rate", [11_025, 16_000, 22_050, 44_100, 48_000])
def test_a_segment_with_an_open_end_is_read_again_as_it_was_heard(dataset, tmp_path, rate):
    """Half a sample's rounding at its start must not move its end."""
    rows = []
    for number in range(60):
        path = write(tmp_path / f"{number}.wav", tone(0.2, rate=rate, seed=number)[: -1 - number % 7], rate)
        rows.append({"file": str(path), "start": f"{number * 0.001 + 0.005:.3f}", "speaker": "s", "label": "sad", "split": "test"})
    pd.DataFrame(rows).to_csv(tmp_path / "m.csv", index=False)
    entry = dataset | {"manifest": str(tmp_path / "m.csv"), "splits": ["test"], "all_classes": False}
    built, _ = build_corpus(entry)
    for row in built.itertuples():
        audio.read_utterance(row)  # checks the hash


def test_ids_name_no_machine(dataset, tmp_path, corpus):
    folder, table = corpus
    spread = table.assign(file=[str(folder / file) for file in table["file"]])
    spread.loc[0, "file"] = str(write(tmp_path / "home/jane/study/a.wav", tone(0.3, seed=99)))
    spread.loc[1, "file"] = f"../{folder.name}/s0_happy.wav"
    spread.to_csv(tmp_path / "m.csv", index=False)
    built, counts = build_corpus(dataset | {"manifest": str(tmp_path / "m.csv"), "root": str(folder)})
    assert {"study/a", f"{folder.name}/s0_happy", f"{folder.name}/s1_sad"} < set(built["utterance"])
    assert "jane" not in str(counts) + str(set(built["utterance"]))


@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_a_quote_that_is_never_closed_swallows_nothing(corpus, dataset, tmp_path, kind):
    folder, table = corpus
    separator = {"csv": ",", "tsv": "\t"}[kind]
    lines = table.assign(text="word").to_csv(index=False, sep=separator).splitlines()
    lines[3], lines[6] = lines[3].replace("word", '"Stop'), lines[6].replace("word", '"go')
    (tmp_path / f"m.{kind}").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=rf"m\.{kind}, line 4: a quoted field goes on in the next line"):
        build_corpus(dataset | {"manifest": str(tmp_path / f"m.{kind}"), "root": str(folder)})


@pytest.mark.parametrize("text", ["0,1", "1 5", "1-2", "1_0", "1e308", "NaN", "1 day 2", "5s"])
def test_what_is_no_time_is_not_taken_for_one(build, text):
    with pytest.raises(InputError, match=r"line 5: start is '.*', not a number"):
        build(lambda table: put(3, "start", text)(table.assign(start="")))


def test_columns_that_occur_twice_are_refused(corpus, dataset, tmp_path):
    folder, table = corpus
    text = table.assign(label2=table["label"]).to_csv(index=False).replace("label2", "label")
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(InputError, match="column 'label' occurs 2 times"):
        build_corpus(dataset | {"manifest": str(tmp_path / "m.csv"), "root": str(folder)})
    lines = [line.replace("{", '{"label": "sad", ', 1) for line in table.to_json(orient="records", lines=True).splitlines()]
    (tmp_path / "m.jsonl").write_text("\n".join(lines))
    with pytest.raises(InputError, match="line 1: is no JSON that can be read \\('label' occurs twice\\)"):
        build_corpus(dataset | {"manifest": str(tmp_path / "m.jsonl"), "root": str(folder)})


def test_whole_numbers_are_the_same_speaker_whatever_their_type(corpus, dataset, tmp_path):
    folder, table = corpus
    numbers = table["speaker"].astype(int)
    save(table.assign(speaker=numbers.astype(float))[table["split"] == "train"], tmp_path / "train.parquet")
    save(table.assign(speaker=numbers % 2)[table["split"] == "test"], tmp_path / "test.parquet")
    files = {split: str(tmp_path / f"{split}.parquet") for split in ("train", "test")}
    with pytest.raises(InputError, match=r"speaker '0' occurs in several splits"):
        build_corpus(dataset | {"manifest": files, "root": str(folder)})


def test_an_audit_of_other_utterances_is_refused(corpus, dataset):
    folder, _ = corpus
    entry = dataset | {"manifest": str(folder / "manifest.csv")}
    utterances = check_description(manifest.read(entry, []), entry, name="c")
    heard = audit.probe(utterances, name="c")
    with pytest.raises(InputError, match=r"audit\.csv names other utterances than utterances\.parquet"):
        manifests.build_manifest(utterances, heard[1:], entry, name="c")


def killed(_item):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_ends_the_job_with_a_clear_line():
    with pytest.raises(InputError, match="work: a process was killed in the middle of its work"):
        list(parallel_map(killed, list(range(20)), "work", unit="item", workers=2))


def test_linked_folders_are_followed(tmp_path):
    write(tmp_path / "elsewhere/b.wav", tone(0.1))
    (tmp_path / "root").mkdir()
    (tmp_path / "root/linked").symlink_to(tmp_path / "elsewhere")
    assert [path.name for path in visible(tmp_path / "root", "**/*.wav")] == ["b.wav"]


def test_text_in_json_may_hold_any_separator(corpus, dataset, tmp_path):
    folder, table = corpus
    rows = [json.dumps(row | {"text": "a\u2028b\u0085c"}, ensure_ascii=False) for row in table.to_dict("records")]
    (tmp_path / "m.jsonl").write_text("\n".join(rows), encoding="utf-8")
    assert len(build_corpus(dataset | {"manifest": str(tmp_path / "m.jsonl"), "root": str(folder)})[0]) == 12


def test_channels_that_cancel_each_other_are_silence(build, tmp_path):
    path = write(tmp_path / "antiphase.wav", np.stack([tone(0.5), -tone(0.5)], axis=1))
    build(put(4, "file", str(path)))
    assert build.counts["silent"] == 1


def test_only_the_columns_that_are_needed_are_read_from_parquet(corpus, dataset, tmp_path):
    folder, table = corpus
    odd = table.assign(when=[datetime.datetime(9999, 1, 1)] * 12, audio=[{"bytes": b"\xff" * 100}] * 12)
    odd.to_parquet(tmp_path / "m.parquet", index=False)
    assert len(build_corpus(dataset | {"manifest": str(tmp_path / "m.parquet"), "root": str(folder)})[0]) == 12
