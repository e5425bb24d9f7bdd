"""Read several records from each row, as the source's contract defines them.

The records are numbered through the file. Fields of the row that belong to no record are evidence
for each of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from provenance.content.json_reader import DefectError
from provenance.errors import InputError
from provenance.io.contract.reader import Batch, Input, Kind, Reader, ReadLayout
from provenance.io.contract.record_paths import ABOVE, TooManyPathsError, printable, steps_of
from provenance.io.readers.json.json_content import MISSING, extract, lookup, parse_object
from provenance.io.readers.json.json_records import CHAT, TEXT, bare_name, to_json_bytes
from provenance.io.records.batch_builder import BatchBuilder, field_of, field_text
from provenance.model.emission import FIELD, Emit

LABEL, GENERATOR, PROCESS, PARENTS, NAME = (
    f"emit:{word}" for word in ("label", "generator", "process", "parents", "name")
)
EMITTED_FIELDS = (LABEL, GENERATOR, PROCESS, PARENTS, NAME)
"""Fields of a batch that the contract sets: claims about a record, and the JSON list of the rows
and relations of its parents.
"""

_FREE = frozenset({"json", "jsonl"})
"""Formats whose rows need not all have the same fields."""


@dataclass(slots=True)
class _Slot:
    """A record of a row, before it is checked."""

    emit: Emit
    value: Any
    row: int
    position: int
    defect: DefectError | None = None


@dataclass(slots=True)
class MultiRecordReader:
    """Reads rows with the reader of their format, and yields the records in them.

    Attributes:
        inner: the reader of the format.
        emits: what a row gives.
    """

    inner: Reader
    emits: Sequence[Emit]
    _row: int = 0
    _read: int = 0
    _collectors: dict[tuple[Kind, tuple[str, ...]], BatchBuilder] = field(default_factory=dict)

    def read(self, source: Input, layout: ReadLayout, *, original: bool = False) -> Iterator[Batch]:
        """Yield batches, each of one kind with the same content fields.

        Raises:
            InputError: the file has none of the fields.
        """
        self._row = self._read = 0
        self._collectors = {}
        rows = ReadLayout(
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

    def _heads(self, source: Input, layout: ReadLayout) -> tuple[str, ...]:
        """Return the fields of which a row needs one to have a record."""
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
        self, kind: Kind, names: tuple[str, ...], layout: ReadLayout, *, original: bool
    ) -> BatchBuilder:
        key = kind, names
        if key not in self._collectors:
            self._collectors[key] = BatchBuilder(layout, original=original)
        return self._collectors[key]

    def _refuse_row(self, layout: ReadLayout, reject: Mapping[str, Any], *, original: bool) -> None:
        self._row += 1
        reason = reject["reason"]
        known = reject["row"] is not None and not reason.startswith("file: ")
        where = self._where(reject["row"], ": ") if known else ""
        self._any(layout, original=original).reject_hashed(
            self._row, None, where + reason, reject["raw_digest"], reject["raw_bytes"]
        )

    def _where(self, number: int, then: str) -> str:
        """Name the row of the current record, where its number differs."""
        return f"row {number}{then}" if number != self._row else ""

    def _any(self, layout: ReadLayout, *, original: bool) -> BatchBuilder:
        return self._collector("text", (TEXT,), layout, original=original)

    def _emit(
        self, row: dict[str, Any], number: int, layout: ReadLayout, *, original: bool
    ) -> None:
        """Keep or refuse each record of a row."""
        slots: list[_Slot] = []
        for emit in self.emits:
            slots += self._slots(emit, row)
        if not slots:
            self._row += 1
            self._any(layout, original=original).reject(
                self._row,
                None,
                f"{self._where(number, ': ')}it gives no record",
                to_json_bytes(row),
            )
            return
        rest = self._rest(row)
        for slot in slots:
            same = number == slot.row
            where = slot.emit.name if same else f"row {number}, {slot.emit.name}"
            where += f" {slot.position + 1}: " if slot.emit.each else ": "
            try:
                self._keep(slot, slots, (row, rest), layout, original=original)
            except (DefectError, TooManyPathsError) as defect:
                raw = None if slot.defect else to_json_bytes(slot.value)
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
            problem = "no field" if listed is MISSING else "no list in field"
            self._row += 1
            yield _Slot(emit, None, self._row, 0, DefectError(f'{problem} "{emit.each}"'))
            return
        for position, value in enumerate(listed):
            self._row += 1
            yield _Slot(emit, value, self._row, position)

    def _rest(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a row that belong to no record and state nothing about one."""
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
        layout: ReadLayout,
        *,
        original: bool,
    ) -> None:
        if slot.defect:
            raise slot.defect
        row, rest = around
        record, seen = _views(slot, row, rest)
        kind, members = _content(slot.emit, record, row)
        names = tuple(members)
        content, _ = extract(members, ReadLayout(kind, names))
        claimed = self._claimed(slot, slots, record, row)
        for name, position in _named(slot.emit):
            value = _find(record, row, position)
            seen[name] = None if value is MISSING else value
        fields = [
            claimed[name]
            if name in claimed
            else _printable(field_of(seen, steps_of(name), reference=name in layout.references))
            for name in layout.fields
        ]
        collector = self._collector(kind, names, layout, original=original)
        text = to_json_bytes(members).decode() if original else None
        collector.keep(slot.row, (content, fields), text, seen, len(content))

    def _claimed(
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
    """Check whether another record is a parent: of the same list, the same element."""
    return (
        slot.emit.each is None
        or slot.emit.each != other.emit.each
        or slot.position == other.position
    )


def _views(
    slot: _Slot, row: dict[str, Any], rest: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of a record, and the fields that are evidence for it."""
    if slot.emit.each is None:
        own = {name: value for name, value in row.items() if name in slot.emit.contents}
        return row, {**rest, **own}
    value = slot.value
    record = value if isinstance(value, dict) else {bare_name(value) or TEXT: value}
    return record, {**record, ABOVE: rest} if rest else dict(record)


def _content(
    emit: Emit, record: dict[str, Any], row: dict[str, Any]
) -> tuple[Kind, dict[str, Any]]:
    """Return kind and content fields of a record."""
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
    """Look a field up in a record; or in its row by ``^.``, or with ``above`` as a fallback."""
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


def read_batches(reader: Reader, layout: ReadLayout, source: Input, **how: Any) -> Iterator[Batch]:
    """Read the batches of a file: its rows or, if the layout says so, the records in them.

    Args:
        how: ``part`` and ``original`` as for the reader.
    """
    if not layout.emit:
        return reader.read(source, layout, how.pop("part", None), **how)
    emits = [Emit.model_validate(each) for each in json.loads(layout.emit)]
    return MultiRecordReader(reader, emits).read(
        source, layout, original=how.get("original", False)
    )
