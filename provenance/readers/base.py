"""The contract that every reader keeps: how to read, what comes out, and what is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa

from provenance.objects import Stored

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
class Input:
    """One artefact, with what was found out about it.

    Attributes:
        uri: how the ledger names it (an absolute path, POSIX separators, or a URL).
        path: where it can be opened; what lies in a store is there while ``remote`` holds it.
        format: name of the reader (``jsonl``, ``json``, ``parquet``, ``arrow``, ``csv``, ``tsv``,
            ``text``, ``warc``).
        compression: ``""``, ``gz`` or ``zst``.
        stored: the object, where it lies in a store or on the web. Of such an input format and
            compression are what its name promises, until it is fetched.
    """

    uri: str
    path: Path
    format: str
    compression: str = ""
    stored: Stored | None = None


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
    emit: str = ""


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
    """

    fields: dict[str, str]
    nested: tuple[str, ...] = ()
    native: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


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
    reading goes on; a defect that ends the file (truncated compression) is one last reject with the
    reason ``file: …`` and ends the iteration; where a format can go on behind a damaged stretch (a
    row group), that stretch is one reject. Both raise ``InputError`` when nothing of the file can
    be read at all.
    """

    names: Sequence[str]

    def probe(self, source: Input, nested: str | None = None) -> Shape: ...

    def read(
        self, source: Input, layout: Layout, part: Portion | None = None, *, original: bool = False
    ) -> Iterator[Batch]: ...
