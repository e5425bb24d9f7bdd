"""Read text files with one record per line, where the format is stated as ``lines``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from provenance.content.json_writer import compact_json
from provenance.errors import MisuseError, NotFoundError
from provenance.io.contract.reader import (
    Batch,
    Input,
    Portion,
    ReadLayout,
    Shape,
    too_long_reason,
)
from provenance.io.readers.json.lines import LineBlock, OversizedLine, filled_lines, line_blocks
from provenance.io.records.batch_builder import BatchBuilder, empty_fields, split_batch
from provenance.io.streams.open_input import open_bytes

_NEWLINE, _RETURN = ord("\n"), ord("\r")
_SHAPE = {"text": "string"}


class TextLines:
    """Reader of lines; each line that is not blank is a record, without its line break."""

    names: Sequence[str] = ("lines",)

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """Return the field ``text``."""
        with open_bytes(source):
            return Shape(dict(_SHAPE), (), ("text",))

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """Yield lines in order; rows are numbers of lines, ``part`` is not for this format.

        Raises:
            NotFoundError, MisuseError: the layout asks for other content than text.
            DamagedError: not a byte could be decompressed.
        """
        if part is not None:
            raise ValueError("lines of text have no slices")
        _require_text(layout)
        collector = BatchBuilder(layout, original=original)
        with open_bytes(source) as stream:
            for block in line_blocks(stream, layout.max_record):
                if isinstance(block, OversizedLine):
                    where = (block.row, block.offset)
                    collector.reject_hashed(*where, block.reason, block.raw_digest, block.raw_bytes)
                    yield collector.batch()
                elif (batch := None if original else _at_once(block, layout)) is not None:
                    yield from split_batch(batch)
                else:
                    yield from _one_by_one(block, layout, collector, original=original)


def _require_text(layout: ReadLayout) -> None:
    if layout.content not in {("text",), ("*",)}:
        raise NotFoundError(
            f"no field {', '.join(layout.content)} in lines of text",
            hint="their one field is named text; leave `--content` out",
        )
    if layout.kind == "binary":
        raise MisuseError("lines of text hold no binary content", hint="leave `--content` out")


def _at_once(block: LineBlock, layout: ReadLayout) -> Batch | None:
    """Convert all lines of a block at once; ``None`` if a line may be refused."""
    starts, ends = block.starts, block.ends
    if layout.kind != "text" or int((ends - starts).max()) > layout.max_record:
        return None
    data = block.data
    returns = (ends > starts) & (data[np.maximum(ends - 1, 0)] == _RETURN)
    if not data.all() or _has_blanks(data, starts, ends - returns):
        return None
    ends = ends - returns
    keep = np.ones(data.size, np.bool_)
    keep[block.ends[block.ends < data.size]] = False
    keep[ends[returns]] = False
    full = ends > starts
    sizes = (ends - starts)[full]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    text = pa.Array.from_buffers(
        pa.large_string(),
        len(sizes),
        [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data[keep].tobytes())],
    )
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return None
    rows = pa.array(block.row + np.flatnonzero(full), pa.int64())
    content = text.cast(pa.string())
    return Batch(rows=rows, content=content, fields=_fields(content, layout), shape=_SHAPE)


def _has_blanks(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> bool:
    """Check whether a line may be only white space, by its first byte."""
    full = starts[ends > starts]
    return bool(np.isin(data[full], np.frombuffer(b" \t\r", np.uint8)).any())


def _fields(content: pa.Array, layout: ReadLayout) -> pa.RecordBatch:
    chosen = layout.chooser(_SHAPE) if layout.chooser is not None else ()
    names = [*layout.fields, *(name for name in chosen if name not in layout.fields)]
    if not names:
        return empty_fields(len(content))
    nothing = pa.nulls(len(content), pa.string())
    columns = [content if name == "text" else nothing for name in names]
    return pa.RecordBatch.from_arrays(columns, names)


def _one_by_one(
    block: LineBlock, layout: ReadLayout, collector: BatchBuilder, *, original: bool
) -> Iterator[Batch]:
    for row, offset, line in filled_lines(block):
        raw = line.removesuffix(b"\r")
        text, defect = _text(raw, layout.max_record)
        if defect:
            collector.reject(row, offset, defect, raw)
        else:
            record = {"text": text}
            whole = compact_json(record)
            content = text if layout.kind == "text" else whole
            fields = [text if name == "text" else None for name in layout.fields]
            collector.keep(row, (content, fields), whole if original else None, record, len(raw))
        if collector.full:
            yield collector.batch()
    if not collector.empty:
        yield collector.batch()


def _text(raw: bytes, limit: int) -> tuple[str, str]:
    if len(raw) > limit:
        return "", too_long_reason(limit)
    if b"\0" in raw:
        return "", "NUL byte"
    try:
        return raw.decode("utf-8"), ""
    except UnicodeDecodeError:
        return "", "invalid UTF-8"
