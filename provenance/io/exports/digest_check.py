"""Check the files of an export by recomputing every content digest from the bytes on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from provenance.content.identity import write_digest
from provenance.content.measure import content_digests
from provenance.errors import IntegrityError
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Batch, Input, Kind, ReadLayout, Slice
from provenance.io.exports.read_back import written_rows

_DIGEST = 32
_ANY_LENGTH = 1 << 62


@dataclass(slots=True)
class RowRun:
    """Consecutive rows of one file that are read with one layout.

    Attributes:
        turns: whether turns as JSON text were read as turns.
        rows, size: how many they are, and bytes that they take in a file of lines.
    """

    kind: Kind
    content: tuple[str, ...]
    turns: bool = False
    rows: int = 0
    size: int = 0

    @property
    def layout(self) -> ReadLayout:
        """Layout by which their content is read back."""
        return ReadLayout(self.kind, self.content, max_record=_ANY_LENGTH, turns=self.turns)


@dataclass(slots=True)
class _Digests:
    file: BinaryIO
    runs: list[RowRun] = field(default_factory=list)


class ExpectedDigests:
    """Digests that each file of an export must hold, stored on disk.

    Args:
        folder: where those lie meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._splits: dict[str, _Digests] = {}

    def __enter__(self) -> ExpectedDigests:
        return self

    def __exit__(self, *_: object) -> None:
        for split in self._splits.values():
            split.file.close()

    def add(self, split: str, layout: ReadLayout, digests: pa.Array, size: int = 0) -> None:
        """Add the digests of the next rows of a file."""
        if split not in self._splits:
            path = self._folder / f"{len(self._splits)}.digests"
            self._splits[split] = _Digests(path.open("x+b"))
        expected_split = self._splits[split]
        run = RowRun(layout.kind, layout.content, layout.turns)
        if not expected_split.runs or expected_split.runs[-1].layout != run.layout:
            expected_split.runs.append(run)
        expected_split.runs[-1].rows += len(digests)
        expected_split.runs[-1].size += size
        expected_split.file.write(_bytes(digests))

    def check(self, split: str, path: Path, form: str) -> None:
        """Read a written file and compare its digests.

        Raises:
            IntegrityError: a row of it holds another content; the message names the record.
        """
        expected_split = self._splits[split]
        expected_split.file.seek(0)
        batches = (
            _lines(path, expected_split.runs)
            if form == "jsonl"
            else _columns(path, expected_split.runs)
        )
        next_row = 1
        for kind, batch in batches:
            next_row = _compare(path, expected_split.file, kind, batch, next_row)
        rows = sum(run.rows for run in expected_split.runs)
        if next_row != rows + 1:
            raise _wrong(path, next_row, expected_split.file.read(_DIGEST))


def _lines(path: Path, runs: Sequence[RowRun]) -> Iterator[tuple[Kind, Batch]]:
    reader, item = reader_for("jsonl"), Input(str(path), path, "jsonl")
    start, row = 0, 1
    for run in runs:
        for batch in reader.read(item, run.layout, Slice(start, start + run.size, row)):
            yield run.kind, batch
        start, row = start + run.size, row + run.rows


def _columns(path: Path, runs: Sequence[RowRun]) -> Iterator[tuple[Kind, Batch]]:
    for layout, batch in written_rows(path, [(run.layout, run.rows) for run in runs]):
        yield layout.kind, batch


def _compare(path: Path, expected: BinaryIO, kind: Kind, batch: Batch, next_row: int) -> int:
    """Compare a batch with the next digests; return the number of the row after it."""
    rows = batch.rows.to_pylist()
    found = content_digests(batch.content, kind)
    wanted = expected.read(_DIGEST * len(rows))
    for position, (row, newest, former) in enumerate(
        zip(rows, found.newest.to_pylist(), found.former.to_pylist(), strict=True)
    ):
        own = wanted[_DIGEST * position : _DIGEST * (position + 1)]
        if row != next_row + position or own not in (newest, former):
            raise _wrong(path, next_row + position, own)
    return next_row + len(rows)


def _wrong(path: Path, row: int, wanted: bytes) -> IntegrityError:
    return IntegrityError(
        f"row {row:,} of `{path.name}` as it was written does not hold the content of the record "
        f"{write_digest(wanted)}; nothing was exported",
        hint="this is a bug in prov or a disk error; `--format jsonl` writes rows unchanged",
    )


def _bytes(digests: pa.Array) -> bytes:
    return b"".join(digests.to_pylist())
