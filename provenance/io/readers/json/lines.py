"""Read JSON lines, one object per line, block by block."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

import numpy as np

from provenance.content.identity import write_digest
from provenance.content.json_reader import DefectError, parse
from provenance.io.contract.reader import (
    Batch,
    BlockShare,
    Input,
    Portion,
    ReadLayout,
    Shape,
    Slice,
    too_long_reason,
)
from provenance.io.contract.record_paths import TooManyPathsError
from provenance.io.readers.json.fast_path import FAST_ATTEMPTS, FAST_FROM, BlockLines, FastPath
from provenance.io.readers.json.json_content import extract, not_an_object, require_readable
from provenance.io.readers.json.json_records import NumberedRecords, as_record, to_json_bytes
from provenance.io.readers.json.nested import nested_records, nested_sample
from provenance.io.readers.json.scalars import Bytes, Places
from provenance.io.readers.json.shape import shape_of
from provenance.io.records.batch_builder import BatchBuilder, split_batch
from provenance.io.streams.byte_feed import ByteFeed
from provenance.io.streams.open_input import open_bytes

BLOCK = 16 << 20
"""Bytes that are read and parsed at once; more if a line is longer."""

_PROBE_LINES = 100
_HEAD = 1 << 20
_CHUNK = 1 << 20
_NEWLINE = ord("\n")
_BLANK = b" \t\r"


class JsonLines:
    """Reader of JSON lines.

    Args:
        fast_from: bytes from which a block is worth the fast path; ``None`` for never. It decides
            about speed only.
        block: bytes that are read and parsed at once.
    """

    names: Sequence[str] = ("jsonl",)

    def __init__(self, fast_from: int | None = FAST_FROM, block: int = BLOCK) -> None:
        self._fast_from = fast_from
        self._block = block

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """Read the shape of the first hundred lines, or of the records at a path in them."""
        lines: list[Any] = []
        with open_bytes(source) as stream:
            for block in _blocks(ByteFeed(stream), BLOCK, 1, _HEAD):
                if isinstance(block, LineBlock):
                    lines += _first_values(block, _PROBE_LINES - len(lines))
                if len(lines) == _PROBE_LINES or block.offset > (_HEAD if lines else BLOCK):
                    break
        return shape_of(lines if nested is None else nested_sample(lines, nested))

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """Yield batches of a file or a part of it; rows are lines, or nested records.

        Raises:
            DamagedError: the compression is truncated, corrupt, or a bomb.
        """
        require_readable(layout)
        if part and layout.records:
            raise ValueError("nested records are numbered from the start of the file")
        with ExitStack() as stack:
            cut = part if isinstance(part, Slice) else None
            stream = ByteFeed(stack.enter_context(open_bytes(source)), cut)
            blocks = _blocks(stream, layout.max_record, cut.first_row if cut else 1, self._block)
            share = cut.share if cut else part
            if isinstance(share, BlockShare):
                # Blocks are of a fixed size, so all shares split the file alike.
                blocks = islice(blocks, share.index, None, share.of)
            if layout.records:
                yield from _read_nested(blocks, layout, layout.records, original=original)
            else:
                yield from self._read_flat(blocks, layout, stack, original=original)

    def _read_flat(
        self,
        blocks: Iterator[LineBlock | OversizedLine],
        layout: ReadLayout,
        stack: ExitStack,
        *,
        original: bool,
    ) -> Iterator[Batch]:
        collector = BatchBuilder(layout, original=original, again=partial(_record, layout=layout))
        fast: FastPath | None = None
        attempts = FAST_ATTEMPTS if self._fast_from is not None and layout.kind == "text" else 0
        for block in blocks:
            if isinstance(block, OversizedLine):
                collector.reject_hashed(
                    block.row, block.offset, block.reason, block.raw_digest, block.raw_bytes
                )
                yield collector.batch()
                continue
            batch = None
            if attempts and block.data.size >= (self._fast_from or 0):
                fast = fast or stack.enter_context(FastPath(layout))
                batch = _try(fast, block, layout.max_record, original=original)
                # A file whose lines differ too much is not worth trying for ever.
                attempts = FAST_ATTEMPTS if batch else attempts - 1
            yield from split_batch(batch) if batch else _read_exactly(block, layout, collector)


def line_slices(
    source: Input, size: int, watch: Callable[[bytes], object] = lambda _: None
) -> Iterator[Slice]:
    """Split an uncompressed file at line starts into slices of about ``size`` bytes.

    The slices cover the file; a line longer than ``size`` stays whole. An empty file has none.

    Args:
        watch: is shown the whole file on the way, piece by piece.
    """
    if source.compression:
        raise ValueError("only an uncompressed file can be cut")
    start = position = 0
    first = row = 1
    with open_bytes(source) as stream:
        while chunk := stream.read(_CHUNK):
            watch(chunk)
            at = 0
            while (end := chunk.find(b"\n", max(start + size - 1 - position, at)) + 1) > 0:
                row += _count_lines(chunk, at, end)
                yield Slice(start, position + end, first)
                start, first, at = position + end, row, end
            row += _count_lines(chunk, at, len(chunk))
            position += len(chunk)
    if start < position:
        yield Slice(start, position, first)


def _count_lines(chunk: bytes, start: int, end: int) -> int:
    # NumPy compares many bytes at a time; looking for one after the other takes thrice as long.
    return int(np.count_nonzero(np.frombuffer(chunk, np.uint8)[start:end] == _NEWLINE))


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Whole lines in a buffer that the next block reuses.

    Attributes:
        data: the bytes; the last line may lack its line break.
        ends: where each line ends, its line break not included.
        offset: place of the first byte in the decompressed file.
        row: number of the first line.
    """

    data: Bytes
    ends: Places
    offset: int
    row: int

    @property
    def starts(self) -> Places:
        """Start of each line."""
        return np.concatenate([[0], self.ends[:-1] + 1])


@dataclass(frozen=True, slots=True)
class OversizedLine:
    """A line over the record limit, which was hashed and not kept.

    Attributes:
        ends: whether the file ends with it.
    """

    row: int
    offset: int
    reason: str
    raw_digest: str | None
    raw_bytes: int
    ends: bool = False


def line_blocks(stream: BinaryIO, max_record: int) -> Iterator[LineBlock | OversizedLine]:
    """Yield the lines of a stream in blocks, and its oversized lines."""
    return _blocks(ByteFeed(stream), max_record, 1, BLOCK)


def _blocks(
    stream: ByteFeed, max_record: int, row: int, size: int
) -> Iterator[LineBlock | OversizedLine]:
    """Yield whole lines in blocks; hash an oversized line without keeping it."""
    buffer: Bytes = np.empty(size, np.uint8)
    filled, scanned, offset = 0, 0, stream.offset
    while True:
        if filled == buffer.size:
            buffer = np.concatenate([buffer, np.empty(buffer.size, np.uint8)])
        got = stream.fill(buffer[filled:])
        over = filled + got < buffer.size
        filled += got
        ends: Places = scanned + np.flatnonzero(buffer[scanned:filled] == _NEWLINE)
        if ends.size:
            cut = int(ends[-1]) + 1
            yield LineBlock(buffer[:cut], ends, offset, row)
            rest = buffer[cut:filled].copy()
            if buffer.size > size >= rest.size:
                buffer = np.empty(size, np.uint8)  # it had grown for one long line
            buffer[: rest.size] = rest
            row, offset, filled = row + ends.size, offset + cut, rest.size
        scanned = filled
        if over:
            break
        if filled > max_record:
            oversized, filled = _pass_by(
                stream, buffer, filled, (row, offset), too_long_reason(max_record)
            )
            yield oversized
            if oversized.ends:
                return
            row, offset, scanned = row + 1, offset + oversized.raw_bytes + 1, 0
    if filled:
        yield LineBlock(buffer[:filled], np.array([filled]), offset, row)


def _pass_by(
    stream: ByteFeed, buffer: Bytes, filled: int, position: tuple[int, int], reason: str
) -> tuple[OversizedLine, int]:
    """Hash a line to its end; leave the bytes after it at the front of the buffer.

    Args:
        position: row and offset of the line.
        reason: why the line is refused.
    """
    sha = hashlib.sha256(buffer[:filled].data)
    size = filled
    while filled := stream.fill(buffer):
        line_breaks = np.flatnonzero(buffer[:filled] == _NEWLINE)
        end = int(line_breaks[0]) if line_breaks.size else filled
        sha.update(buffer[:end].data)
        size += end
        if line_breaks.size:
            rest = filled - end - 1
            buffer[:rest] = buffer[end + 1 : filled].copy()
            return OversizedLine(*position, reason, write_digest(sha.digest()), size), rest
    return OversizedLine(*position, reason, write_digest(sha.digest()), size, ends=True), 0


def _try(fast: FastPath, block: LineBlock, max_record: int, *, original: bool) -> Batch | None:
    """Read a block by the fast path, if it applies."""
    starts, ends = block.starts, block.ends
    if int((ends - starts).max()) > max_record:
        return None
    returns = (ends > starts) & (block.data[np.maximum(ends - 1, 0)] == ord("\r"))
    ends = ends - returns
    lines = np.flatnonzero(ends > starts)
    if not lines.size:
        return None
    return fast.read(
        BlockLines(block.data, starts[lines], ends[lines]), block.row + lines, original=original
    )


def filled_lines(block: LineBlock) -> Iterator[tuple[int, int, bytes]]:
    """Yield row, offset and bytes of each line that is not blank."""
    view = block.data.data
    starts = block.starts.tolist()
    for number, (start, end) in enumerate(zip(starts, block.ends.tolist(), strict=True)):
        raw = bytes(view[start:end])
        if raw.strip(_BLANK):
            yield block.row + number, block.offset + start, raw


def _read_exactly(block: LineBlock, layout: ReadLayout, collector: BatchBuilder) -> Iterator[Batch]:
    for row, offset, raw in filled_lines(block):
        try:
            value = _parse_line(raw, layout)
            record = as_record(value, layout)
            values = extract(record, layout)
            text = _original(value, record, raw) if collector.with_original else None
            collector.keep(row, values, text, record, len(raw), raw)
        except (DefectError, TooManyPathsError) as defect:
            collector.reject(row, offset, str(defect), raw)
        if collector.full:
            yield collector.batch()
    if not collector.empty:
        yield collector.batch()


def _original(value: Any, record: dict[str, Any], raw: bytes) -> str:
    """Return the whole row: the line itself where it is an object."""
    return (raw.removesuffix(b"\r") if value is record else to_json_bytes(record)).decode()


def _parse_line(raw: bytes, layout: ReadLayout) -> Any:
    if len(raw) > layout.max_record:
        raise DefectError(too_long_reason(layout.max_record))
    return parse(raw)


def _record(raw: bytes, layout: ReadLayout) -> dict[str, Any]:
    return as_record(parse(raw), layout)


def _read_nested(
    blocks: Iterator[LineBlock | OversizedLine], layout: ReadLayout, path: str, *, original: bool
) -> Iterator[Batch]:
    """Read the records inside of lines, numbered through the file; reasons name the line."""
    gathered = NumberedRecords(layout, original=original)
    for block in blocks:
        if isinstance(block, OversizedLine):
            where = "" if block.ends else f"line {block.row}: "
            digest, size = block.raw_digest, block.raw_bytes
            gathered.refuse(block.offset, where + block.reason, digest, size)
            continue
        for line, offset, raw in filled_lines(block):
            try:
                root = _parse_line(raw, layout)
                if not isinstance(root, dict):
                    raise DefectError(not_an_object(root))
                for node, enclosing in nested_records(root, path, layout):
                    gathered.add(node, f"line {line}: ", enclosing)
            except DefectError as defect:
                digest = write_digest(hashlib.sha256(raw).digest())
                gathered.refuse(offset, f"line {line}: {defect}", digest, len(raw))
            if gathered.full:
                yield gathered.batch()
    if not gathered.empty:
        yield gathered.batch()


def _first_values(block: LineBlock, count: int) -> list[Any]:
    records: list[Any] = []
    for _, _, raw in filled_lines(block):
        if len(records) == count:
            break
        try:
            records.append(parse(raw))
        except DefectError:
            continue
    return records
