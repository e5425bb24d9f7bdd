"""Pictures: one record per file, told by their first bytes and never decoded."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from support.reader_contract import check_reader

from provenance.errors import InputError, NotFoundError
from provenance.io.contract.reader import Input, ReadLayout, Slice
from provenance.io.discovery.detect import detect
from provenance.io.discovery.discover import discover
from provenance.io.readers.media import HEAD, MediaFile, is_medium, media_type

PAYLOAD = ReadLayout("binary", ("payload",), ("media_type",))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def _source(path: Path, data: bytes, compression: str = "") -> Input:
    path.write_bytes(data)
    return Input(path.as_posix(), path, "image", compression)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xdb", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"II*\0\x08\0\0\0", "image/tiff"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"\0\0\0\x1cftypavif", "image/avif"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "audio/wav"),
        (b"ID3\x04\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"OggS\0\x02", "audio/ogg"),
        (b"\0\0\0\x1cftypM4A \0\0", "audio/mp4"),
        (b"\0\0\0\x1cftypisom", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"RIFF\x10\0\0\0AVI LIST", "video/x-msvideo"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", "video/x-matroska"),
    ],
)
def test_a_picture_is_its_bytes(tmp_path: Path, head: bytes, kind: str) -> None:
    source = replace(_source(tmp_path / "a", head), format=kind.partition("/")[0])
    assert detect(source.path) == (source.format, "")
    reading = check_reader(MediaFile(), source, PAYLOAD)
    assert (reading.content, reading.fields) == ([head], [(kind,)])


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "empty"), (b"<html>", "no picture of a known kind"), (PNG * 9, "longer than")],
)
def test_what_is_no_picture_is_a_reject(tmp_path: Path, data: bytes, reason: str) -> None:
    layout = ReadLayout("binary", ("payload",), max_record=1000)
    reading = check_reader(MediaFile(), _source(tmp_path / "a.png", data), layout)
    assert reading.content == []
    (reject,) = reading.rejects
    assert reason in str(reject["reason"])
    assert reject["raw_digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"


@given(st.binary(max_size=64))
def test_any_bytes_are_one_record(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    source = _source(tmp_path_factory.mktemp("image") / "a.png", data)
    reading = check_reader(MediaFile(), source, PAYLOAD)
    assert reading.read == 1
    assert bool(reading.content) == is_medium(media_type(data[:HEAD]), "image")


def test_a_compressed_picture_is_its_own_bytes(tmp_path: Path) -> None:
    source = _source(tmp_path / "a.png.gz", gzip.compress(PNG), "gz")
    assert check_reader(MediaFile(), source, PAYLOAD).content == [PNG]


def test_a_picture_has_no_text(tmp_path: Path) -> None:
    source = _source(tmp_path / "a.png", PNG)
    with pytest.raises(NotFoundError, match="no field text in a picture"):
        list(MediaFile().read(source, ReadLayout("text", ("text",))))
    with pytest.raises(ValueError, match="no slices"):
        list(MediaFile().read(source, PAYLOAD, Slice(0, 1, 1)))


@pytest.mark.parametrize("text", ["ID3 tags are old", "OggSome", "fLaCk", "RIFF raff", "FORM 1040"])
def test_a_text_that_begins_like_a_sound_is_a_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    assert detect(tmp_path / "a.txt") == ("text", "")


def test_a_film_without_pictures_is_still_read(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x1cftypM4A \0\0")
    assert detect(tmp_path / "a.mp4") == ("video", "")
    (tmp_path / "a.mp3").write_bytes(PNG)
    with pytest.raises(InputError, match="named like audio"):
        detect(tmp_path / "a.mp3")


def test_of_a_folder_media_are_data_where_there_is_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF\x10\0\0\0WAVEfmt ")
    (tmp_path / "a.png").write_bytes(PNG)
    assert [one.format for one in discover([str(tmp_path)]).inputs] == ["image", "audio"]
    assert [one.format for one in discover([str(tmp_path)], format="audio").inputs] == ["audio"]
    (tmp_path / "a.jsonl").write_text('{"text":"t"}\n')
    assert [one.format for one in discover([str(tmp_path)]).inputs] == ["jsonl"]
