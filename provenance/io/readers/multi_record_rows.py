"""Rows of which each gives several records: made of what any reader hands over, row by row.

The records are numbered through the file as they come. What stands in the row and belongs to none
of them is heard with each of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from provenance.content.json_reader import DefectError
from provenance.errors import InputError
from provenance.io.contract.reader import Batch, Input, Kind, Layout, Reader
from provenance.io.contract.record_paths import ABOVE, TooManyPathsError, printable, steps_of
from provenance.io.readers.json.json_content import MISSING, extract, lookup, parse_object
from provenance.io.readers.json.json_records import CHAT, TEXT, bare_name, written
from provenance.io.records.batch_builder import Collector, field_of, field_text
from provenance.model.emission import FIELD, Emit

LABEL, GENERATOR, PROCESS, PARENTS, NAME = (
    f"emit:{word}" for word in ("label", "generator", "process", "parents", "name")
)
SAID = (LABEL, GENERATOR, PROCESS, PARENTS, NAME)
"""Fields of a batch that the contract gives: what is claimed of a record, and its parents as the
JSON list of their rows, each with its relation."""

_FREE = frozenset({"json", "jsonl"})
"""Formats whose rows need not all have the same fields."""


@dataclass(slots=True)
class _Slot:
    """A record that a row gives, before it is looked at."""

    emit: Emit
    value: Any
    row: int
    place: int
    defect: DefectError | None = None


@dataclass(slots=True)
class Emitting:
    """Reads rows with a reader and hands out the records that they give.

    Attributes:
        inner: the reader of the format.
        emits: what a row gives.
    """

    inner: Reader
    emits: Sequence[Emit]
    _row: int = 0
    _read: int = 0
    _collectors: dict[tuple[Kind, tuple[str, ...]], Collector] = field(default_factory=dict)

    def read(self, source: Input, layout: Layout, *, original: bool = False) -> Iterator[Batch]:
        """Batches of records that are of one kind and of the same content fields each.

        Raises:
            InputError: the file has none of the fields.
        """
        self._row = self._read = 0
        self._collectors = {}
        rows = Layout(
            "structured",
            self._heads(source, layout),
            records=layout.records,
            max_record=layout.max_record,
        )
        for batch in self.inner.read(source, rows, None, original=True):
            refused = batch.rejects.to_pylist()
            lines = batch.original.to_pylist() if batch.original is not None else []
            for row, text in zip(batch.rows.to_pylist(), lines, strict=True):
                while refused and (refused[0]["row"] or 0) < row:
                    self._refuse_row(layout, refused.pop(0), original=original)
                self._emit(parse_object(text.encode()), row, layout, original=original)
                yield from self._full()
            for reject in refused:
                self._refuse_row(layout, reject, original=original)
            yield from self._full()
        yield from self._full(every=True)

    def _heads(self, source: Input, layout: Layout) -> tuple[str, ...]:
        """The fields of a row without which there is no record in it."""
        named = [name for e in self.emits for name in ([e.each] if e.each else e.contents)]
        heads = tuple(dict.fromkeys(name for name in named if name))
        shape = self.inner.probe(source, layout.records)
        if source.format in _FREE:
            return heads
        tops = tuple(dict.fromkeys(h if h in shape.fields else h.partition(".")[0] for h in heads))
        there = tuple(top for top in tops if top in shape.fields)
        if not there:
            raise InputError(
                f"{source.uri}: no field {' or '.join(tops)}, of which the contract makes records",
                hint=f"fields: {', '.join(shape.fields)}; see `emit` of the source's contract",
            )
        return there

    def _full(self, *, every: bool = False) -> Iterator[Batch]:
        if not every and not any(each.full for each in self._collectors.values()):
            return
        for (kind, names), collector in self._collectors.items():
            if not collector.empty:
                yield replace(collector.batch(), kind=kind, names=names)

    def _collector(
        self, kind: Kind, names: tuple[str, ...], layout: Layout, *, original: bool
    ) -> Collector:
        key = kind, names
        if key not in self._collectors:
            self._collectors[key] = Collector(layout, original=original)
        return self._collectors[key]

    def _refuse_row(self, layout: Layout, reject: Mapping[str, Any], *, original: bool) -> None:
        self._row += 1
        reason = reject["reason"]
        known = reject["row"] is not None and not reason.startswith("file: ")
        where = self._where(reject["row"], ": ") if known else ""
        self._any(layout, original=original).reject_hashed(
            self._row, None, where + reason, reject["raw_digest"], reject["raw_bytes"]
        )

    def _where(self, number: int, then: str) -> str:
        """The row of the record last counted, where that has not the same number."""
        return f"row {number}{then}" if number != self._row else ""

    def _any(self, layout: Layout, *, original: bool) -> Collector:
        return self._collector("text", (TEXT,), layout, original=original)

    def _emit(self, row: dict[str, Any], number: int, layout: Layout, *, original: bool) -> None:
        """The records of a row, each kept or refused."""
        slots: list[_Slot] = []
        for emit in self.emits:
            slots += self._slots(emit, row)
        if not slots:
            self._row += 1
            self._any(layout, original=original).reject(
                self._row, None, f"{self._where(number, ': ')}it gives no record", written(row)
            )
            return
        rest = self._rest(row)
        for slot in slots:
            same = number == slot.row
            where = slot.emit.name if same else f"row {number}, {slot.emit.name}"
            where += f" {slot.place + 1}: " if slot.emit.each else ": "
            try:
                self._keep(slot, slots, (row, rest), layout, original=original)
            except (DefectError, TooManyPathsError) as defect:
                raw = None if slot.defect else written(slot.value)
                self._any(layout, original=original).reject(slot.row, None, f"{where}{defect}", raw)

    def _slots(self, emit: Emit, row: dict[str, Any]) -> Iterator[_Slot]:
        if emit.each is None:
            self._row += 1
            yield _Slot(emit, row, self._row, 0)
            return
        listed = lookup(row, emit.each)
        if listed is None or listed == []:
            return
        if listed is MISSING or not isinstance(listed, list):
            what = "no field" if listed is MISSING else "no list in field"
            self._row += 1
            yield _Slot(emit, None, self._row, 0, DefectError(f'{what} "{emit.each}"'))
            return
        for place, value in enumerate(listed):
            self._row += 1
            yield _Slot(emit, value, self._row, place)

    def _rest(self, row: dict[str, Any]) -> dict[str, Any]:
        """What of a row is no part of a record, and no statement about one."""
        used: set[str] = set()
        for emit in self.emits:
            names = [emit.each, *emit.contents] if emit.each is None else [emit.each]
            named = emit.generator.removeprefix(FIELD) if emit.generator else ""
            if emit.generator and emit.generator.startswith(FIELD):
                names.append(named.removeprefix(f"{ABOVE}."))
            names += [c.removeprefix(f"{ABOVE}.") for c in emit.contents if c.startswith(ABOVE)]
            used |= {n if n in row else n.partition(".")[0] for n in names if n}
        return {name: value for name, value in row.items() if name not in used}

    def _keep(
        self,
        slot: _Slot,
        slots: Sequence[_Slot],
        around: tuple[dict[str, Any], dict[str, Any]],
        layout: Layout,
        *,
        original: bool,
    ) -> None:
        if slot.defect:
            raise slot.defect
        row, rest = around
        record, seen = _views(slot, row, rest)
        kind, members = _content(slot.emit, record, row)
        names = tuple(members)
        content, _ = extract(members, Layout(kind, names))
        said = self._said(slot, slots, record, row)
        for name, place in _named(slot.emit):
            value = _find(record, row, place)
            seen[name] = None if value is MISSING else value
        fields = [
            said[name]
            if name in said
            else _printable(field_of(seen, steps_of(name), reference=name in layout.references))
            for name in layout.fields
        ]
        collector = self._collector(kind, names, layout, original=original)
        text = written(members).decode() if original else None
        collector.keep(slot.row, (content, fields), text, seen, len(content))

    def _said(
        self,
        slot: _Slot,
        slots: Sequence[_Slot],
        record: dict[str, Any],
        row: dict[str, Any],
    ) -> dict[str, str | None]:
        emit = slot.emit
        generator = emit.generator
        if generator and generator.startswith(FIELD):
            value = _find(record, row, generator.removeprefix(FIELD))
            generator = None if value is MISSING else _printable(field_text(value))
        parents = [
            [other.row, relation]
            for name, relation in emit.parents
            for other in slots
            if other.emit.name == name and _pairs(slot, other)
        ]
        return {
            LABEL: emit.label,
            GENERATOR: generator or None,
            PROCESS: emit.process,
            PARENTS: json.dumps(parents) if parents else None,
            NAME: emit.name,
        }


def _pairs(slot: _Slot, other: _Slot) -> bool:
    """Whether another record of the row is the one meant: of the same list, the same element."""
    return slot.emit.each is None or slot.emit.each != other.emit.each or slot.place == other.place


def _views(
    slot: _Slot, row: dict[str, Any], rest: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Where the fields of a record are looked for, and what is heard with it."""
    if slot.emit.each is None:
        own = {name: value for name, value in row.items() if name in slot.emit.contents}
        return row, {**rest, **own}
    value = slot.value
    record = value if isinstance(value, dict) else {bare_name(value) or TEXT: value}
    return record, {**record, ABOVE: rest} if rest else dict(record)


def _content(
    emit: Emit, record: dict[str, Any], row: dict[str, Any]
) -> tuple[Kind, dict[str, Any]]:
    """The content of a record, by the names of its fields."""
    names = emit.contents or (TEXT,)
    if emit.each is not None and len(names) == 1 and list(record) in ([TEXT], [CHAT]):
        names = tuple(record)  # a mere text or chat, whatever the field of the others is called
    found = {n.removeprefix(f"{ABOVE}."): _find(record, row, n, above=False) for n in names}
    there = {name: value for name, value in found.items() if value is not MISSING}
    if len(names) == 1 and (not there or not isinstance(next(iter(there.values())), (list, dict))):
        name = next(iter(found))
        return "text", {name: there.get(name)} if there else _none(name)
    if not there:
        _none(" or ".join(found))
    return "structured", there


def _none(name: str) -> dict[str, Any]:
    raise DefectError(f'no field "{name}"')


def _find(record: dict[str, Any], row: dict[str, Any], name: str, *, above: bool = True) -> Any:
    """A field of a record; of its row where it says so or, with ``above``, where it has none."""
    if name.startswith(f"{ABOVE}."):
        return lookup(row, name.removeprefix(f"{ABOVE}."))
    value = lookup(record, name)
    return lookup(row, name) if value is MISSING and above else value


def _named(emit: Emit) -> Iterator[tuple[str, str]]:
    if emit.id:
        yield "id", emit.id
    if emit.lang:
        yield "lang", emit.lang
    yield from emit.attributes.items()


def _printable(text: str | None) -> str | None:
    return text and printable(text)


def reading(reader: Reader, layout: Layout, source: Input, **how: Any) -> Iterator[Batch]:
    """The batches of a file: its rows, or the records that these give where the layout says so.

    Args:
        how: ``part`` and ``original`` as for the reader.
    """
    if not layout.emit:
        return reader.read(source, layout, how.pop("part", None), **how)
    emits = [Emit.model_validate(each) for each in json.loads(layout.emit)]
    return Emitting(reader, emits).read(source, layout, original=how.get("original", False))
