"""The sections of the HTML page: budgets, composition, open questions, sources, conflicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from provenance.model.finding import BudgetResult
from provenance.model.origin import Label
from provenance.model.reports.facts import (
    SHORT_TEXT,
    Breakdown,
    BreakdownRow,
    Conflict,
    Conflicts,
    Declaration,
    Facts,
    Share,
)
from provenance.reports.render import chart, number, wording
from provenance.reports.render.markup import join, tag

SHOWN = 200
"""Most rows of one table on the page; the JSON report holds more."""


class Section(NamedTuple):
    """A part of the page, with its name in the table of contents."""

    anchor: str
    title: str
    lead: str | None
    body: Markup


class Column(NamedTuple):
    """A column's heading, and the class of its cells."""

    title: str | Markup
    kind: str = ""


def all_of(facts: Facts) -> Iterator[Section]:
    """The sections in reading order; one without a body has nothing to say."""
    yield Section("budgets", "Budgets", BUDGETS_LEAD, _budgets(facts.budgets))
    yield Section("composition", "What is in it", COMPOSITION_LEAD, _composition(facts))
    yield Section("models", "Which models", None, _cuts(facts, "generator", "process", "depth"))
    yield Section("unknown", "What is not known, and why", None, _unsettled(facts))
    yield Section("sources", "Who declared what", SOURCES_LEAD, _declarations(facts.declarations))
    yield Section("conflicts", "Conflicts", CONFLICTS_LEAD, _conflicts(facts))
    yield Section("findings", "Findings", None, _findings(facts))
    yield Section("selection", "How it was put together", None, _selection(facts))


BUDGETS_LEAD = (
    "Each bar shows the least and the most that a budget's part of the set may come to, because "
    "records of unknown origin may be either. The tick is the limit; the scale runs from nothing "
    "to twice the limit."
)
COMPOSITION_LEAD = (
    "Records that the set repeats count each time. What is synthetic at least rests on evidence; "
    "at most adds everything whose origin is not known."
)
SOURCES_LEAD = "What the contracts of the sources say. These are claims, not measurements."
CONFLICTS_LEAD = "Records about which the evidence disagrees, and the rule that decided."


def _table(
    title: str,
    caption: str | None,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str | Markup]],
    *,
    total: int | None = None,
    kind: str | None = None,
) -> Markup:
    """A table whose first cell of each row is its heading, cut off at ``SHOWN`` rows."""
    head = tag(
        "tr", *(tag("th", name, scope="col", class_=style or None) for name, style in columns)
    )
    body = (table_row(columns, row) for row in rows[:SHOWN])
    more = (len(rows) if total is None else total) - min(len(rows), SHOWN)
    return join(
        tag(
            "div",
            tag(
                "table",
                tag("caption", tag("strong", title), caption),
                tag("thead", head),
                tag("tbody", *body),
                class_=kind,
            ),
            class_="scroll",
            role="region",
            aria_label=title,
            tabindex="0",
        ),
        tag("p", f"and {number.count(more)} more", class_="more") if more > 0 else None,
    )


def table_row(columns: Sequence[Column], row: Sequence[str | Markup]) -> Markup:
    """A row whose first cell is its heading."""
    cells = [tag("th", row[0], scope="row")]
    for (name, kind), value in zip(columns[1:], row[1:], strict=True):
        label = None if isinstance(name, Markup) else name
        quiet = " zero" if value == "0" else ""
        cells.append(tag("td", value, class_=f"{kind}{quiet}".strip() or None, data_label=label))
    return tag("tr", *cells)


def _budgets(budgets: Sequence[BudgetResult]) -> Markup:
    axis = tag("span", tag("span", "0"), tag("span", "limit"), tag("span", "twice"), class_="axis")
    columns = (
        Column("Budget"),
        Column("Verdict"),
        Column(axis, "chart"),
        Column("At least", "number"),
        Column("At most", "number"),
        Column("Limit", "number"),
        Column("Why", "text"),
    )
    rows = [_budget(result) for result in wording.worst_first(budgets)]
    return _table("Verdict of each budget", None, columns, rows, kind="budgets stack")


def _budget(result: BudgetResult) -> tuple[str | Markup, ...]:
    numbers = number.figures(result)
    group = wording.group(result)
    return (
        join(
            result.name,
            tag("span", group, class_="detail") if group else None,
            tag(
                "span",
                wording.measure(result),
                class_="detail",
            ),
        ),
        tag("span", wording.VERDICTS[result.verdict], class_=f"verdict {result.verdict.value}"),
        chart.budget_bar(result),
        numbers.lo,
        numbers.hi,
        numbers.limit,
        result.reason,
    )


def _composition(facts: Facts) -> Markup:
    columns = (
        Column("Unit"),
        Column("Size", "number"),
        Column("Synthetic, at least", "number"),
        Column("Synthetic, at most", "number"),
        Column("Share, at least", "number"),
        Column("Share, at most", "number"),
    )
    table = _table("The whole set", None, columns, [_share(share) for share in facts.shares])
    return join(table, _cuts(facts, "source", "label", "language", "split", "licence"))


def _share(share: Share) -> tuple[str, ...]:
    return (
        share.unit,
        number.count(share.size),
        number.count(share.lo),
        number.count(share.hi),
        number.at_least(share.lo, share.size),
        number.at_most(share.hi, share.size),
    )


def _cuts(facts: Facts, *dimensions: str) -> Markup:
    cuts = (cut for cut in facts.breakdowns if cut.by in dimensions and cut.rows)
    return join(*(_cut(cut) for cut in sorted(cuts, key=lambda cut: dimensions.index(cut.by))))


def _cut(cut: Breakdown) -> Markup:
    columns = (
        Column(wording.COLUMN[cut.by]),
        Column("Records", "number"),
        Column("Bytes", "number"),
        Column("Synthetic bytes, at least", "number"),
        Column("Synthetic bytes, at most", "number"),
        Column("Composition", "chart"),
        *(Column(f"{label.value.title()} records", "number") for label in _labels(cut)),
    )
    rows = [_cut_row(cut, row) for row in cut.rows]
    title, caption = wording.HEADINGS[cut.by], wording.CAPTIONS[cut.by]
    return _table(title, caption, columns, rows, total=cut.groups)


def _cut_row(cut: Breakdown, row: BreakdownRow) -> tuple[str | Markup, ...]:
    name = wording.key(row, cut.by)
    labels = (number.count(row.labels[label]) for label in _labels(cut))
    return (
        missing(name) if row.key is None else name,
        number.count(row.records),
        number.count(row.bytes),
        number.count(row.lo_bytes),
        number.count(row.hi_bytes),
        chart.row_bar(row),
        *labels,
    )


def _labels(cut: Breakdown) -> Sequence[Label]:
    return () if cut.by == "label" else tuple(Label)


def missing(said: str) -> Markup:
    """A word in the place of a value that is not there."""
    return tag("span", said, class_="none")


def _unsettled(facts: Facts) -> Markup:
    if not facts.unsettled:
        return tag("p", "Nothing: the evidence settles the origin of every record.")
    columns = (
        Column("Source"),
        Column("Records", "number"),
        Column("Bytes", "number"),
        Column("Bytes not known", "number"),
        Column("Why", "text"),
    )
    rows = [
        (
            part.source,
            number.count(part.records),
            number.count(part.bytes),
            number.count(part.open_bytes),
            part.reason,
        )
        for part in facts.unsettled
    ]
    total = facts.unsettled_sources
    return _table("Open questions", "The largest first.", columns, rows, total=total)


def _declarations(declarations: Sequence[Declaration]) -> Markup:
    columns = (
        Column("Source"),
        Column("Records", "number"),
        Column("Kind"),
        Column("Claim", "text"),
        Column("Licence", "text"),
        Column("Declared by", "text"),
        Column("Address", "text"),
    )
    return _table("Contracts", None, columns, [_declaration(one) for one in declarations])


def _declaration(declaration: Declaration) -> tuple[str | Markup, ...]:
    name, records = declaration.source, number.count(declaration.records)
    contract = declaration.contract
    if contract is None:
        return (name, records, missing("no contract"), "", "", "", "")
    unstated = missing("not stated")
    made = [f"by {contract.generator}" if contract.generator else None, contract.process]
    return (
        name,
        records,
        contract.kind,
        join(
            contract.label.value,
            *(tag("span", part, class_="detail") for part in made if part is not None),
        ),
        contract.licence or unstated,
        contract.declared_by or unstated,
        contract.url or unstated,
    )


def _conflicts(facts: Facts) -> Markup:
    if not facts.conflicts.total and not facts.short_conflicts.total:
        return tag("p", "None.")
    short = (
        f"Texts under {SHORT_TEXT} characters. The same few words are written by people and by "
        "machines, so these say little."
    )
    return join(
        _conflict_table("Records in conflict", None, facts.conflicts),
        _conflict_table("Short texts in conflict", short, facts.short_conflicts),
    )


def _conflict_table(title: str, caption: str | None, conflicts: Conflicts) -> Markup | None:
    if not conflicts.total:
        return None
    columns = (
        Column("Record"),
        Column("Label"),
        Column("Sources", "text"),
        Column("Rule", "text"),
        Column("Place", "text"),
        Column("Characters", "number"),
    )
    rows = [_conflict(conflict) for conflict in conflicts.listed]
    counted = f"{number.count(conflicts.total)} in all. {caption or ''}".rstrip()
    return _table(title, counted, columns, rows, total=conflicts.total)


def _conflict(conflict: Conflict) -> tuple[str | Markup, ...]:
    return (
        tag("code", conflict.record_id),
        conflict.label.value,
        ", ".join(conflict.sources),
        conflict.rule or missing("not stated"),
        f"{conflict.uri}, row {number.count(conflict.row)}",
        number.count(conflict.chars),
    )


def _findings(facts: Facts) -> Markup:
    if not facts.findings:
        return Markup("")
    columns = (
        Column("Finding"),
        Column("Severity"),
        Column("Subject", "text"),
        Column("Reason", "text"),
        Column("Remedy", "text"),
    )
    rows = [
        (tag("code", found.code), found.severity, found.subject, found.reason, found.remedy)
        for found in facts.findings
    ]
    return _table("What needs attention", None, columns, rows)


def _selection(facts: Facts) -> Markup:
    asked = facts.selection
    weights = (f"{source}: {weight} times" for source, weight in sorted(asked.weights.items()))
    splits = (f"{name} {part}" for name, part in asked.splits.items())
    rows: list[tuple[str | Markup, ...]] = [
        ("Sources", ", ".join(asked.sources) or "all"),
        ("Condition", tag("code", asked.where) if asked.where else "none"),
        ("Weights", ", ".join(weights) or "each record once"),
        ("Splits", f"{', '.join(splits)}, by {asked.split_by}" if asked.splits else "none"),
        ("Fitted to the budgets", "yes" if asked.fit else "no"),
        ("Seed", str(asked.seed)),
    ]
    return _table("Selection", None, (Column("Setting"), Column("Value", "text")), rows)
