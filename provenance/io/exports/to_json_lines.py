"""Write rows of a release as JSON lines, with the export's own members after those of a source."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.io.contract.reader import ReadLayout
from provenance.io.exports.added_columns import content_columns, is_export_column
from provenance.io.exports.digest_check import ExpectedDigests


class JsonLinesExport:
    """Writes rows as JSON lines, one file per split.

    Args:
        folder: where the files are made.
        expected: receives the digests that each file must hold.
    """

    def __init__(self, folder: Path, expected: ExpectedDigests) -> None:
        self._folder = folder
        self._expected = expected
        self._files: dict[str, BinaryIO] = {}
        self.counts: Counter[str] = Counter()

    def __enter__(self) -> JsonLinesExport:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            if kind is None:
                file.flush()
                os.fsync(file.fileno())
            file.close()

    def add(
        self,
        layout: ReadLayout,
        rows: pa.Array,
        ours: pa.Array,
        splits: pa.Array,
        digests: pa.Array,
    ) -> None:
        """Write rows.

        Args:
            rows, ours: JSON objects as text.
            splits, digests: of each row the split that it is in, and the digest of its content.
        """
        lines = _joined(rows, ours, layout)
        for split in pc.unique(splits).to_pylist():
            mine = pc.equal(splits, split)
            written = lines.filter(mine).to_pylist()
            if split not in self._files:
                self._files[split] = (self._folder / f"{split}.jsonl").open("xb")
            data = "".join(f"{line}\n" for line in written).encode()
            self._files[split].write(data)
            self._expected.add(split, layout, digests.filter(mine), len(data))
            self.counts[split] += len(written)


def _joined(rows: pa.Array, ours: pa.Array, layout: ReadLayout) -> pa.Array:
    """Merge two objects; ours come first where a content name equals one of ours but for case."""
    ours_first = layout.content == ("*",) or any(map(is_export_column, layout.content))
    if not ours_first:
        return _appended(rows, ours)
    first = np.array([_has_ours(text, layout) for text in rows.to_pylist()], np.bool_)
    return pc.if_else(pa.array(first), _appended(ours, rows), _appended(rows, ours))


def _has_ours(text: str, layout: ReadLayout) -> bool:
    import json

    if "_" not in text:
        return False
    return any(is_export_column(name) for name in content_columns(layout.content, json.loads(text)))


def _appended(rows: pa.Array, more: pa.Array) -> pa.Array:
    head = pc.utf8_rtrim(pc.utf8_slice_codeunits(pc.utf8_rtrim_whitespace(rows), 0, -1), " ")
    tail = pc.utf8_ltrim(pc.utf8_slice_codeunits(pc.utf8_ltrim_whitespace(more), 1), " ")
    nothing = pc.or_(pc.ends_with(head, "{"), pc.equal(tail, "}"))
    return pc.binary_join_element_wise(head, pc.if_else(nothing, "", ","), tail, "")
