"""Turn a filled form into a report for people: a line for each field, a table for each list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from provenance.model.base import Contract
from provenance.model.origin import Label
from provenance.model.reports.disclosure import Disclosure, Line, Scalar, Section, Table
from provenance.reports.compliance.fill import Filled, value_at
from provenance.reports.compliance.form import FormSection, Item


def disclosure(filled: Filled) -> Disclosure:
    """Build the report, independent of the layout that it is printed in."""
    evidence = filled.evidence
    signed = (_signature(one.by, one.on) for one in filled.attestations.values())
    return Disclosure(
        report=filled.form.report,
        title=filled.form.title,
        law=filled.form.law,
        release=evidence.release,
        created_at=evidence.created_at,
        tool_version=evidence.tool_version,
        body_digest=evidence.body_digest,
        records=evidence.records,
        sources=len(evidence.sources),
        share=evidence.share("bytes"),
        unknown_records=evidence.labels[Label.UNKNOWN],
        sections=tuple(_section(filled, part) for part in filled.form.parts),
        warnings=filled.warnings,
        asked=filled.asked,
        missing=len(filled.missing),
        attested=tuple(dict.fromkeys(signed)),
    )


def _signature(by: str | None, on: date | None) -> str:
    return f"{by or 'somebody who gives no name'}{f', {on}' if on else ''}"


def _section(filled: Filled, part: FormSection) -> Section:
    lines = (_line(filled, item) for item in part.items if _shown(filled, item))
    return Section(number=part.number, title=part.title, lines=tuple(lines))


def _shown(filled: Filled, item: Item) -> bool:
    """Whether to print a field: not an optional one that is empty, nor one that does not apply."""
    state = filled.states[item.id]
    value = state in {"not provided", "ledger"} and value_at(filled.content, item.path or "")
    if item.optional and value in (None, (), []):
        return False
    return not (state == "not applicable" and item.when is None)


def _line(filled: Filled, item: Item) -> Line:
    state = filled.states[item.id]
    line = Line(id=item.id, label=item.label, status=state, yes_no=item.kind == "yes-no")
    if state == "out of scope":
        return line.model_copy(update={"note": item.reason})
    if state == "not applicable":
        return line
    if state == "not provided":
        return line.model_copy(update={"note": f"to be answered by: {item.who}"})
    value = value_at(filled.content, item.path or "")
    if isinstance(value, list | tuple) and any(isinstance(one, Contract | dict) for one in value):
        return line.model_copy(update={"table": _table(value)})
    signed = filled.attestations.get(item.id)
    return line.model_copy(
        update={
            "value": tuple(value) if isinstance(value, list) else value,
            "by": _signature(signed.by, signed.on) if signed else None,
        }
    )


def _table(rows: Sequence[Contract | Mapping[str, Any]]) -> Table:
    """Build a table with a column for each member that any row has."""
    plain = [row.model_dump() if isinstance(row, Contract) else dict(row) for row in rows]
    names = [name for name in plain[0] if any(row[name] is not None for row in plain)]
    return Table(
        columns=tuple(_heading(name) for name in names),
        rows=tuple(tuple(_scalar(row[name]) for name in names) for row in plain),
    )


def _heading(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _scalar(value: Any) -> Scalar:
    return value if value is None or isinstance(value, bool | int) else str(value)
