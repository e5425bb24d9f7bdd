"""JSON lines: long lines, damage, slices, nested records, and what a probe finds."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, strategies as st
from support.reader_contract import check_reader, read_all

from provenance.content.json_reader import DefectError, parse
from provenance.errors import InputError, MisuseError, NotFoundError
from provenance.io.contract.reader import BATCH_ROWS, Input, ReadLayout
from provenance.io.readers.json.lines import BLOCK, JsonLines, line_slices
from provenance.io.streams.decompress import DamagedError

TEXT = ReadLayout("text", ("text",))


def _input(path: Path, compression: str = "") -> Input:
    return Input(path.as_posix(), path, "jsonl", compression)


def _lines(count: int) -> bytes:
    return b"".join(b'{"id": %d, "text": "record %d"}\n' % (i, i) for i in range(1, count + 1))


@pytest.mark.parametrize("compression", ["", "gz", "zst"])
def test_plain_and_compressed_read_alike(tmp_path: Path, compression: str) -> None:
    data = _lines(5000)
    pack = {"": bytes, "gz": gzip.compress, "zst": zstandard.compress}[compression]
    path = tmp_path / "data"
    half = data.index(b"\n", len(data) // 2) + 7
    path.write_bytes(pack(data[:half]) + pack(data[half:]))
    layout = ReadLayout("text", ("text",), ("id",))
    reading = check_reader(JsonLines(), _input(path, compression), layout)
    assert reading.rows == list(range(1, 5001))
    assert reading.content[4999] == "record 5000"
    assert reading.fields[4999] == ("5000",)


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_not_compressed_at_all(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "data"
    path.write_bytes(_lines(3))
    with pytest.raises(DamagedError, match="corrupt"):
        read_all(JsonLines(), _input(path, compression), TEXT)
    with pytest.raises(InputError):
        JsonLines().probe(_input(path, compression))


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\n\t", b"\xef\xbb\xbf"])
def test_nothing_in_it(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(data)
    assert check_reader(JsonLines(), _input(path), TEXT).read == 0
    assert JsonLines().probe(_input(path)).fields == {}


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_all(JsonLines(), _input(tmp_path / "none"), TEXT)


def test_binary_content_is_misuse(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(_lines(1))
    with pytest.raises(MisuseError):
        read_all(JsonLines(), _input(path), ReadLayout("binary", ("text",)))


@pytest.mark.slow
def test_a_line_that_is_too_long_goes_by(tmp_path: Path) -> None:
    long_line = b'{"text": "' + b"x" * (3 * BLOCK) + b'"}'
    path = tmp_path / "data.jsonl"
    path.write_bytes(_lines(1) + long_line + b"\n" + _lines(1))
    layout = ReadLayout("text", ("text",), max_record=1 << 20)
    reading = check_reader(JsonLines(), _input(path), layout)
    assert reading.rows == [1, 3]
    (reject,) = reading.rejects
    assert reject == {
        "row": 2,
        "offset": len(_lines(1)),
        "reason": "longer than 1 MiB (--max-record)",
        "raw_digest": "sha256:" + hashlib.sha256(long_line).hexdigest(),
        "raw_bytes": len(long_line),
    }


def test_a_long_line_within_the_limit_is_a_record(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(_lines(1) + b'{"text": "' + b"x" * (2 * BLOCK) + b'"}')
    layout = ReadLayout("text", ("text",), max_record=1 << 30)
    reading = read_all(JsonLines(), _input(path), layout)
    assert [len(content) for content in reading.content] == [8, 2 * BLOCK]


@given(
    lines=st.lists(st.integers(0, 60), max_size=12),
    limit=st.integers(1, 40),
    block=st.integers(1, 50),
    ended=st.booleans(),
)
def test_blocks_and_limits_do_not_show(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[int],
    limit: int,
    block: int,
    ended: bool,
) -> None:
    path = tmp_path_factory.mktemp("blocks") / "data.jsonl"
    written = [b'{"text":"%s"}' % (b"x" * size) if size else b"" for size in lines]
    path.write_bytes(b"\n".join(written) + (b"\n" if ended else b""))
    layout = ReadLayout("text", ("text",), max_record=limit)
    reading = read_all(JsonLines(fast_from=None, block=block), _input(path), layout)
    kept = [row for row, line in enumerate(written, 1) if 0 < len(line) <= limit]
    refused = {row: line for row, line in enumerate(written, 1) if len(line) > limit}
    assert reading.rows == kept
    digests = {reject["row"]: reject["raw_digest"] for reject in reading.rejects}
    assert digests == {
        row: "sha256:" + hashlib.sha256(line).hexdigest() for row, line in refused.items()
    }


@given(lines=st.lists(st.integers(0, 30), max_size=40), size=st.integers(1, 200))
def test_slices_cover_the_file_at_line_starts(
    tmp_path_factory: pytest.TempPathFactory, lines: list[int], size: int
) -> None:
    path = tmp_path_factory.mktemp("slices") / "data.jsonl"
    data = b"".join(b"x" * length + b"\n" for length in lines)
    path.write_bytes(data)
    parts = list(line_slices(_input(path), size))
    assert b"".join(data[part.start : part.end] for part in parts) == data
    for part in parts:
        assert part.start == 0 or data[part.start - 1 : part.start] == b"\n"
        assert part.first_row == data[: part.start].count(b"\n") + 1
        assert part.end == len(data) or part.end - part.start >= size


def test_a_batch_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'{"text":"a"}\n' * (2 * BATCH_ROWS + 5))
    for reader in (JsonLines(), JsonLines(fast_from=None)):
        batches = list(reader.read(_input(path), TEXT))
        assert max(batch.read for batch in batches) <= BATCH_ROWS
        assert sum(batch.read for batch in batches) == 2 * BATCH_ROWS + 5


def test_original_is_the_line(tmp_path: Path) -> None:
    lines = ['{"text":  "a", "x": 1.0}', '{"text": "b\\u00e9", "y": "\\ud800"}']
    path = tmp_path / "data.jsonl"
    path.write_text("\r\n".join(lines), newline="")
    assert read_all(JsonLines(), _input(path), TEXT, original=True).original == lines


def test_probe_names_kinds_and_nests(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "Hi"}, {"from": "gpt", "value": "Hello"}]
    records = [
        {"text": None, "n": 1, "t": True, "chat": [], "o": {}},
        {"text": "a", "n": 1.5, "t": None, "chat": chat, "o": {"turns": [{"say": "x"}]}},
    ]
    path = tmp_path / "data.jsonl"
    path.write_text("not json\n" + "\n".join(map(json.dumps, records)))
    shape = JsonLines().probe(_input(path))
    kinds = ["string", "number", "boolean", "messages", "object"]
    assert list(shape.fields.items()) == list(zip(records[0], kinds, strict=True))
    assert shape.nested == ("chat", "o.turns")


def test_nested_damage_and_long_lines_are_numbered(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    good = b'{"turns": [{"text": "a"}, {"text": "b"}]}\n'
    path.write_bytes(good + b'{"turns": "' + b"x" * 200 + b'"}\n' + good + b"[\n")
    layout = ReadLayout("text", ("text",), records="turns", max_record=100)
    reading = check_reader(JsonLines(block=64), _input(path), layout)
    assert reading.rows == [1, 2, 4, 5]
    assert [(reject["row"], reject["reason"]) for reject in reading.rejects] == [
        (3, "line 2: longer than 100 bytes (--max-record)"),
        (6, "line 4: not JSON: ends too early"),
    ]


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":' * 100_000, b'"' + b'\\"' * 100_000])
def test_hostile_nesting_ends_quickly(raw: bytes) -> None:
    with pytest.raises(DefectError):
        parse(raw)


def test_a_number_of_too_many_digits() -> None:
    with pytest.raises(DefectError, match="too many digits"):
        parse(b"9" * 5000)
