"""JSON lines: one object per line, read block by block."""

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
    Input,
    Layout,
    Portion,
    Shape,
    Share,
    Slice,
    too_long,
)
from provenance.io.contract.record_paths import TooManyPathsError
from provenance.io.readers.json.fast_path import FAST_ATTEMPTS, FAST_FROM, FastPath, Lines
from provenance.io.readers.json.json_content import extract, not_an_object, require_readable
from provenance.io.readers.json.json_records import Numbered, as_record, written
from provenance.io.readers.json.nested import nested_records, nested_sample
from provenance.io.readers.json.scalars import Bytes, Places
from provenance.io.readers.json.shape import shape_of
from provenance.io.records.batch_builder import Collector, split
from provenance.io.streams.byte_feed import ByteFeed
from provenance.io.streams.open_input import open_bytes

BLOCK = 16 << 20
"""Bytes that are read and parsed at once, unless a line is longer."""

_PROBE_LINES = 100
_HEAD = 1 << 20
_CHUNK = 1 << 20
_NEWLINE = ord("\n")
_BLANK = b" \t\r"


class JsonLines:
    """The reader of JSON lines.

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
        """The fields of the first hundred lines, or of the records at a path in them."""
        lines: list[Any] = []
        with open_bytes(source) as stream:
            for block in _blocks(ByteFeed(stream), BLOCK, 1, _HEAD):
                if isinstance(block, Block):
                    lines += _first_values(block, _PROBE_LINES - len(lines))
                if len(lines) == _PROBE_LINES or block.offset > (_HEAD if lines else BLOCK):
                    break
        return shape_of(lines if nested is None else nested_sample(lines, nested))

    def read(
        self, source: Input, layout: Layout, part: Portion | None = None, *, original: bool = False
    ) -> Iterator[Batch]:
        """Batches of a file or of a part of it; rows are lines, or records of ``layout.records``.

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
            if isinstance(share, Share):
                # Blocks are of a fixed size: whoever reads a share cuts the file alike.
                blocks = islice(blocks, share.index, None, share.of)
            if layout.records:
                yield from _read_nested(blocks, layout, layout.records, original=original)
            else:
                yield from self._read_flat(blocks, layout, stack, original=original)

    def _read_flat(
        self, blocks: Iterator[Block | Loose], layout: Layout, stack: ExitStack, *, original: bool
    ) -> Iterator[Batch]:
        collector = Collector(layout, original=original, again=partial(_record, layout=layout))
        fast: FastPath | None = None
        attempts = FAST_ATTEMPTS if self._fast_from is not None and layout.kind == "text" else 0
        for block in blocks:
            if isinstance(block, Loose):
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
            yield from split(batch) if batch else _read_exactly(block, layout, collector)


def slices(
    source: Input, size: int, watch: Callable[[bytes], object] = lambda _: None
) -> Iterator[Slice]:
    """Cut an uncompressed file at line starts into ranges of about ``size`` bytes.

    The slices cover the file; a line longer than ``size`` stays whole. An empty file has none.

    Args:
        watch: is shown the whole file on the way, piece by piece.
    """
    if source.compression:
        raise ValueError("only an uncompressed file can be cut")
    start = place = 0
    first = row = 1
    with open_bytes(source) as stream:
        while chunk := stream.read(_CHUNK):
            watch(chunk)
            at = 0
            while (end := chunk.find(b"\n", max(start + size - 1 - place, at)) + 1) > 0:
                row += _count_lines(chunk, at, end)
                yield Slice(start, place + end, first)
                start, first, at = place + end, row, end
            row += _count_lines(chunk, at, len(chunk))
            place += len(chunk)
    if start < place:
        yield Slice(start, place, first)


def _count_lines(chunk: bytes, start: int, end: int) -> int:
    # NumPy compares many bytes at a time; looking for one after the other takes thrice as long.
    return int(np.count_nonzero(np.frombuffer(chunk, np.uint8)[start:end] == _NEWLINE))


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines in a buffer that the next block uses again.

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
        """Where each line begins."""
        return np.concatenate([[0], self.ends[:-1] + 1])


@dataclass(frozen=True, slots=True)
class Loose:
    """A reject that is not a line in a block, but too long to be held.

    Attributes:
        ends: whether the file ends with it.
    """

    row: int
    offset: int
    reason: str
    raw_digest: str | None
    raw_bytes: int
    ends: bool = False


def line_blocks(stream: BinaryIO, max_record: int) -> Iterator[Block | Loose]:
    """Whole lines of a stream, block by block, and what is no line in a block (``_blocks``)."""
    return _blocks(ByteFeed(stream), max_record, 1, BLOCK)


def _blocks(stream: ByteFeed, max_record: int, row: int, size: int) -> Iterator[Block | Loose]:
    """Whole lines, block by block; a line that is too long goes by without being held."""
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
            yield Block(buffer[:cut], ends, offset, row)
            rest = buffer[cut:filled].copy()
            if buffer.size > size >= rest.size:
                buffer = np.empty(size, np.uint8)  # it had grown for one long line
            buffer[: rest.size] = rest
            row, offset, filled = row + ends.size, offset + cut, rest.size
        scanned = filled
        if over:
            break
        if filled > max_record:
            loose, filled = _pass_by(stream, buffer, filled, (row, offset), too_long(max_record))
            yield loose
            if loose.ends:
                return
            row, offset, scanned = row + 1, offset + loose.raw_bytes + 1, 0
    if filled:
        yield Block(buffer[:filled], np.array([filled]), offset, row)


def _pass_by(
    stream: ByteFeed, buffer: Bytes, filled: int, place: tuple[int, int], reason: str
) -> tuple[Loose, int]:
    """Hash a line up to its end; what follows it is left at the front of the buffer.

    Args:
        place: row and offset of the line.
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
            return Loose(*place, reason, write_digest(sha.digest()), size), rest
    return Loose(*place, reason, write_digest(sha.digest()), size, ends=True), 0


def _try(fast: FastPath, block: Block, max_record: int, *, original: bool) -> Batch | None:
    """The batch of a block if the fast path may read it."""
    starts, ends = block.starts, block.ends
    if int((ends - starts).max()) > max_record:
        return None
    returns = (ends > starts) & (block.data[np.maximum(ends - 1, 0)] == ord("\r"))
    ends = ends - returns
    lines = np.flatnonzero(ends > starts)
    if not lines.size:
        return None
    return fast.read(
        Lines(block.data, starts[lines], ends[lines]), block.row + lines, original=original
    )


def _lines(block: Block) -> Iterator[tuple[int, int, bytes]]:
    """Row, offset and bytes of each line that is not blank."""
    view = block.data.data
    starts = block.starts.tolist()
    for number, (start, end) in enumerate(zip(starts, block.ends.tolist(), strict=True)):
        raw = bytes(view[start:end])
        if raw.strip(_BLANK):
            yield block.row + number, block.offset + start, raw


def _read_exactly(block: Block, layout: Layout, collector: Collector) -> Iterator[Batch]:
    for row, offset, raw in _lines(block):
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
    """The whole row: the line as it is, where that is an object."""
    return (raw.removesuffix(b"\r") if value is record else written(record)).decode()


def _parse_line(raw: bytes, layout: Layout) -> Any:
    if len(raw) > layout.max_record:
        raise DefectError(too_long(layout.max_record))
    return parse(raw)


def _record(raw: bytes, layout: Layout) -> dict[str, Any]:
    return as_record(parse(raw), layout)


def _read_nested(
    blocks: Iterator[Block | Loose], layout: Layout, path: str, *, original: bool
) -> Iterator[Batch]:
    """Records inside the lines, numbered through the file; reasons name the line."""
    gathered = Numbered(layout, original=original)
    for block in blocks:
        if isinstance(block, Loose):
            where = "" if block.ends else f"line {block.row}: "
            digest, size = block.raw_digest, block.raw_bytes
            gathered.refuse(block.offset, where + block.reason, digest, size)
            continue
        for line, offset, raw in _lines(block):
            try:
                root = _parse_line(raw, layout)
                if not isinstance(root, dict):
                    raise DefectError(not_an_object(root))
                for node, beside in nested_records(root, path, layout):
                    gathered.add(node, f"line {line}: ", beside)
            except DefectError as defect:
                digest = write_digest(hashlib.sha256(raw).digest())
                gathered.refuse(offset, f"line {line}: {defect}", digest, len(raw))
            if gathered.full:
                yield gathered.batch()
    if not gathered.empty:
        yield gathered.batch()


def _first_values(block: Block, count: int) -> list[Any]:
    records: list[Any] = []
    for _, _, raw in _lines(block):
        if len(records) == count:
            break
        try:
            records.append(parse(raw))
        except DefectError:
            continue
    return records
