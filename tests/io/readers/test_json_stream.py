"""Decompression with its defects, and the gathering of records into batches."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings, strategies as st
from support.reader_contract import check_batch

from provenance.content.json_reader import parse
from provenance.content.json_writer import compact_json
from provenance.errors import InputError, NotFoundError, StorageError
from provenance.io.contract.reader import BATCH_BYTES, BATCH_ROWS, Input, ReadLayout
from provenance.io.records.batch_builder import BatchBuilder, field_text
from provenance.io.streams.decompress import DamagedError
from provenance.io.streams.open_input import open_bytes

PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gz": gzip.compress,
    "zst": zstandard.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "lz4": lz4.frame.compress,
}


def _read(path: Path, compression: str) -> bytes:
    with open_bytes(Input(path.as_posix(), path, "jsonl", compression)) as stream:
        return stream.read()


def _file(folder: Path, data: bytes) -> Path:
    path = folder / "data"
    path.write_bytes(data)
    return path


@given(parts=st.lists(st.binary(max_size=300), max_size=4), compression=st.sampled_from([*PACK]))
def test_members_are_one_stream(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], compression: str
) -> None:
    packed = b"".join(map(PACK[compression], parts))
    assert _read(_file(tmp_path_factory.mktemp("s"), packed), compression) == b"".join(parts)


@pytest.mark.parametrize("compression", [name for name in PACK if name])
@settings(max_examples=30)
@given(cut=st.integers(1, 10_000))
def test_every_truncation_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, compression: str, cut: int
) -> None:
    text = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(400))
    packed = PACK[compression](text)
    path = _file(tmp_path_factory.mktemp("s"), packed[: -min(cut, len(packed) - 1)])
    with pytest.raises(DamagedError, match="truncated"):
        _read(path, compression)


def test_padding_and_skippable_frames_are_no_data(tmp_path: Path) -> None:
    assert _read(_file(tmp_path, gzip.compress(b"a") + bytes(512)), "gz") == b"a"
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    assert _read(_file(tmp_path, skippable + zstandard.compress(b"a")), "zst") == b"a"


@pytest.mark.parametrize(
    ("garbage", "what"), [(b"no gzip member", "corrupt"), (b"xyz", "truncated")]
)
def test_garbage_behind_a_member_is_damage(tmp_path: Path, garbage: bytes, what: str) -> None:
    with pytest.raises(DamagedError, match=what):
        _read(_file(tmp_path, gzip.compress(b"a") + garbage), "gz")


@pytest.mark.slow
def test_a_bomb_is_defused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zst"
    with path.open("wb") as file, zstandard.ZstdCompressor().stream_writer(file) as writer:
        for _ in range(40):
            writer.write(bytes(32 << 20))
    sizes: list[int] = []
    with pytest.raises(DamagedError, match="bomb"):
        _drain(Input("bomb", path, "jsonl", "zst"), sizes)
    assert sum(sizes) <= 1 << 30


def _drain(source: Input, sizes: list[int]) -> None:
    with open_bytes(source) as stream:
        while chunk := stream.read1(1 << 20):  # type: ignore[attr-defined]
            sizes.append(len(chunk))


def test_unreadable_paths(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        _read(tmp_path / "none", "")
    with pytest.raises(StorageError):
        _read(tmp_path, "")
    with pytest.raises(InputError, match="compression"):
        _read(_file(tmp_path, b""), "br")


def test_plain_files_can_be_sought(tmp_path: Path) -> None:
    path = _file(tmp_path, b"0123456789")
    with open_bytes(Input("data", path, "jsonl")) as stream:
        assert stream.seek(4) == 4
        assert stream.read(3) == b"456"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"1.0", "1.0"),
        (b"1e5", "1e5"),
        (b"-0.10", "-0.10"),
        (b"12345678901234567890", "12345678901234567890"),
        (b'{"a": [1.50, {"b": 2E+1}], "c": null}', '{"a":[1.50,{"b":2E+1}],"c":null}'),
        (b"true", "true"),
        (b"[]", "[]"),
        ('"é"'.encode(), "é"),
        (b"null", None),
    ],
)
def test_field_text_keeps_the_spelling(raw: bytes, text: str | None) -> None:
    assert field_text(parse(raw)) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(value=JSON)
def test_compact_json_says_the_same(value: object) -> None:
    assert parse(compact_json(value).encode("utf-8", "replace")) == value


@given(
    records=st.lists(
        st.tuples(st.text(min_size=1), st.none() | st.text(), st.booleans()), max_size=30
    )
)
def test_a_collector_gives_back_what_it_was_given(
    records: list[tuple[str, str | None, bool]],
) -> None:
    layout = ReadLayout("text", ("text",), ("a", "a"))
    collector = BatchBuilder(layout, original=True)
    for row, (text, value, keep) in enumerate(records, 1):
        if keep:
            collector.keep(row, (text, [value, None]), "{}", {}, len(text))
        else:
            collector.reject(row, row, f"because {row} \ud800", text.encode())
    assert collector.empty == (not records)
    batch = collector.batch()
    check_batch(batch, layout, original=True)
    kept = [(row, text) for row, (text, _, keep) in enumerate(records, 1) if keep]
    assert list(zip(batch.rows.to_pylist(), batch.content.to_pylist(), strict=True)) == kept
    assert batch.read == len(records)
    assert collector.empty


def test_a_collector_says_when_it_is_full() -> None:
    collector = BatchBuilder(ReadLayout("binary", ("data",), ("a",)), original=False)
    collector.keep(1, (bytes(BATCH_BYTES - 1), [None]), None, {}, BATCH_BYTES - 1)
    assert not collector.full
    collector.keep(2, (b"x", [None]), None, {}, 1)
    assert collector.full
    collector.batch()
    assert not collector.full
    for row in range(BATCH_ROWS):
        collector.reject(row, None, "no", None)
    assert collector.full
