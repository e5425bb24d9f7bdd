"""Define the interface of a reader: its input, its options, and the batches that it yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import pyarrow as pa

from provenance.io.objects import StoredObject

Kind = Literal["text", "structured", "binary"]

BATCH_BYTES = 16 << 20
"""Content bytes after which a reader closes a batch; this bounds memory."""

BATCH_ROWS = 65_536
"""Records after which a reader closes a batch."""

MAX_RECORD = 16 << 20
"""Default of ``--max-record``: a longer record is a reject, whatever its format."""

REJECTS = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=True),
        pa.field("offset", pa.int64(), nullable=True),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("raw_digest", pa.string(), nullable=True),
        pa.field("raw_bytes", pa.int64(), nullable=True),
    ]
)
"""One row per refused record: its position, the reason, and ``sha256:…`` of its raw bytes."""


@dataclass(frozen=True, slots=True)
class Member:
    """Position of an input inside an archive.

    Attributes:
        name: name in the archive.
        container: file of the archive.
        archive: ``tar`` or ``zip``.
        compression: compression of the archive, as for an input.
        position: offset in the decoded tar, or index in the zip directory.
        size: bytes of the member.
        container_bytes: size of the archive's file when it was listed.
        fetched: whether the member was extracted to ``Input.path``.
    """

    name: str
    container: Path
    archive: str
    compression: str
    position: int
    size: int
    container_bytes: int
    fetched: bool = False


@dataclass(frozen=True, slots=True)
class TableStyle:
    """Stated style of a text table; ``None`` where it is to be detected.

    Attributes:
        delimiter: character between columns.
        header: whether the first line names the columns.
        encoding: name of an encoding in Python's ``codecs``.
        escape: character before a quote that is text; ``""`` for none.
    """

    delimiter: str | None = None
    header: bool | None = None
    encoding: str | None = None
    escape: str | None = None


STYLE_SETTINGS = ("delimiter", "header", "encoding", "escape")
"""Reader settings that make up a ``TableStyle``."""


def table_style(settings: Mapping[str, Any]) -> TableStyle:
    """Make the table style of reader settings, in which ``none`` means no escape."""
    given = {name: settings.get(name) for name in STYLE_SETTINGS}
    return TableStyle(**given | {"escape": "" if given["escape"] == "none" else given["escape"]})


@dataclass(frozen=True, slots=True)
class Input:
    """A file or object to read, with what is known about it.

    Attributes:
        uri: name in the ledger (an absolute path with POSIX separators, or a URL; a member of an
            archive is ``/path/of/it.tar!/name/of/member``).
        path: file to open; an object of a store is there while ``discovery.remote`` provides it.
        format: name of the reader (``jsonl``, ``json``, ``parquet``, ``arrow``, ``csv``, ``tsv``,
            ``text``, ``warc``, …: ``formats.FORMATS`` has all).
        compression: ``""``, or one of ``formats.COMPRESSIONS``.
        stored: the object, where it is in a store or on the web. Until it is fetched, format and
            compression are those of its name.
        member: position in the archive at ``path``, where it is in one.
        table_style: stated style of a text table.
    """

    uri: str
    path: Path
    format: str
    compression: str = ""
    stored: StoredObject | None = None
    member: Member | None = None
    table_style: TableStyle = TableStyle()


Chooser = Callable[[Mapping[str, str]], tuple[str, ...]]
"""Function that selects further fields of a batch by the shape of that batch (path to kind). // It
is pickled with its layout, and must answer the same for the same shape.
"""


@dataclass(frozen=True, slots=True)
class ReadLayout:
    """Options of a reading: which fields to read and how; they identify the reading.

    Attributes:
        kind: kind of the content. ``text``: one string; ``structured``: an object of the content
            fields; ``binary``: bytes.
        content: names of the content fields; ``("*",)`` for the whole row.
        late: further content fields of a structured record, which a file may lack.
        turns: whether a content field that holds turns as JSON text is read as the turns.
        fields: further fields to return as text, in this order (ids, parents, attributes, marks
            for recognisers). A name with dots goes into objects when no field has that name.
        records: path of the nested list or tree that holds the records; ``None`` for none.
        max_record: longest raw record in bytes.
        chooser: selects fields besides ``fields`` for each batch, by the shape of that batch. What
            is wanted of every row may not be decided from the first rows of a file.
        references: fields of ``fields`` that hold ids. A whole number in them is written as an
            integer: ``1.0`` is the id ``1``, which tools without nullable integers write so.
        emit: JSON of the records that each row yields, where it is not one record itself.
        typed: whether whole rows are returned as ``Batch.typed`` where the format has types.
    """

    kind: Kind
    content: tuple[str, ...]
    fields: tuple[str, ...] = ()
    records: str | None = None
    max_record: int = MAX_RECORD
    chooser: Chooser | None = None
    references: tuple[str, ...] = ()
    typed: bool = False
    late: tuple[str, ...] = ()
    turns: bool = False
    emit: str = ""

    @property
    def whole(self) -> tuple[str, ...]:
        """All content fields."""
        return (*self.content, *self.late)


@dataclass(frozen=True, slots=True)
class BlockShare:
    """Every ``of``-th block of a file that can only be decoded from its start.

    Each worker decodes all of it, which costs little beside processing the blocks.

    Attributes:
        index: number of the share, from 0.
        of: number of shares.
    """

    index: int
    of: int


@dataclass(frozen=True, slots=True)
class Slice:
    """A byte range of an uncompressed file, cut where lines or row groups begin.

    Attributes:
        start: first byte, inclusive.
        end: last byte, exclusive.
        first_row: row number of the first line or record in it, counted from 1.
        share: which of its blocks are read; ``None`` for all.
    """

    start: int
    end: int
    first_row: int
    share: BlockShare | None = None


Portion = Slice | BlockShare
"""Portion of a file for one worker, where several read it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Fields of the first records of a file, with their kinds.

    Attributes:
        fields: top-level field name to its kind, one of ``string``, ``number``, ``boolean``,
            ``object``, ``list``, ``messages`` (a list of objects that look like turns), ``null``.
        nested: paths that hold lists of objects, for ``--records`` hints.
        native: content fields that the format itself fixes (``text`` for plain text and WARC).
        notes: findings about the file that its name does not say, to be displayed.
        below: dotted paths in objects to kinds; ``a[].b`` for the members of objects in a list.
        looks: fields and paths to the look of their values: ``terse`` (ids, dates, codes),
            ``short`` or ``prose``; those that were not examined are missing.
        repeats: pairs of fields of which the second contains all texts of the first.
        media: fields that are the bytes of a picture, a sound or a film.
        prose: fields that hold texts at any depth, whatever their names.
    """

    fields: dict[str, str]
    nested: tuple[str, ...] = ()
    native: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    below: Mapping[str, str] = field(default_factory=dict)
    looks: Mapping[str, str] = field(default_factory=dict)
    repeats: frozenset[tuple[str, str]] = frozenset()
    media: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()

    @property
    def key(self) -> object:
        """Key that is equal for shapes with the same consequences."""
        parts = [tuple(each.items()) for each in (self.fields, self.below, self.looks)]
        return (*parts, self.nested, self.native, self.repeats, self.media)


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of a file, and the rejects among them.

    Attributes:
        rows: int64[n], row number in the file from 1 (for JSONL the line, blank lines counted).
        content: n values without nulls. ``text``: string; ``structured``: the content fields as the
            text of a JSON object; ``binary``: binary.
        fields: n rows, one nullable string column per field of ``ReadLayout.fields``, in that
            order, then those that the chooser selects for this batch. Strings are unchanged,
            everything else is compact JSON (``true``, ``12``, ``{"a":1}``); null where the record
            has no such field or it is null.
        rejects: schema ``REJECTS``.
        original: when requested, n JSON objects as text: the whole row as it is in the file.
        shape: with a chooser, every path that has a value in some row of the batch, to its kind (as
            in ``Shape.fields``; of several kinds the first of ``record_paths.KINDS``), and perhaps
            some without values. Members of objects are joined by dots, elements of lists are
            ``[]``: ``metadata.model``, ``rollouts[].model``; the text of a path through a list is
            the compact JSON list of its values that are not null. Maps are objects.
        typed: in place of ``original`` where the layout asks for it and the format has types: the
            same n rows as columns, in types that Parquet has (``typed_rows``).
        kind, names: kind and field names of the content, where they differ from the layout.
    """

    rows: pa.Array
    content: pa.Array
    fields: pa.RecordBatch
    rejects: pa.Table = field(default_factory=REJECTS.empty_table)
    original: pa.Array | None = None
    shape: Mapping[str, str] = field(default_factory=dict)
    typed: pa.RecordBatch | None = None
    kind: Kind | None = None
    names: tuple[str, ...] = ()

    @property
    def read(self) -> int:
        """Number of records read: kept and rejected."""
        return len(self.rows) + int(self.rejects.num_rows)


class Reader(Protocol):
    """Reader of one format.

    ``probe`` reads the first records only, those at the path ``nested`` where that is given.
    ``read`` yields batches in file order. A defective record is a row of ``rejects``, and reading
    continues; where a format can continue behind a damaged range (a row group), or knows that its
    last record is incomplete (an open quote, a short payload), that is one reject whose reason
    begins with ``file:``. A file that cannot be read to its end raises ``InputError``, and none of
    it is kept: a compression or Arrow stream that is truncated or corrupt, one that expands like a
    bomb (``DamagedError``), and a file of which nothing can be read.
    """

    names: Sequence[str]

    def probe(self, source: Input, nested: str | None = None) -> Shape: ...

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]: ...


def too_long_reason(limit: int) -> str:
    """Word the reject reason of a record longer than ``ReadLayout.max_record``.

    >>> too_long_reason(16 << 20), too_long_reason(1000)
    ('longer than 16 MiB (--max-record)', 'longer than 1000 bytes (--max-record)')
    """
    for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if limit and limit % (1 << power) == 0:
            return f"longer than {limit >> power} {unit} (--max-record)"
    return f"longer than {limit} bytes (--max-record)"
