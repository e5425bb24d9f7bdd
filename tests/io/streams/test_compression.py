"""Compressions: told by their first bytes, with frames to skip, dictionaries, and bounds."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path

import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings, strategies as st

from provenance.errors import InputError
from provenance.io.contract.formats import COMPRESSIONS, SUFFIXES
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.discovery.detect import detect
from provenance.io.readers.warc.warc import Warc
from provenance.io.streams import compression
from provenance.io.streams.compression import compression_at
from provenance.io.streams.decompress import DamagedError
from provenance.io.streams.open_input import open_bytes

LINES = b'{"text": "a"}\n{"text": "b"}\n'
PACK = {
    "gz": gzip.compress,
    "zst": zstandard.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "lz4": lz4.frame.compress,
}


def skippable(kind: int, data: bytes) -> bytes:
    """A frame that decoders pass over."""
    head = (0x184D2A50 + kind).to_bytes(4, "little")
    return head + len(data).to_bytes(4, "little") + data


def read(path: Path, name: str) -> bytes:
    with open_bytes(Input(path.as_posix(), path, "jsonl", name)) as stream:
        return stream.read()


@pytest.mark.parametrize("packed", PACK)
@pytest.mark.parametrize("name", ["data", "data.jsonl", "data.bin", "more.tar", "DATA.JSONL"])
def test_what_is_packed_is_told_by_content_whatever_its_name(
    tmp_path: Path, packed: str, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(PACK[packed](LINES))
    assert detect(path) == ("jsonl", packed)
    assert read(path, packed) == LINES


@pytest.mark.newest
@pytest.mark.parametrize("suffix", [name for name in SUFFIXES if SUFFIXES[name] == "jsonl"])
@pytest.mark.parametrize("packed", COMPRESSIONS)
def test_every_suffix_of_json_lines(tmp_path: Path, suffix: str, packed: str) -> None:
    data = PACK[COMPRESSIONS[packed]](b'{"text": "one line only"}\n')
    for name in (f"a{suffix}{packed}", f"A{suffix}{packed}".upper()):
        path = tmp_path / name
        path.write_bytes(data)
        assert detect(path) == ("jsonl", COMPRESSIONS[packed])


@settings(max_examples=40)
@given(
    parts=st.lists(st.binary(max_size=50), min_size=1, max_size=3),
    skipped=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 15), st.binary(max_size=40))),
    packed=st.sampled_from(["zst", "lz4"]),
)
def test_frames_to_skip_may_stand_anywhere(
    tmp_path_factory: pytest.TempPathFactory,
    parts: list[bytes],
    skipped: list[tuple[int, int, bytes]],
    packed: str,
) -> None:
    frames = [PACK[packed](part) for part in parts]
    for place, kind, data in skipped:
        frames.insert(place, skippable(kind, data))
    path = tmp_path_factory.mktemp("skip") / "a"
    path.write_bytes(b"".join(frames))
    with path.open("rb") as file:
        assert compression_at(file.read()) == packed
    assert read(path, packed) == b"".join(parts)


def test_a_long_frame_to_skip_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(skippable(14, bytes(300_000)) + zstandard.compress(LINES))
    assert detect(path) == ("jsonl", "zst")
    assert read(path, "zst") == LINES
    path.write_bytes(zstandard.compress(LINES) + skippable(14, bytes(300_000))[:-1])
    with pytest.raises(DamagedError, match="truncated"):
        read(path, "zst")


def _records(count: int) -> list[bytes]:
    found = []
    for number in range(count):
        text = f"A page about harbours and lighthouses, number {number}.".encode()
        head = f"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: {len(text)}\r\n\r\n"
        found.append(head.encode() + text + b"\r\n\r\n")
    return found


@pytest.mark.parametrize("packed", [True, False])
def test_the_dictionary_of_a_packed_archive_is_used(tmp_path: Path, packed: bool) -> None:
    records = _records(200)
    dictionary = zstandard.train_dictionary(2_000, records)
    compressor = zstandard.ZstdCompressor(dict_data=dictionary)
    frames = [compressor.compress(record) for record in records]
    held = dictionary.as_bytes()
    first = skippable(13, zstandard.compress(held) if packed else held)
    path = tmp_path / "a.warc.zst"
    path.write_bytes(first + b"".join(frames))
    assert detect(path) == ("warc", "zst")
    source = Input(path.as_posix(), path, "warc", "zst")
    batches = list(Warc().read(source, ReadLayout("text", ("text",))))
    assert sum(len(batch.rows) for batch in batches) == 200
    path.write_bytes(b"".join(frames))
    with pytest.raises(DamagedError, match="needs dictionary"):
        read(path, "zst")


def test_a_dictionary_is_no_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MAX_DICTIONARY", 1 << 20)
    path = tmp_path / "a.zst"
    path.write_bytes(skippable(13, zstandard.compress(bytes(2 << 20))) + zstandard.compress(LINES))
    with pytest.raises(DamagedError, match="dictionary of more than"):
        read(path, "zst")


def test_xz_may_not_take_any_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.xz"
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": compression.MAX_XZ_MEMORY}]
    path.write_bytes(lzma.compress(LINES, filters=filters))
    with pytest.raises(DamagedError, match="needs more than 512 MiB"):
        read(path, "xz")


@pytest.mark.parametrize("packed", ["gz", "bz2", "xz", "lz4"])
def test_bombs_are_defused_in_bounded_pieces(
    tmp_path: Path, packed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compression, "MAX_RATIO_AFTER", 1 << 20)
    path = tmp_path / "bomb"
    path.write_bytes(PACK[packed](bytes(64 << 20)))
    sizes: list[int] = []
    with pytest.raises(DamagedError, match="bomb"):
        _drain(path, packed, sizes)
    assert sum(sizes) < 64 << 20


def _drain(path: Path, packed: str, sizes: list[int]) -> None:
    with open_bytes(Input("bomb", path, "jsonl", packed)) as stream:
        while piece := stream.read1(1 << 30):  # type: ignore[attr-defined]
            sizes.append(len(piece))


@pytest.mark.parametrize("packed", PACK)
def test_one_changed_bit_is_noticed_or_read(tmp_path: Path, packed: str) -> None:
    text = json.dumps({"text": "x" * 3_000}).encode()
    whole = PACK[packed](text)
    path = tmp_path / "a"
    for place in range(0, len(whole), max(1, len(whole) // 40)):
        broken = bytearray(whole)
        broken[place] ^= 4
        path.write_bytes(broken)
        assert _read_or_refused(path, packed)


def _read_or_refused(path: Path, packed: str) -> bool:
    try:
        return len(read(path, packed)) >= 0
    except DamagedError as error:
        return path.as_posix() in error.message


def test_the_old_form_of_lz4_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.lz4"
    path.write_bytes(b"\x02\x21\x4c\x18" + bytes(20))
    with pytest.raises(InputError, match="legacy"):
        detect(path)


@pytest.mark.parametrize("text", [b"BZh, said the bee", b"]\0\0 no archive", b"P*M? no", b""])
def test_texts_are_not_taken_for_packed(text: bytes) -> None:
    assert compression_at(text) == ""
