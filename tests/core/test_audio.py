"""Every part of the workflow gets the same samples, and a damaged file is never read as if it were whole."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from cuealign.core import audio
from cuealign.core.errors import InputError
from tests.support.sound import RATE, tone, write


def test_channels_are_averaged(tmp_path):
    left, right = tone(0.2, pitch=120), tone(0.2, pitch=300)
    stereo = audio.read(write(tmp_path / "stereo.wav", np.stack([left, right], axis=1)))
    np.testing.assert_allclose(stereo, (left + right) / 2, atol=2**-15)  # one step of 16 bits


def test_other_rates_are_resampled_to_16_khz(tmp_path):
    original = tone(0.5, rate=44_100)
    resampled = audio.read(write(tmp_path / "cd.wav", original, 44_100))
    assert len(resampled) == pytest.approx(0.5 * RATE, abs=2)
    spectrum = np.abs(np.fft.rfft(resampled * np.hanning(len(resampled))))
    assert np.argmax(spectrum) * RATE / len(resampled) == pytest.approx(150, abs=2)  # one bin is 2 Hz


def test_fingerprint_depends_on_samples_and_rate_but_not_on_the_container(tmp_path):
    samples = tone(0.2)
    fingerprints = {audio.fingerprint(*audio.read_native(write(tmp_path / f"a.{kind}", samples))) for kind in ("wav", "flac")}
    assert len(fingerprints) == 1
    other = audio.fingerprint(*audio.read_native(write(tmp_path / "b.wav", samples, 8000)))
    assert other not in fingerprints


def truncate(path, share=0.6):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


@pytest.mark.parametrize("kind", ["wav", "aiff", "au", "flac", "mp3", "ogg"])
def test_a_file_that_is_cut_short_is_refused(tmp_path, kind):
    path = tmp_path / f"cut.{kind}"
    if kind in ("mp3", "ogg"):
        soundfile.write(path, tone(2.0), RATE)
    else:
        write(path, tone(2.0))
    truncate(path)
    with pytest.raises(InputError, match=rf"cut\.{kind}: (cut short|cannot be decoded|holds no samples)"):
        audio.read_native(path)


def test_a_header_without_the_length_is_accepted(tmp_path):
    """Programs write such headers when they stream to a pipe."""
    content = bytearray(write(tmp_path / "a.wav", tone(0.5)).read_bytes())
    for size in (b"\xff\xff\xff\xff", b"\x00\xf0\xff\x7f"):
        content[40:44] = size
        (tmp_path / "streamed.wav").write_bytes(content)
        assert len(audio.read_native(tmp_path / "streamed.wav")[0]) == RATE // 2


def test_an_rf64_file_that_is_cut_short_is_refused(tmp_path):
    path = tmp_path / "cut.wav"
    soundfile.write(path, tone(2.0), RATE, format="RF64", subtype="PCM_16")
    truncate(path)
    with pytest.raises(InputError, match=r"cut\.wav: cut short"):
        audio.read_native(path)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg"])
def test_a_segment_has_the_same_samples_as_that_part_of_the_whole_file(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, tone(2.0), RATE)
    whole, _ = audio.read_native(path)
    for start, end in ((0.0, 0.5), (0.73, 1.21), (1.5, None)):
        part, _ = audio.read_native(path, start, end)
        np.testing.assert_array_equal(part, whole[round(start * RATE) : None if end is None else round(end * RATE)])


def test_a_path_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match=r"x\.wav: cannot be read \(File name too long\)"):
        audio.read_native(tmp_path / f"{'x' * 300}.wav")
    with pytest.raises(InputError, match="no such file"):
        audio.read_native(tmp_path)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (-0.1, None, r"segment starts at -0\.1 s, before the file does"),
        (0.5, None, r"segment starts at 0\.5 s, but the file lasts 0\.500 s"),
        (0.3, 0.3, r"segment 0\.3 s to 0\.3 s is empty"),
        (0.3, 0.52, r"segment ends at 0\.52 s, but the file lasts 0\.500 s"),
    ],
)
def test_a_segment_outside_of_the_file_is_refused(tmp_path, start, end, message):
    path = write(tmp_path / "a.wav", tone(0.5))
    with pytest.raises(InputError, match=rf"a\.wav: {message}"):
        audio.read_native(path, start, end)


def test_an_end_that_is_rounded_up_to_hundredths_of_a_second_is_accepted(tmp_path):
    path = write(tmp_path / "a.wav", tone(0.495))
    assert len(audio.read(path, 0.1, 0.5)) == round(0.495 * RATE) - round(0.1 * RATE)


def test_samples_are_checked_against_the_manifest(tmp_path):
    path = write(tmp_path / "a.wav", tone(0.5))
    row = SimpleNamespace(file=str(path), start=0.1, end=0.4, audio_sha256=audio.fingerprint(*audio.read_native(path, 0.1, 0.4)))
    samples = audio.read_utterance(row)
    np.testing.assert_array_equal(samples, audio.read(path)[round(0.1 * RATE) : round(0.4 * RATE)])
    np.testing.assert_array_equal(audio.deferred_read(row)(), samples)
    write(path, tone(0.5, seed=1))
    for read in (lambda: audio.read_utterance(row), audio.deferred_read(row)):
        with pytest.raises(InputError, match=r"a\.wav: the sound has changed since the corpus was audited; audit it again with --forcerun"):
            read()


def test_a_reader_can_be_sent_to_another_process_and_takes_another_rate(tmp_path):
    path = write(tmp_path / "a.wav", tone(0.5))
    row = SimpleNamespace(file=str(path), start=0.0, end=0.5, audio_sha256=audio.fingerprint(*audio.read_native(path)))
    read = pickle.loads(pickle.dumps(audio.deferred_read(row)))
    assert len(read(rate=8000)) == 4000


def test_resampling_keeps_at_least_one_sample_and_changes_nothing_at_the_same_rate():
    samples = tone(0.1)
    assert audio.resample(samples, RATE, RATE) is samples
    assert len(audio.resample(samples[:1], 48_000, RATE)) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "is a git-lfs pointer, not the file itself; fetch it with git lfs pull",
        ),
        (b"\n<!DOCTYPE html><title>403</title>", "is a web page, not the file itself"),
        (b"\0\0\0\x20ftypM4A \0\0", r"is MPEG-4 \(m4a, mp4\), which is not read; convert it to WAV or FLAC"),
        (b"\x1aE\xdf\xa3\x93B\x82", "is WebM or Matroska, which is not read"),
        (b"\x1f\x8b\x08\0\0\0\0", "is compressed by gzip; unpack it"),
        (b"something else", "cannot be decoded as audio"),
    ],
)
def test_what_is_no_sound_is_called_by_its_name(tmp_path, content, message):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(InputError, match=rf"a\.wav: {message}"):
        audio.read_native(tmp_path / "a.wav")
