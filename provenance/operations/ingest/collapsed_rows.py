"""Detect files in which different rows have equal content and would become one record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from provenance.content.measure import content_digests
from provenance.engine.base import Engine
from provenance.errors import AmbiguousError, NotFoundError, ProvError
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Input, ReadLayout, Shape
from provenance.io.discovery.remote import readable_input
from provenance.io.records.other_fields import other_texts
from provenance.io.streams.archive_members import MemberFiles
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.repeat_counts import Repeats, ids_of, merge_repeats

if TYPE_CHECKING:
    from provenance.operations.ingest.worker_contract import FileResult

MOST_COLLAPSED = Fraction(1, 20)
"""Largest accepted share of different rows that have the same content as another row.

Short answers and stock phrases are equal by chance in a few rows of a hundred. If the chosen
content omits a field that distinguishes rows, the share is far larger.
"""

_CONTENTS = 4_096
_ROWS = 500
_NAMED = 5


@dataclass(frozen=True, slots=True)
class ComparedFile:
    """A file with so many repeated contents that its rows have to be compared.

    Attributes:
        content_was_named: whether somebody named the content.
        media: paths of the bytes of media.
    """

    source: Input
    layout: ReadLayout
    repeats: Repeats
    content_was_named: bool
    media: tuple[str, ...] = ()


@dataclass(slots=True)
class _SameContent:
    """Rows of one content: their number, and how many of the compared ones differ."""

    rows: int = 0
    looked_at: int = 0
    first: dict[str, int] = field(default_factory=dict)
    others: set[int] = field(default_factory=set)

    def add(self, texts: dict[str, int], differing: Counter[str]) -> None:
        if not self.looked_at:
            self.first = texts
        self.looked_at += 1
        self.others.add(hash(tuple(sorted(texts.items()))))
        names = texts.keys() | self.first.keys()
        differing.update(name for name in names if texts.get(name) != self.first.get(name))

    @property
    def lost(self) -> Fraction:
        """Estimated number of different rows that this content merges into one record."""
        if self.looked_at < 2:
            return Fraction(0)
        return Fraction(len(self.others) - 1, self.looked_at - 1) * (self.rows - 1)


def compares_rows(shape: Shape, options: IngestOptions) -> bool:
    """Whether the rows of a file may hold more than their content."""
    if options.content:
        return options.content != ("*",)
    return not shape.native


def judge_content(result: FileResult, options: IngestOptions, engine: Engine | None = None) -> None:
    """Fail a file whose content merges too many different rows; add a note if it was named.

    Args:
        result: of a whole file; results of ranges must be merged first.
        engine: where to read the rows again; ``None``: in this process.
    """
    repeats, source = result.repeats, result.task.source
    missing = [name for name in options.content if name not in result.content]
    if missing and options.content != ("*",) and result.kept:
        result.failure = NotFoundError(
            f"{source.uri}: no field {missing[0]!r} in the file", hint="see `--content`"
        )
        return
    if repeats is None or repeats.rows - repeats.distinct <= MOST_COLLAPSED * repeats.rows:
        return
    layout = ReadLayout(
        result.kind,
        result.content,
        records=options.records,
        max_record=options.max_record,
        turns=True,
    )
    content_was_named = ComparedFile(source, layout, repeats, bool(options.content), result.media)
    try:
        if engine is None:
            result.notes += tuple(filter(None, [collapsed(content_was_named)]))
            return
        for outcome in engine.map(collapsed, [content_was_named]):
            result.notes += tuple(filter(None, [outcome.result]))
            result.failure = outcome.failure
    except ProvError as error:
        result.failure = error


def of_cut_files(results: Sequence[FileResult]) -> list[FileResult]:
    """Merge the repeat counts of files that were read in ranges; one result per file."""
    found: dict[object, FileResult] = {}
    for result in results:
        if result.task.part is not None:
            first = found.setdefault(result.task.reading_id, result)
            if first is not result:
                first.repeats = merge_repeats(first.repeats, result.repeats)
                first.late |= result.late
    for result in results:
        result.late = found.get(result.task.reading_id, result).late
    return list(found.values())


def collapsed(file: ComparedFile) -> str:
    """Compare the rows of equal content; return a note, or an empty text if few differ.

    Raises:
        AmbiguousError: too many different rows have equal content, which was not named.
    """
    wanted = dict.fromkeys(file.repeats.repeated[:_CONTENTS])
    found: dict[int, _SameContent] = {each: _SameContent() for each in wanted}
    differing: Counter[str] = Counter()
    for content, row in _rows(file, found):
        rows_alike = found[content]
        by_path = other_texts(row, file.layout.whole, file.media)
        rows_alike.add({path: hash(texts) for path, texts in by_path.items()}, differing)
    lost = _scaled(file.repeats, list(found.values()))
    different = file.repeats.distinct + lost
    if not lost or lost <= MOST_COLLAPSED * different:
        return ""
    return _explain(
        file, round(lost), round(different), [n for n, _ in differing.most_common(_NAMED)]
    )


def _rows(
    file: ComparedFile, found: dict[int, _SameContent]
) -> Iterator[tuple[int, dict[str, object]]]:
    """Yield the rows to compare, at most ``_ROWS`` for each content."""
    wanted = pa.array(sorted(found), pa.uint64())
    with MemberFiles() as shelf, readable_input(file.source, file.source.format, shelf) as source:
        for batch in reader_for(source.format).read(source, file.layout, original=True):
            digests = content_digests(batch.content, file.layout.kind).newest
            present = [n for n, each in enumerate(digests.is_valid().to_pylist()) if each]
            ids = ids_of(digests.take(pa.array(present, pa.int64())))
            here = pc.is_in(pa.array(ids), wanted).to_numpy(zero_copy_only=False)
            for position in here.nonzero()[0].tolist():
                content = int(ids[position])
                found[content].rows += 1
                if found[content].looked_at < _ROWS and batch.original is not None:
                    yield content, json.loads(batch.original[present[position]].as_py())


def _scaled(repeats: Repeats, found: Sequence[_SameContent]) -> Fraction:
    """Scale the number of merged rows up from the compared contents to all contents."""
    looked_at = sum(rows_alike.rows - 1 for rows_alike in found if rows_alike.rows)
    lost = sum((rows_alike.lost for rows_alike in found), Fraction(0))
    everything = repeats.rows - repeats.distinct
    return lost * everything / looked_at if looked_at > 0 else lost


def _explain(file: ComparedFile, lost: int, different: int, names: Sequence[str]) -> str:
    content = " and ".join(file.layout.whole)
    message = (
        f"{lost:,} of {different:,} different rows have the same {content} as another one and "
        f"differ in {', '.join(names)} only"
    )
    if file.content_was_named:
        return f"{message}: they are one record"
    own = " ".join(f"--content {name}" for name in file.layout.content)
    more = " ".join(f"--content {name}" for name in names)
    raise AmbiguousError(
        f"{file.source.uri}: {message}",
        hint=f"`{own} {more}` tells them apart, `{own}` takes them as one record",
    )
