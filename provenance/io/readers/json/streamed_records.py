"""Read the records at a path of a document that is too large for memory, in two passes.

The first pass finds the list on the path and keeps the members around it; the second reads the
elements of the list one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from provenance.content.json_reader import MAX_DEPTH, DefectError, parse, shortened as short
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.json.enclosing_members import Enclosing
from provenance.io.readers.json.json_content import MISSING
from provenance.io.readers.json.nested import descend, holders_in, is_tree, nested_records
from provenance.io.readers.json.splitter import CHUNK, JsonPiece, JsonSplitter
from provenance.io.streams.byte_feed import ByteFeed
from provenance.io.streams.open_input import open_bytes

MOST_AROUND = 64 << 20
"""Most bytes that are kept of the members around a list."""


@dataclass(frozen=True, slots=True)
class PathNode:
    """A value at a path, where a record is expected.

    Attributes:
        value: the value; ``None`` where it comes as it is written.
        enclosing: members of its enclosing objects.
        piece: how it is written.
        cutter: splitter that read the piece, positioned after it.
    """

    value: Any
    enclosing: Enclosing
    piece: JsonPiece | None = None
    cutter: JsonSplitter | None = None


@dataclass(slots=True)
class _Around:
    """The document around the list on the path.

    Attributes:
        root: the document with the list cut down to what tells how it is to be read.
        offset: of the bracket of the list.
        steps: how many of the names lead to it.
        defect: why the text cannot be read to its end.
    """

    root: Any = None
    offset: int | None = None
    steps: int = 0
    defect: DefectError | None = None


Opened = Callable[[int], AbstractContextManager[ByteFeed]]
"""Function that opens a text at an offset."""


def of_file(source: Input) -> Opened:
    """Open the text of a file at an offset."""

    @contextmanager
    def opened(position: int) -> Iterator[ByteFeed]:
        with open_bytes(source) as stream:
            yield ByteFeed(stream, start=position)

    return opened


def of_bytes(raw: bytes, offset: int) -> Opened:
    """Open a buffered piece of a text, which begins at ``offset``, at an offset."""

    def opened(position: int) -> AbstractContextManager[ByteFeed]:
        feed = ByteFeed(BytesIO(raw[position - offset :]))
        feed.offset = position
        return nullcontext(feed)

    return opened


def streamed_records(
    opened: Opened, offset: int, path: str, layout: ReadLayout, chunk: int = CHUNK
) -> Iterator[PathNode]:
    """Yield the records at a path of a document at an offset, like ``nested_records``.

    The last one may be an incomplete piece at the end of the text.

    Args:
        offset: place of the first byte of the document.

    Raises:
        DefectError: the path leads nowhere, or the document is broken before it gets there.
        DamagedError: the file is, before it gets there.
    """
    *steps, last = path.split(".")
    with opened(offset) as feed:
        around = _Survey(JsonSplitter(feed, chunk), layout, last).all(steps)
    if around.offset is None:
        if around.defect:
            raise around.defect
        found = nested_records(around.root, path, layout)
        yield from (PathNode(value, enclosing) for value, enclosing in found)
        return
    holder, above = _holder(around, steps, layout)
    with opened(around.offset) as feed:
        cutter = JsonSplitter(feed, chunk)
        cutter.peek()
        cutter.take()
        if around.steps > len(steps):
            yield from _children(cutter, holder, last, layout, above)
        else:
            above = above.below(holder, steps[around.steps - 1], layout)
            yield from _inside(cutter, steps[around.steps :], last, layout, above)
    if around.defect:
        raise around.defect


def _holder(
    around: _Around, steps: list[str], layout: ReadLayout
) -> tuple[dict[str, Any], Enclosing]:
    holder, above = around.root, Enclosing()
    for step in steps[: around.steps - 1]:
        above = above.below(holder, step, layout)
        holder = holder[step]
    return holder, above


def _pieces(cutter: JsonSplitter, layout: ReadLayout) -> Iterator[JsonPiece]:
    for pieces in cutter.elements(layout.max_record):
        yield from pieces


def _parsed(piece: JsonPiece) -> Any:
    """Parse a piece; ``MISSING`` where it is defective, which its reader reports."""
    if not piece.raw or piece.ended:
        return MISSING
    try:
        return parse(piece.raw)
    except DefectError:
        return MISSING


def _children(
    cutter: JsonSplitter, holder: dict[str, Any], last: str, layout: ReadLayout, above: Enclosing
) -> Iterator[PathNode]:
    """Yield the holder, if it is a record, and the children in its list with their children."""
    name = b'"%s"' % last.encode()
    if is_tree(holder, holder[last], last, layout):
        yield PathNode({key: value for key, value in holder.items() if key != last}, above)
    else:
        above = above.below(holder, last, layout)
    for piece in _pieces(cutter, layout):
        raw = piece.raw or b""
        child = _parsed(piece) if name in raw or b"\\u" in raw else MISSING
        if isinstance(child, dict) and last in child:
            below = descend(child, last, layout, above, child=True)
            yield from (PathNode(value, enclosing) for value, enclosing in below)
        else:
            yield PathNode(None, above, piece, cutter)


def _inside(
    cutter: JsonSplitter, steps: list[str], last: str, layout: ReadLayout, above: Enclosing
) -> Iterator[PathNode]:
    """Yield the records in the elements of a list, at the end of the remaining steps."""
    found = False
    for piece in _pieces(cutter, layout):
        value = _parsed(piece)
        if value is MISSING:
            found = True
            yield PathNode(None, above, piece, cutter)
            continue
        for holder, enclosing in holders_in(value, steps, layout, above):
            for record, inner in descend(holder, last, layout, enclosing):
                found = True
                yield PathNode(record, inner)
            found = found or holder.get(last, MISSING) in (None, [])
    if not found:
        raise DefectError(f'no records at "{layout.records}"')


class _Survey:
    """First pass over a document: keeps the members around the list on the path."""

    def __init__(self, cutter: JsonSplitter, layout: ReadLayout, last: str) -> None:
        self._cutter = cutter
        self._layout = layout
        self._last = last
        self._left = MOST_AROUND
        self._around = _Around()

    def all(self, steps: list[str]) -> _Around:
        """Survey the document."""
        root: dict[str, Any] = {}
        self._around.root = root
        try:
            self._object(root, (*steps, self._last), 1)
        except DefectError as defect:
            self._around.defect = defect
        return self._around

    def _object(self, members: dict[str, Any], steps: tuple[str, ...], depth: int) -> None:
        """Read an object into ``members``; ``steps`` lead from it to the list."""
        if depth > MAX_DEPTH:
            raise DefectError(f"nested deeper than {MAX_DEPTH} levels", self._cutter.offset)
        cutter = self._cutter
        if cutter.peek() != ord("{"):
            raise cutter.unexpected()
        cutter.take()
        if cutter.peek() == ord("}"):
            cutter.take()
            return
        while True:
            at = cutter.offset
            name = cutter.key()
            if name in members:
                raise DefectError(f'duplicate key "{short(name)}"', at)
            self._member(members, name, steps, depth)
            end = cutter.peek()
            if end not in b",}" or end == -1:
                raise cutter.unexpected()
            cutter.take()
            if end == ord("}"):
                return

    def _member(
        self, members: dict[str, Any], name: str, steps: tuple[str, ...], depth: int
    ) -> None:
        first = self._cutter.peek()
        on = bool(steps) and name == steps[0]
        if first == ord("[") and on:
            self._around.offset = self._cutter.offset
            self._around.steps = depth
            members[name] = []
            self._list(members[name], len(steps) == 1)
        elif first == ord("{"):
            members[name] = {}
            self._object(members[name], steps[1:] if on else (), depth + 1)
        else:
            members[name] = self._value()

    def _value(self) -> Any:
        """Read a value that is no object; ``None`` for one that is too long."""
        piece = self._cutter.value(self._layout.max_record)
        if piece.ended:
            raise DefectError("not JSON: ends too early", self._cutter.offset)
        if piece.raw is None or len(piece.raw) > self._layout.max_record:
            return None
        self._left -= len(piece.raw)
        if self._left < 0:
            raise DefectError(f"more than {MOST_AROUND >> 20} MiB beside the records", piece.offset)
        try:
            return parse(piece.raw)
        except DefectError as defect:
            position = piece.offset + (defect.position or 0)
            raise DefectError(str(defect), position) from defect

    def _list(self, found: list[Any], children: bool) -> None:
        """Skip a list; for whole rows, keep the first element and one that shows a tree."""
        if self._layout.content != ("*",):
            if self._cutter.document(-1).ended:
                raise DefectError("not JSON: ends too early", self._cutter.offset)
            return
        self._cutter.take()
        name = b'"%s"' % self._last.encode()
        ended = False
        for pieces in self._cutter.elements(self._layout.max_record):
            ended = pieces[-1].ended
            for piece in pieces:
                if not piece.raw or piece.ended or (found and not (children and name in piece.raw)):
                    continue
                try:
                    value = parse(piece.raw)
                except DefectError:
                    value = None
                tree = isinstance(value, dict) and self._last in value
                if not found or tree:
                    found.append(value)
                children = children and not tree
        if ended:
            raise DefectError("not JSON: ends too early", self._cutter.offset)
