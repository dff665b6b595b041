"""Every part of the workflow gets the same samples, and a damaged file is never read as if it were whole."""

import os
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
    with pytest.raises(InputError, match="is a folder, no file"):
        audio.read_native(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        audio.read_native(tmp_path / "gone.wav")
    (tmp_path / "dangling.wav").symlink_to(tmp_path / "gone.wav")
    with pytest.raises(InputError, match=r"dangling\.wav: is a link to .*gone\.wav, which does not exist"):
        audio.read_native(tmp_path / "dangling.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(InputError, match=r"pipe\.wav: is a pipe or a device, no file"):
        audio.read_native(tmp_path / "pipe.wav")


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


def manifest_row(path, start, end, **options):
    """A row of a manifest, as far as reading needs it."""
    options = {"channel": "mean", "remove_offset": False} | options
    sha256 = audio.fingerprint(*audio.read_native(path, start, end), **options)
    return SimpleNamespace(file=str(path), start=start, end=end, audio_sha256=sha256, **options)


def test_samples_are_checked_against_the_manifest(tmp_path):
    path = write(tmp_path / "a.wav", tone(0.5))
    row = manifest_row(path, 0.1, 0.4)
    samples = audio.read_utterance(row)
    np.testing.assert_array_equal(samples, audio.read(path)[round(0.1 * RATE) : round(0.4 * RATE)])
    np.testing.assert_array_equal(audio.deferred_read(row)(), samples)
    write(path, tone(0.5, seed=1))
    for read in (lambda: audio.read_utterance(row), audio.deferred_read(row)):
        with pytest.raises(InputError, match=r"a\.wav: the sound has changed since the corpus was audited; run the workflow again"):
            read()


def test_a_reader_can_be_sent_to_another_process_and_takes_another_rate(tmp_path):
    path = write(tmp_path / "a.wav", tone(0.5))
    row = manifest_row(path, 0.0, 0.5)
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
        (b"\xff\xf1P\x80\x11\x11", "is AAC, which is not read; convert it to WAV or FLAC"),
        (b'<?xml version="1.0"?><Error/>', "is XML, as servers answer with; download it again"),
        (
            b"something else",
            r"cannot be decoded as audio \(Format not recognised\); copy it again if it is damaged or cut short, or convert",
        ),
    ],
)
def test_what_is_no_sound_is_called_by_its_name(tmp_path, content, message):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(InputError, match=rf"a\.wav: {message}"):
        audio.read_native(tmp_path / "a.wav")


@pytest.mark.parametrize(("bits", "peak"), [(8, 100), (16, 15_000), (24, 4e6), (32, 1e9)])
def test_floats_in_the_scale_of_integers_are_refused(tmp_path, bits, peak):
    soundfile.write(tmp_path / "a.wav", tone(0.2) * peak, RATE, subtype="FLOAT")
    with pytest.raises(InputError, match=rf"a\.wav: peak \d+ where full scale is 1; was it saved as float in the scale of {bits} bits\?"):
        audio.read_native(tmp_path / "a.wav")


def test_a_peak_that_gains_and_codecs_reach_is_read(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(0.2) / np.abs(tone(0.2)).max() * 7.9, RATE, subtype="FLOAT")
    assert np.abs(audio.read(tmp_path / "a.wav")).max() == pytest.approx(7.9, abs=1e-5)


@pytest.mark.parametrize(("rate", "refused"), [(1, True), (3999, True), (4000, False), (8000, False), (192_000, False), (400_000, True)])
def test_a_sampling_rate_that_cannot_be_is_refused(tmp_path, rate, refused):
    path = write(tmp_path / "a.wav", tone(0.2), rate)
    if refused:
        with pytest.raises(InputError, match=rf"a\.wav: a sampling rate of {rate} Hz, which no recording of speech has"):
            audio.read_native(path)
    else:
        assert audio.read_native(path)[1] == rate


def test_the_first_or_the_loudest_channel_is_heard_where_the_config_says_so(tmp_path):
    soft, loud = 0.1 * tone(0.2, pitch=120), tone(0.2, pitch=300) + 0.2
    path = write(tmp_path / "a.wav", np.stack([soft, loud, soft], axis=1))
    step = 2**-15
    np.testing.assert_allclose(audio.read(path, channel="first"), soft, atol=step)
    np.testing.assert_allclose(audio.read(path, channel="loudest"), loud, atol=step)
    np.testing.assert_allclose(audio.read(path, channel="loudest", remove_offset=True), loud - loud.mean(), atol=2 * step)
    np.testing.assert_allclose(audio.read(path), (soft + loud + soft) / 3, atol=step)


def test_a_constant_makes_no_channel_the_loudest(tmp_path):
    path = write(tmp_path / "a.wav", np.stack([np.full(3200, 0.5), tone(0.2) * 0.5], axis=1))
    np.testing.assert_allclose(audio.read(path, channel="loudest"), tone(0.2) * 0.5, atol=2**-15)


def test_the_same_samples_heard_in_another_way_have_another_fingerprint_and_the_same_samples(tmp_path):
    samples = audio.read_native(write(tmp_path / "a.wav", np.stack([tone(0.2), tone(0.2, pitch=300)], axis=1)))
    ways = [{}, {"channel": "first"}, {"channel": "loudest"}, {"remove_offset": True}, {"channel": "first", "remove_offset": True}]
    found = [audio.fingerprint(*samples, **way) for way in ways]
    assert len(set(found)) == len(ways)
    assert {audio.same_samples(each) for each in found} == {found[0]}
    row = manifest_row(tmp_path / "a.wav", 0.0, 0.2, channel="first", remove_offset=True)
    first = samples[0][:, 0]
    np.testing.assert_allclose(audio.read_utterance(row), first - first.mean(), atol=1e-7)  # rounding of the mean
