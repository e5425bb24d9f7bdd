"""The contract that every reader keeps: how to read, what comes out, and what is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import pyarrow as pa

from provenance.io.objects import Stored

Kind = Literal["text", "structured", "binary"]

BATCH_BYTES = 16 << 20
"""Content bytes after which a reader closes a batch: memory is bounded by this."""

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
"""One row per record that was read and refused: place, why, and ``sha256:…`` of its raw bytes."""


@dataclass(frozen=True, slots=True)
class Member:
    """Where an input lies that is a member of an archive.

    Attributes:
        name: what it is called there.
        container: the file of the archive.
        archive: ``tar`` or ``zip``.
        compression: of the archive, as of an input.
        place: where its bytes begin in the decoded tar; which of the members of the zip it is.
        size: its bytes.
        container_bytes: the size of the archive's file when it was looked at.
        fetched: whether its bytes lie at ``Input.path`` for now, and not in the archive.
    """

    name: str
    container: Path
    archive: str
    compression: str
    place: int
    size: int
    container_bytes: int
    fetched: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What was said of how a table of text is written; what is ``None`` is found out.

    Attributes:
        delimiter: the one sign between its columns.
        header: whether its first line names the columns.
        encoding: a name that Python's ``codecs`` knows.
        escape: the one sign before a quote that is text; ``""`` for none.
    """

    delimiter: str | None = None
    header: bool | None = None
    encoding: str | None = None
    escape: str | None = None


WRITTEN = ("delimiter", "header", "encoding", "escape")
"""Reader settings that say how a table of text is written."""


def written(settings: Mapping[str, Any]) -> Written:
    """What settings say of how a table is written; they say ``none`` for no escape."""
    said = {name: settings.get(name) for name in WRITTEN}
    return Written(**said | {"escape": "" if said["escape"] == "none" else said["escape"]})


@dataclass(frozen=True, slots=True)
class Input:
    """One artefact, with what was found out about it.

    Attributes:
        uri: how the ledger names it (an absolute path, POSIX separators, or a URL; a member of an
            archive is ``/path/of/it.tar!/name/of/member``).
        path: where it can be opened; what lies in a store is there while ``remote`` holds it.
        format: name of the reader (``jsonl``, ``json``, ``parquet``, ``arrow``, ``csv``, ``tsv``,
            ``text``, ``warc``, …: ``registry.FORMATS`` has all).
        compression: ``""``, or one of ``registry.COMPRESSIONS``.
        stored: the object, where it lies in a store or on the web. Of such an input format and
            compression are what its name promises, until it is fetched.
        member: where in the archive at ``path`` it is, where it lies in one.
        written: how it is written, where it is a table of text and somebody said so.
    """

    uri: str
    path: Path
    format: str
    compression: str = ""
    stored: Stored | None = None
    member: Member | None = None
    written: Written = Written()


Chooser = Callable[[Mapping[str, str]], tuple[str, ...]]
"""Which further fields of a batch are wanted, by the shape of that batch: path to kind.

It is pickled with its layout, and must answer the same for the same shape.
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read: what makes two readings of one file the same reading.

    Attributes:
        kind: what the content is. ``text``: one string; ``structured``: an object of the content
            fields; ``binary``: bytes as they are.
        content: names of the content fields; ``("*",)`` for the whole row.
        late: further content fields of a structured record, which a file need not have.
        turns: whether a content field that holds turns as JSON text is read as the turns.
        fields: further fields to hand over as text, in this order (ids, parents, attributes, marks
            that recognisers read). A name with dots walks into objects when no field has that name.
        records: path of the nested list or tree that holds the records; ``None`` for none.
        max_record: longest raw record in bytes.
        chooser: what is wanted besides ``fields`` of each batch, by what stands in that batch.
            Nothing that is wanted of every row may be decided from the first rows of a file.
        references: those of the fields that hold ids. A number there that is whole is written as
            one: ``1.0`` is the id ``1``, as the tools write it that know no integer with gaps.
        emit: the records that each row gives, as JSON, where it gives others than itself.
        typed: whether whole rows come as ``Batch.typed`` where the format has types of its own.
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
class Share:
    """Every ``of``-th block of what can be decoded from its start only: a compressed file, say.

    Who reads a share decodes all of it, which takes a fraction of the time that it takes to work on
    what comes out.

    Attributes:
        index: which of the shares, from 0.
        of: how many there are.
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
    share: Share | None = None


Portion = Slice | Share
"""What is read of a file by one worker, where several read it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the first records of a file look like.

    Attributes:
        fields: top-level field name to its kind, one of ``string``, ``number``, ``boolean``,
            ``object``, ``list``, ``messages`` (a list of objects that look like turns), ``null``.
        nested: paths that hold lists of objects, for ``--records`` hints.
        native: content fields that the format itself fixes (``text`` for plain text and WARC).
        notes: what was found out about the file that its name does not say, for people to read.
        below: dotted paths in objects to kinds; ``a[].b`` for the members of objects in a list.
        looks: fields and paths to what their values look like: ``terse`` (ids, dates, codes),
            ``short`` or ``prose``; those that nobody looked at are missing.
        repeats: pairs of fields of which the first says nothing that the second has not.
        media: fields of a row that are the bytes of a picture, a sound or a film.
        prose: fields that hold texts at any depth, whatever they are called.
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
        """What is equal for shapes from which the same follows."""
        told = [tuple(each.items()) for each in (self.fields, self.below, self.looks)]
        return (*told, self.nested, self.native, self.repeats, self.media)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records of a file, and what was refused among them.

    Attributes:
        rows: int64[n], place in the file counted from 1 (for JSONL the line, blank lines counted).
        content: n values without nulls. ``text``: string; ``structured``: the content fields as the
            text of a JSON object; ``binary``: binary.
        fields: n rows, one nullable string column per ``Layout.fields``, in that order, then those
            that ``Layout.chooser`` asked for in this batch. Strings stand as they are, everything
            else as compact JSON (``true``, ``12``, ``{"a":1}``); null where the record has no such
            field or it is null.
        rejects: schema ``REJECTS``.
        original: when asked for, n JSON objects as text: the whole row as the file has it.
        shape: with a chooser, every path that has a value in some row of the batch, to its kind (as
            in ``Shape.fields``; of several kinds the first in ``paths.KINDS``), and perhaps some
            that have none. Members of objects are joined by dots, elements of lists are ``[]``:
            ``metadata.model``, ``rollouts[].model``; the text of a path through a list is the
            compact JSON list of its values that are not null. Maps are objects.
        typed: in place of ``original`` where the layout asks for it and the format has types: the
            same n rows as columns, in types that Parquet has (``typed_rows``).
        kind, names: what the content is and the names of its fields, where they are not those of
            the layout.
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
        """Records read: what is kept and what is rejected."""
        return len(self.rows) + int(self.rejects.num_rows)


class Reader(Protocol):
    """One format.

    ``probe`` looks at the first records only, those at the path ``nested`` where that is given.
    ``read`` yields batches in file order; a defect of one record is a row of ``rejects`` and
    reading goes on; where a format can go on behind a damaged stretch (a row group), or tells what
    its last record lacks (a quote, the end of a payload), that is one reject with the reason
    ``file: …``. What cannot be read to its end raises ``InputError``, and nothing of the file is
    kept, however much of it came before: a compression or an Arrow stream that is truncated or
    corrupt, and one that expands like a bomb (``DamagedError``); and so does a file of which
    nothing can be read at all.
    """

    names: Sequence[str]

    def probe(self, source: Input, nested: str | None = None) -> Shape: ...

    def read(
        self, source: Input, layout: Layout, part: Portion | None = None, *, original: bool = False
    ) -> Iterator[Batch]: ...


def too_long(limit: int) -> str:
    """Why a record beyond ``Layout.max_record`` is refused.

    >>> too_long(16 << 20), too_long(1000)
    ('longer than 16 MiB (--max-record)', 'longer than 1000 bytes (--max-record)')
    """
    for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if limit and limit % (1 << power) == 0:
            return f"longer than {limit >> power} {unit} (--max-record)"
    return f"longer than {limit} bytes (--max-record)"
