"""Build the sections of the release page: budgets, composition, unknowns, sources, conflicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
from provenance.reports.render.page import PageSection
from provenance.reports.render.tables import Cells, TableColumn, missing, table

SHOWN = 200
"""Most rows of one table on the page; the JSON report lists more."""


def all_of(facts: Facts) -> Iterator[PageSection]:
    """Yield the sections in reading order; one without a body is left out."""
    yield PageSection("budgets", "Budgets", BUDGETS_LEAD, _budgets(facts.budgets))
    yield PageSection("composition", "What is in it", COMPOSITION_LEAD, _composition(facts))
    yield PageSection("models", "Which models", None, _cuts(facts, "generator", "process", "depth"))
    yield PageSection("unknown", "What is not known, and why", None, _unsettled(facts))
    yield PageSection(
        "sources", "What the sources declare", SOURCES_LEAD, _declarations(facts.declarations)
    )
    yield PageSection("conflicts", "Conflicts", CONFLICTS_LEAD, _conflicts(facts))
    yield PageSection("findings", "Findings", None, _findings(facts))
    yield PageSection("selection", "How it was assembled", None, _selection(facts))


BUDGETS_LEAD = (
    "Each bar spans the lowest and the highest possible value, because records of unknown origin "
    "may be human or synthetic. The tick is the limit; the scale runs from zero to twice the limit."
)
COMPOSITION_LEAD = (
    'Repeated records count each time. "At least" counts what evidence shows to be synthetic; '
    '"at most" adds everything of unknown origin.'
)
SOURCES_LEAD = "What the contracts of the sources state. These are claims, not measurements."
CONFLICTS_LEAD = "Records whose evidence disagrees, and the rule that decided their label."


def _table(
    title: str,
    caption: str | None,
    columns: Sequence[TableColumn],
    rows: Sequence[Cells],
    *,
    total: int | None = None,
    kind: str | None = None,
) -> Markup:
    """Build a table of at most ``SHOWN`` rows, out of ``total`` where not all rows are given."""
    shown = table(title, columns, rows[:SHOWN], caption=caption, kind=kind)
    more = (len(rows) if total is None else total) - min(len(rows), SHOWN)
    if more <= 0:
        return shown
    return join(shown, tag("p", f"and {number.count(more)} more", class_="more"))


def _budgets(budgets: Sequence[BudgetResult]) -> Markup:
    axis = tag("span", tag("span", "0"), tag("span", "limit"), tag("span", "twice"), class_="axis")
    columns = (
        TableColumn("Budget"),
        TableColumn("Verdict"),
        TableColumn(axis, "chart"),
        TableColumn("At least", "number"),
        TableColumn("At most", "number"),
        TableColumn("Limit", "number"),
        TableColumn("Why", "text"),
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
        TableColumn("Unit"),
        TableColumn("Size", "number"),
        TableColumn("Synthetic, at least", "number"),
        TableColumn("Synthetic, at most", "number"),
        TableColumn("Share, at least", "number"),
        TableColumn("Share, at most", "number"),
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
        TableColumn(wording.COLUMN[cut.by]),
        TableColumn("Records", "number"),
        TableColumn("Bytes", "number"),
        TableColumn("Synthetic bytes, at least", "number"),
        TableColumn("Synthetic bytes, at most", "number"),
        TableColumn("Composition", "chart"),
        *(TableColumn(f"{label.value.title()} records", "number") for label in _labels(cut)),
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


def _unsettled(facts: Facts) -> Markup:
    if not facts.unsettled:
        return tag("p", "Nothing: the origin of every record is known.")
    columns = (
        TableColumn("Source"),
        TableColumn("Records", "number"),
        TableColumn("Bytes", "number"),
        TableColumn("Bytes not known", "number"),
        TableColumn("Why", "text"),
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
        TableColumn("Source"),
        TableColumn("Records", "number"),
        TableColumn("Kind"),
        TableColumn("Claim", "text"),
        TableColumn("Licence", "text"),
        TableColumn("Declared by", "text"),
        TableColumn("Address", "text"),
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
        f"Texts under {SHORT_TEXT} characters. People and machines write the same short texts, so "
        "these conflicts are weak evidence."
    )
    return join(
        _conflict_table("Records in conflict", None, facts.conflicts),
        _conflict_table("Short texts in conflict", short, facts.short_conflicts),
    )


def _conflict_table(title: str, caption: str | None, conflicts: Conflicts) -> Markup | None:
    if not conflicts.total:
        return None
    columns = (
        TableColumn("Record"),
        TableColumn("Label"),
        TableColumn("Sources", "text"),
        TableColumn("Rule", "text"),
        TableColumn("File and row", "text"),
        TableColumn("Characters", "number"),
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
        TableColumn("Finding"),
        TableColumn("Severity"),
        TableColumn("Subject", "text"),
        TableColumn("Reason", "text"),
        TableColumn("Remedy", "text"),
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
    return _table("Selection", None, (TableColumn("Setting"), TableColumn("Value", "text")), rows)
