"""A file that is cut short, holds more than its header says, or contradicts itself is never read as if it were right."""

import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from cuealign.core import audio
from cuealign.core.containers import flac, mpeg
from cuealign.core.errors import InputError
from tests.support.mutations import mutations
from tests.support.sound import RATE, tone, write

KINDS = {  # every format and codec that libsndfile writes and that is read here
    "wav": [("WAV", codec) for codec in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")],
    "wav, telephone": [("WAV", codec) for codec in ("GSM610", "G721_32", "NMS_ADPCM_16", "NMS_ADPCM_32", "IMA_ADPCM", "MS_ADPCM")],
    "wav, other heads": [("WAVEX", "PCM_16"), ("WAVEX", "FLOAT"), ("RF64", "PCM_16"), ("RF64", "PCM_24"), ("W64", "PCM_16")],
    "aiff": [("AIFF", "PCM_16"), ("AIFF", "FLOAT"), ("AIFF", "ULAW"), ("AIFF", "IMA_ADPCM"), ("AIFF", "GSM610")],
    "au": [("AU", "PCM_16"), ("AU", "ULAW"), ("AU", "G721_32"), ("AU", "G723_24")],
    "others": [("CAF", "PCM_16"), ("CAF", "ALAC_16"), ("NIST", "PCM_16"), ("NIST", "ULAW"), ("AVR", "PCM_16"), ("SVX", "PCM_16")],
    "more": [("VOC", "PCM_16"), ("HTK", "PCM_16")],
    "compressed": [("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")],
}
ALL = [kind for kinds in KINDS.values() for kind in kinds]
IN_BLOCKS = {"IMA_ADPCM", "MS_ADPCM", "GSM610", "G721_32", "G723_24", "NMS_ADPCM_16", "NMS_ADPCM_32"}
LONGEST_BLOCK = 4100  # samples by which such a codec fills up its last block


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The bytes of 6 s in every format, made once."""
    folder = tmp_path_factory.mktemp("kinds")
    made = {}
    for form, codec in ALL:
        soundfile.write(folder / "a", tone(6.0), RATE, format=form, subtype=codec)
        made[form, codec] = (folder / "a").read_bytes()
    return made


def read(tmp_path, content, name="a.wav"):
    (tmp_path / name).write_bytes(content)
    return audio.read_native(tmp_path / name)


def attempt(tmp_path, content):
    """Samples, or why the file is refused."""
    try:
        samples, _ = read(tmp_path, content)
    except InputError as error:
        return None, str(error)
    return samples, None


@pytest.mark.parametrize(("form", "codec"), ALL)
def test_a_whole_file_is_read_to_its_end_and_a_segment_is_that_part_of_it(files, tmp_path, form, codec):
    samples, rate = read(tmp_path, files[form, codec])
    assert rate == RATE
    assert 0 <= len(samples) - 6 * RATE <= (LONGEST_BLOCK if codec in IN_BLOCKS else 0)
    for start, end in ((0.0, 0.5), (1.73, 3.21), (5.5, None)):
        part, _ = audio.read_native(tmp_path / "a.wav", start, end)
        np.testing.assert_array_equal(part, samples[round(start * RATE) : None if end is None else round(end * RATE)])


@pytest.mark.parametrize(("form", "codec"), ALL)
def test_a_file_that_is_cut_anywhere_is_refused(files, tmp_path, form, codec):
    content = files[form, codec]
    for size in np.linspace(0.01, 0.99, 30) * len(content):
        with pytest.raises(InputError, match=r"a\.wav: (cut short|cannot be decoded|holds no|has no|its header does not|is damaged|is )"):
            read(tmp_path, content[: int(size)])


@pytest.mark.parametrize(("form", "codec"), ALL)
def test_a_second_recording_behind_the_first_is_refused(files, tmp_path, form, codec):
    content = files[form, codec]
    with pytest.raises(InputError, match=r"a\.wav"):
        read(tmp_path, content + content)


@pytest.mark.parametrize("form", ["IRCAM", "PAF", "PVF", "MAT4", "MAT5", "WVE"])
def test_a_format_of_which_nothing_tells_the_length_is_refused(tmp_path, form):
    rate = 8000
    soundfile.write(tmp_path / "a", tone(0.5, rate=rate), rate, format=form, subtype="ALAW" if form == "WVE" else "PCM_16")
    with pytest.raises(InputError, match=rf"a: is a {form} file, of which nothing tells whether it is whole; convert it to WAV or FLAC"):
        audio.read_native(tmp_path / "a")


def wav(samples=None, **fields):
    """A WAV of 16 bits with the fields of its header as given."""
    data = (tone(0.5) * 32767).astype("<i2").tobytes() if samples is None else samples
    head = {"size": 36 + len(data), "tag": 1, "channels": 1, "rate": RATE, "bytes": 2 * RATE, "frame": 2, "bits": 16, "data": len(data)}
    values = head | fields
    return (
        b"RIFF" + struct.pack("<I", values["size"]) + b"WAVEfmt " + struct.pack("<I", 16)
        + struct.pack("<HHIIHH", *(values[name] for name in ("tag", "channels", "rate", "bytes", "frame", "bits")))
        + b"data" + struct.pack("<I", values["data"]) + data
    )  # fmt: skip


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": 4000}, "its header announces 4000 bytes of sound, 16000 are there"),
        ({"data": 0}, "its header announces 0 bytes of sound, 16000 are there"),
        ({"data": 20_000}, "cut short: its header announces 20000 bytes of sound, but the file has 16000"),
        ({"data": 15_999}, "its header contradicts itself: 15999 bytes of sound are no whole number of samples"),
        ({"rate": 8000}, r"its header contradicts itself: 8000 Hz × 2 bytes, but 32000 bytes a second"),
        ({"bytes": 16_000}, r"its header contradicts itself: 16000 Hz × 2 bytes, but 16000 bytes a second"),
        ({"channels": 2}, r"its header contradicts itself: 2 × 16 bits, but 2 bytes for each of them"),
        ({"bits": 8}, r"its header contradicts itself: 1 × 8 bits, but 2 bytes for each of them"),
        ({"bits": 24, "frame": 4, "bytes": 4 * RATE}, r"its header contradicts itself: 1 × 24 bits, but 4 bytes for each of them"),
        ({"tag": 6}, r"its header contradicts itself|cannot be decoded"),
    ],
)
def test_a_wav_that_contradicts_itself_is_refused(tmp_path, change, message):
    with pytest.raises(InputError, match=rf"a\.wav: ({message})"):
        read(tmp_path, wav(**change))


@pytest.mark.parametrize(
    "behind",
    [
        chunk(b"LIST", b"INFOISFT" + struct.pack("<I", 4) + b"none"),
        chunk(b"id3 ", b"ID3\x04\0\0\0\0\0\0"),
        chunk(b"bext", bytes(602)) + chunk(b"cue ", bytes(28)),
        chunk(b"LIST", bytes(100))[:50],  # cut within: no sound is missing
        b"TAG" + bytes(125),
        bytes(4000),  # filled up to a block of the disk
    ],
)
def test_what_is_no_sound_may_follow_the_sound(tmp_path, behind):
    whole, _ = read(tmp_path, wav())
    np.testing.assert_array_equal(read(tmp_path, wav() + behind)[0], whole)


@pytest.mark.parametrize("padded", [True, False])
def test_an_odd_size_may_be_filled_up_or_not(tmp_path, padded):
    content = wav(bytes(range(101)), frame=1, bits=8, bytes=RATE)
    behind = b"\0" * padded + chunk(b"LIST", bytes(4))
    assert len(read(tmp_path, content + behind)[0]) == 101


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFF000])
def test_a_wav_that_was_streamed_is_read_to_its_end(tmp_path, size):
    assert len(read(tmp_path, wav(data=size, size=size))[0]) == RATE // 2


def test_a_number_of_bytes_a_second_that_was_left_out_is_no_contradiction(tmp_path):
    assert len(read(tmp_path, wav(bytes=0))[0]) == RATE // 2


def id3(size):
    return b"ID3\x04\0\0" + bytes([size >> shift & 0x7F for shift in (21, 14, 7, 0)]) + bytes(size)


@pytest.mark.parametrize(("mode", "rate"), [("CONSTANT", 16_000), ("CONSTANT", 44_100), ("VARIABLE", 16_000), ("AVERAGE", 48_000)])
def test_an_mp3_is_read_whole_or_refused(tmp_path, mode, rate):
    """With and without the frame that states the length, and with tags before and behind, which mislead the decoder's guess."""
    sound = tone(6.0, rate=rate)
    sound[: len(sound) // 2] *= 0.01  # the bit rate varies
    soundfile.write(tmp_path / "a.mp3", sound, rate, bitrate_mode=mode, compression_level=0.5)
    content = (tmp_path / "a.mp3").read_bytes()
    assert len(read(tmp_path, content)[0]) == len(sound)
    assert len(read(tmp_path, id3(20_000) + content + b"TAG" + bytes(125))[0]) == len(sound)
    untagged = content[mpeg._frame(content, 0).bytes :]
    for changed in (untagged, id3(100_000) + untagged, untagged + b"TAG" + bytes(125)):
        samples, refused = attempt(tmp_path, changed)
        if refused:
            assert mode != "CONSTANT"
            assert "does not state its length, and only" in refused
        else:
            # The stated length leaves out what the encoder put before and behind the sound: up to four frames.
            assert 0 <= len(samples) - len(sound) <= 4 * 1152


def test_an_mp3_that_lost_frames_in_its_middle_is_refused(tmp_path):
    soundfile.write(tmp_path / "a.mp3", tone(3.0), RATE)
    content = (tmp_path / "a.mp3").read_bytes()
    with pytest.raises(InputError, match=r"cut short|is damaged"):
        read(tmp_path, content[:3000] + content[4000:])


def test_an_ogg_without_its_last_page_or_one_in_the_middle_is_refused(files, tmp_path):
    for codec in ("VORBIS", "OPUS"):
        content = files["OGG", codec]
        pages = [b"OggS" + page for page in content.split(b"OggS")[1:]]
        assert len(pages) >= 5
        with pytest.raises(InputError, match="cut short: its last page of Ogg lacks the mark of the end"):
            read(tmp_path, b"".join(pages[:-1]))
        with pytest.raises(InputError, match="is damaged: page 4 of Ogg follows page 2"):
            read(tmp_path, b"".join(pages[:3] + pages[4:]))
        with pytest.raises(InputError, match="holds a second recording behind the first"):
            read(tmp_path, content + content)


def streaminfo(content, **fields):
    """The content of a FLAC file with other values of its header."""
    (packed,) = struct.unpack_from(">Q", content, 18)
    rate, rest, samples = packed >> 44, packed >> 36 & 0xFF, packed & (1 << 36) - 1
    packed = fields.get("rate", rate) << 44 | rest << 36 | fields.get("samples", samples)
    return content[:18] + struct.pack(">Q", packed) + content[26:]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": 0}, "its header does not say how long it is, as encoders write to a pipe; encode it again from a file"),
        ({"samples": 90_000}, "its header announces 90000 samples, 96000 are there"),
        ({"samples": 100_000}, "cut short: its header announces 100000 samples, but the file has 96000"),
        ({"samples": 2**35}, "cut short"),
        ({"rate": 8000}, "its header contradicts itself: 8000 Hz, but 16000 Hz in its frames|cannot be decoded"),
    ],
)
def test_a_flac_that_contradicts_itself_is_refused(files, tmp_path, change, message):
    content = files["FLAC", "PCM_16"]
    with pytest.raises(InputError, match=rf"a\.wav: ({message})"):
        read(tmp_path, streaminfo(content, **change))


@pytest.mark.parametrize("rate", [8000, 12_345, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("length", [1, 100, 4096, 4097, 30_000])
def test_the_last_frame_of_a_flac_tells_its_length(tmp_path, rate, length):
    """All ways in which frames write their sizes and rates: as codes and as numbers behind the head."""
    soundfile.write(tmp_path / "a.flac", tone(4.0, rate=8000)[:length], rate)
    content = (tmp_path / "a.flac").read_bytes()
    samples, found = read(tmp_path, content, "a.flac")
    assert (len(samples), found) == (length, rate)
    with pytest.raises(InputError, match=rf"its header announces {length + 1} samples, but the file has {length}"):
        read(tmp_path, streaminfo(content, samples=length + 1), "a.flac")


def test_checksums_are_those_of_the_standard():
    """Of the ASCII digits 1 to 9, as the catalogue of CRCs lists them (CRC-8/SMBUS, CRC-16/UMTS)."""
    assert flac._crc8(b"123456789") == 0xF4
    assert flac._crc16(b"123456789") == 0xFEE8


def test_sphere_without_its_count_is_refused(files, tmp_path):
    content = files["NIST", "PCM_16"]
    with pytest.raises(InputError, match="its header has no sample_count"):
        read(tmp_path, content.replace(b"sample_count", b"simple_count", 1))
    more = content.replace(b"sample_count -i 96000", b"sample_count -i 90000")
    assert more != content
    with pytest.raises(InputError, match="its header announces 180000 bytes of sound, 192000 are there"):
        read(tmp_path, more)


def test_voc_with_several_blocks_is_refused(tmp_path):
    def block(kind, content):
        return bytes([kind]) + len(content).to_bytes(3, "little") + content

    sound = struct.pack("<IBBHI", RATE, 16, 1, 4, 0) + (tone(0.2) * 32767).astype("<i2").tobytes()
    head = b"Creative Voice File\x1a" + struct.pack("<HHH", 26, 0x114, 0x111F)
    assert len(read(tmp_path, head + block(9, sound) + b"\0")[0]) == 0.2 * RATE
    with pytest.raises(InputError, match=r"holds 2 blocks of sound, of which one would be heard|cannot be decoded"):
        read(tmp_path, head + block(9, sound) + block(2, sound[12:]) + b"\0")


@mutations
@given(data=st.data())
def test_a_changed_byte_of_the_head_of_a_wav_or_flac_changes_no_sound_in_silence(files, tmp_path, data):
    """Read as before, or refused. That one codec of as many bits stands for another is beyond any check."""
    form, codec, size = data.draw(st.sampled_from([("WAV", "PCM_16", 44), ("WAV", "PCM_24", 44), ("FLAC", "PCM_16", 42)]))
    content = bytearray(files[form, codec])
    for _ in range(data.draw(st.integers(1, 2))):
        content[data.draw(st.integers(0, size - 1))] = data.draw(st.integers(0, 255))
    _, refused = attempt(tmp_path, bytes(content))
    if refused:
        assert len(refused.splitlines()) == 1
        assert "a.wav: " in refused
    else:
        assert audio.fingerprint(*read(tmp_path, bytes(content))) == audio.fingerprint(*read(tmp_path, files[form, codec]))


@mutations
@given(kind=st.sampled_from(ALL), where=st.integers(0, 63), value=st.integers(0, 255), share=st.floats(0, 1))
def test_a_damaged_file_of_any_kind_gives_one_line_or_sound(files, tmp_path, kind, where, value, share):
    """A changed byte near the beginning and a cut anywhere: never another exception than ours."""
    content = bytearray(files[kind])
    content[where] = value
    _, refused = attempt(tmp_path, bytes(content[: int(share * len(content))]))
    assert len((refused or "").splitlines()) <= 1


def test_a_file_as_long_as_its_header_says_is_the_same_in_every_container(tmp_path):
    """An independent count: the samples that were written."""
    for name in ("a.wav", "a.flac", "a.aiff", "a.au", "a.caf", "a.w64", "a.rf64"):
        for length in (1, 2, 7, 1000, 16_001):
            path = write(tmp_path / name, tone(2.0)[:length])
            assert len(audio.read_native(path)[0]) == length
