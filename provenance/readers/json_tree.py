"""JSON documents, and records inside a document or a line: arrays, columns, nested lists, trees."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from provenance.errors import InputError
from provenance.identity import write_digest
from provenance.readers.base import Batch, Input, Layout, Portion, Shape
from provenance.readers.collect import Collector, compact_json
from provenance.readers.holders import Beside
from provenance.readers.json_exact import (
    BOM,
    EXTRA,
    MISSING,
    DefectError,
    extract,
    first_elements,
    has_content,
    kind_of,
    not_an_object,
    parse,
    require_readable,
    shortened,
    too_long,
)
from provenance.readers.looks import looked_at
from provenance.readers.paths import TooManyPathsError
from provenance.readers.stream import open_bytes

MAX_DOCUMENT = 2 << 30
"""Bytes of the largest document that is read: one document is held whole."""

_PROBE_RECORDS = 100
_PROBE_BYTES = 1 << 20
_PROBE_LEVELS = 4


class JsonDocument:
    """The reader of files that are one JSON document.

    An array holds records, an object of equally long arrays holds columns, any other object is one
    record. A document that does not parse is one reject, and so are columns of unequal length.
    """

    names: Sequence[str] = ("json",)

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """The fields of the first hundred records, or of the records at a path."""
        with open_bytes(source) as stream:
            head = stream.read1(_PROBE_BYTES)  # type: ignore[attr-defined]
        found = first_elements(head.removeprefix(BOM), _PROBE_RECORDS)
        if not found:
            try:
                document = _load(source)
                found = [document] if nested else _sample(document)
            except DefectError:
                found = []
        objects = [record for record in found if isinstance(record, dict)]
        return shape_of(objects if nested is None else nested_sample(objects, nested))

    def read(
        self, source: Input, layout: Layout, part: Portion | None = None, *, original: bool = False
    ) -> Iterator[Batch]:
        """Batches of a document; rows count its records.

        Raises:
            InputError: more than one document, too large a one, or a damaged compression.
        """
        require_readable(layout)
        if part is not None:
            raise ValueError("a document cannot be cut")
        gathered = Numbered(layout, original=original)
        try:
            document = _load(source)
            found = (
                _nested_in(document, layout.records, layout)
                if layout.records
                else ((record, None) for record in _records(document))
            )
            for record, beside in found:
                gathered.add(record, beside=beside)
                if gathered.full:
                    yield gathered.batch()
        except _UnreadableError as error:
            gathered.refuse(error.place, str(error), error.raw_digest, error.raw_bytes)
        if not gathered.empty:
            yield gathered.batch()


class _UnreadableError(DefectError):
    """Why a whole document is refused, and what its bytes were."""

    def __init__(self, reason: str, place: int | None, raw: bytes) -> None:
        super().__init__(reason, place)
        self.raw_digest = write_digest(hashlib.sha256(raw).digest())
        self.raw_bytes = len(raw)


def _load(source: Input) -> Any:
    chunks: list[bytes] = []
    size = 0
    with open_bytes(source) as stream:
        while chunk := stream.read1(_PROBE_BYTES):  # type: ignore[attr-defined]
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_DOCUMENT:
                raise InputError(
                    f"a JSON document of more than {MAX_DOCUMENT >> 30} GiB: {source.uri}",
                    hint="write it as JSON lines, which are read piece by piece",
                )
    raw = b"".join(chunks)
    chunks.clear()
    return _parse(raw, source)


def _parse(raw: bytes, source: Input) -> Any:
    body = raw.removeprefix(BOM)
    skipped = len(raw) - len(body)
    if not body.strip():
        raise _UnreadableError("empty document", None, raw)
    try:
        return parse(body)
    except DefectError as error:
        place = error.place
        if place is not None and str(error) == EXTRA and _begins_line(body, place):
            raise InputError(
                f"one document is followed by another: {source.uri}",
                hint="if each line is a record, read it with --format jsonl",
            ) from error
        where = None if place is None else skipped + place
        raise _UnreadableError(str(error), where, raw) from error


def _begins_line(body: bytes, place: int) -> bool:
    """Whether an object begins here on a line of its own."""
    return body[place : place + 1] == b"{" and body[:place].rstrip(b" \t").endswith(b"\n")


def _records(document: Any) -> Iterator[Any]:
    """The records of a document; what is not an object is handed on, to be refused."""
    if isinstance(document, list):
        yield from document
    elif isinstance(document, dict) and _is_columns(document):
        sizes = {name: len(column) for name, column in document.items()}
        if len(set(sizes.values())) > 1:
            listed = ", ".join(f"{name} {size}" for name, size in sizes.items())
            reason = f"columns of unequal length: {shortened(listed)}"
            raise _UnreadableError(reason, None, _written(document))
        names = list(document)
        for values in zip(*document.values(), strict=True):
            yield dict(zip(names, values, strict=True))
    else:
        yield document


def _sample(document: Any) -> list[Any]:
    """The first records of a document; of unequal columns, as far as all of them go."""
    if isinstance(document, dict) and _is_columns(document):
        rows = islice(zip(*document.values(), strict=False), _PROBE_RECORDS)
        return [dict(zip(document, values, strict=True)) for values in rows]
    return list(islice(_records(document), _PROBE_RECORDS))


def _is_columns(document: dict[str, Any]) -> bool:
    """Whether an object holds columns, and not just lists: the turns of a chat, or wrapped rows."""
    columns = list(document.values())
    if not columns or not all(isinstance(column, list) and column for column in columns):
        return False
    if len({len(column) for column in columns}) > 1:
        # Lists of what is not plain may well be one record.
        return not any(isinstance(value, (dict, list)) for column in columns for value in column)
    kinds = {kind_of(column) for column in columns}
    plain = any(not isinstance(value, dict) for column in columns for value in column)
    return "messages" not in kinds and plain


def _nested_in(document: Any, path: str, layout: Layout) -> Iterator[tuple[Any, Beside | None]]:
    for root in document if isinstance(document, list) else [document]:
        try:
            yield from nested_records(root, path, layout)
        except DefectError as error:
            yield error, None


def nested_records(root: Any, path: str, layout: Layout) -> Iterator[tuple[Any, Beside]]:
    """The records at a path: parents before children, each without the list of its children.

    All but the last name lead to the holders, through objects and lists. The last one names the
    list of a holder's children, and of their children, and so on. A child is a record; a holder is
    one too if it has the content field. With each record comes what its holders say that are no
    records themselves: a child has nothing from a parent.

    Raises:
        DefectError: the path leads nowhere.

    >>> tree = {"prompt": {"text": "Q", "replies": [{"text": "A", "replies": []}]}}
    >>> found = list(nested_records(tree, "prompt.replies", Layout("text", ("text",))))
    >>> [record for record, _ in found]
    [{'text': 'Q'}, {'text': 'A'}]
    >>> listed = {"model": "gpt-4", "data": [{"text": "A"}]}
    >>> [each.members for _, each in nested_records(listed, "data", Layout("text", ("text",)))]
    [{'model': 'gpt-4'}]
    """
    *steps, last = path.split(".")
    found = False
    for holder, beside in _holders(root, steps, layout):
        for node in _descend(holder, last, layout, beside):
            found = True
            yield node
        found = found or holder.get(last, MISSING) in (None, [])
    if not found:
        raise DefectError(f'no records at "{path}"')


def nested_sample(roots: list[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    """Some records at a path, for a look at their fields."""
    found: list[dict[str, Any]] = []
    for root in roots:
        with contextlib.suppress(DefectError):
            nodes = nested_records(root, path, Layout("structured", ("*",)))
            found += [node for node, _ in islice(nodes, _PROBE_RECORDS) if isinstance(node, dict)]
    return found


def _holders(
    root: Any, steps: list[str], layout: Layout
) -> Iterator[tuple[dict[str, Any], Beside]]:
    """The objects at the end of some steps, in order, and what stands beside each."""
    stack = [(root, 0, Beside())]
    while stack:
        node, depth, beside = stack.pop()
        objects = [each for each in _spread([node]) if isinstance(each, dict)]
        if depth == len(steps):
            yield from ((each, beside) for each in objects)
            continue
        step = steps[depth]
        stack += [
            (each[step], depth + 1, beside.below(each, step, layout))
            for each in reversed(objects)
            if step in each
        ]


def _spread(nodes: list[Any]) -> Iterator[Any]:
    """Values with every list, however deep, replaced by what it holds."""
    stack = nodes[::-1]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(reversed(node))
        else:
            yield node


def _descend(
    holder: dict[str, Any], last: str, layout: Layout, above: Beside
) -> Iterator[tuple[Any, Beside]]:
    stack: list[tuple[Any, Beside]] = [(holder, above)]
    while stack:
        node, beside = stack.pop()
        if not isinstance(node, dict):
            yield node, beside
            continue
        below = node.get(last)
        children = below if isinstance(below, list) else [below] if isinstance(below, dict) else []
        record = _is_record(node, children, last, layout)
        if node is not holder or record:
            inside = isinstance(below, (list, dict))
            yield ({k: v for k, v in node.items() if k != last} if inside else node), beside
        if children:
            # What has no content is refused as a record, and speaks for those below it.
            record = record or (node is not holder and layout.content == ("*",))
            inner = beside if record else beside.below(node, last, layout)
            stack.extend((child, inner) for child in reversed(children))


def _is_record(holder: dict[str, Any], children: list[Any], last: str, layout: Layout) -> bool:
    if layout.content != ("*",):
        return has_content(holder, layout)
    # Of a whole row nothing says so but its likeness to the children.
    return any(isinstance(child, dict) and last in child for child in children)


class Numbered:
    """Gathers the records of a file whose rows are counted as they come, from ``first`` on."""

    def __init__(self, layout: Layout, *, original: bool, first: int = 1) -> None:
        self._layout = layout
        self._collector = Collector(layout, original=original)
        self._row = first - 1

    def add(self, record: Any, where: str = "", beside: Beside | None = None) -> None:
        """Keep or refuse what stands where a record is expected; ``beside``: what holders say."""
        self._row += 1
        try:
            if isinstance(record, DefectError):
                raise record
            if not isinstance(record, dict):
                raise DefectError(not_an_object(record))
            seen = record if beside is None else beside.seen_by(record)
            values = extract(record, self._layout, seen)
            original = _written(record)
            if len(original) > self._layout.max_record:
                raise DefectError(too_long(self._layout.max_record))
            text = original.decode() if self._collector.with_original else None
            size = len(original) + (beside.size if beside else 0)
            self._collector.keep(self._row, values, text, seen, size)
        except (DefectError, TooManyPathsError) as defect:
            raw = None if isinstance(record, DefectError) else _written(record)
            self._collector.reject(self._row, None, f"{where}{defect}", raw)

    def refuse(
        self, offset: int | None, reason: str, raw_digest: str | None, raw_bytes: int | None
    ) -> None:
        """Refuse what could not be read at all."""
        self._row += 1
        self._collector.reject_hashed(self._row, offset, reason, raw_digest, raw_bytes)

    @property
    def full(self) -> bool:
        """Whether it is time for a batch."""
        return self._collector.full

    @property
    def empty(self) -> bool:
        """Whether nothing was gathered since the last batch."""
        return self._collector.empty

    def batch(self) -> Batch:
        """What was gathered."""
        return self._collector.batch()


def _written(record: Any) -> bytes:
    """A value as compact JSON; lone surrogates, which UTF-8 cannot hold, as escapes."""
    try:
        return compact_json(record).encode()
    except UnicodeEncodeError:
        return json.dumps(record, separators=(",", ":")).encode()


def shape_of(records: list[dict[str, Any]]) -> Shape:
    """What some records have in common: the commonest kind of each field, and where lists nest."""
    kinds: dict[str, Counter[str]] = {}
    nested: dict[str, None] = {}
    for record in records:
        for name, value in record.items():
            # Of an empty list nobody can say what it is a list of.
            weight = 0 if value is None or value == [] else 1
            kinds.setdefault(name, Counter())[kind_of(value)] += weight
        nested.update(dict.fromkeys(_nests(record)))
    fields = {name: counts.most_common(1)[0][0] for name, counts in kinds.items()}
    return looked_at(Shape(fields=fields, nested=tuple(nested)), records)


def _nests(record: dict[str, Any]) -> Iterator[str]:
    """Dotted paths that lead to lists of objects with text in them."""
    stack: list[tuple[tuple[str, ...], dict[str, Any]]] = [((), record)]
    while stack:
        path, node = stack.pop()
        if len(path) == _PROBE_LEVELS:
            continue
        for name, value in node.items():
            below = (*path, name)
            if isinstance(value, dict):
                stack.append((below, value))
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                if path and path[-1] == name:
                    continue  # a tree: its path is known already
                if any(isinstance(each, str) for each in value[0].values()):
                    yield ".".join(below)
                stack.append((below, value[0]))
