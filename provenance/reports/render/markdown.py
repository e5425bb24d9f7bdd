"""Render releases and judgements as GitHub-flavoured Markdown, for pull requests and files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from provenance.content.display import shown, visible
from provenance.model.finding import BudgetResult, Finding, Judgement
from provenance.model.origin import Label
from provenance.model.reports.facts import Breakdown, Declaration, Facts
from provenance.reports.render import chart, number, wording
from provenance.reports.render.subject import Subject

SHOWN = 50
"""Most rows of one table; a pull-request comment may hold 65,536 characters in all."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]#~:$!])")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def code(value: str) -> str:
    """Write a value from data as code, where nothing is a link, a mention or a tag.

    A pipe would end a table's cell, and dialects differ on how to escape it in a code span: such
    values become an element in which every punctuation character is a reference.

    >>> code("a`b"), code("a|b")
    ('``a`b``', '<code>a&#124;b</code>')
    """
    value = shown(value) or " "
    if "|" in value:
        return f"<code>{_PUNCTUATION.sub(_reference, value)}</code>"
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", value)), default=0))
    # A space, which is not shown, separates the fence from a backtick or space at either end.
    touching = (
        value[0] == "`"
        or value[-1] == "`"
        or (value[0] == value[-1] == " " and value.strip(" ") != "")
    )
    space = " " if touching else ""
    return f"{fence}{space}{value}{space}{fence}"


def prose(value: str) -> str:
    """Write a sentence that may quote data: no markup, no links, no mentions.

    >>> prose("<b> *x* @you")
    '&#60;b&#62; \\\\*x\\\\* @<!-- -->you'
    """
    return whole(shown(value))


def whole(value: str) -> str:
    """Write a text of any length without markup, links and mentions."""
    value = re.sub(r"[&<>|]", _reference, _SPECIAL.sub(r"\\\1", visible(value)))
    return value.replace("@", "@<!-- -->").replace("www.", "www\\.")


def _reference(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def judgement_markdown(judgement: Judgement, subject: Subject) -> str:
    """Render a comment for a pull request: the verdict, the budgets, the findings folded."""
    lines = [
        f"### {wording.outcome(judgement)}",
        "",
        _under(subject.name, subject.policy, judgement.budgets),
        "",
        *_budgets(judgement.budgets),
        *_read(judgement),
        *_findings(judgement.findings, subject),
    ]
    return "\n".join(lines) + "\n"


def _read(judgement: Judgement) -> Iterator[str]:
    """List which fields of files were judged, and what was not read."""
    if judgement.judged:
        yield ""
        yield from (f"- judged: {prose(wording.judged_fields(one))}" for one in judgement.judged)
    if judgement.unread and judgement.unread.files:
        yield ""
        yield "**Not read**"
        yield ""
        reasons = wording.unread_reasons(judgement.unread)
        yield from (f"- {prose(reason)}" for reason in reasons[:SHOWN])


def _under(name: str, policy: str, budgets: Sequence[BudgetResult]) -> str:
    return f"{code(name)} under policy {code(policy)}: {wording.tally(budgets)}."


def facts_markdown(facts: Facts) -> str:
    """Render the release report with the same numbers as the page and the JSON."""
    lines = [
        f"# Release {code(facts.release)}",
        "",
        f"**{wording.OUTCOMES[facts.verdict]}**",
        "",
        _under(facts.release, facts.policy, facts.budgets),
        "",
        f"**{wording.synthetic(facts)}** {wording.unknown(facts)}",
        "",
        "## Budgets",
        "",
        *_budgets(facts.budgets),
        "",
        "## What is in it",
        "",
        *_shares(facts),
    ]
    for cut in facts.breakdowns:
        if cut.rows:
            lines += ["", f"### {wording.HEADINGS[cut.by]}", "", wording.CAPTIONS[cut.by], ""]
            lines += _cut(cut)
    lines += ["", "## What is not known, and why", "", *_unsettled(facts)]
    lines += ["", "## What the sources declare", "", *_declarations(facts.declarations)]
    lines += ["", "## Conflicts", "", *_conflicts(facts)]
    lines += _findings(facts.findings, Subject(facts.release, facts.policy))
    lines += ["", *_footer(facts)]
    return "\n".join(lines) + "\n"


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: int, total: int | None = None
) -> Iterator[str]:
    """Write a table whose last ``right`` columns are numbers."""
    rules = ["---"] * (len(heads) - right) + ["---:"] * right
    for cells in (heads, rules, *rows[:SHOWN]):
        yield f"| {' | '.join(cells)} |"
    more = (len(rows) if total is None else total) - min(len(rows), SHOWN)
    if more > 0:
        yield ""
        yield f"and {number.count(more)} more"


def _budgets(budgets: Sequence[BudgetResult]) -> Iterator[str]:
    heads = ("Verdict", "Budget", "0 to twice the limit", "Why", "At least", "At most", "Limit")
    rows = []
    for result in wording.worst_first(budgets):
        numbers = number.figures(result)
        group = wording.group(result)
        rows.append(
            (
                f"**{wording.VERDICTS[result.verdict]}**",
                code(result.name)
                + (f" {code(group)}" if group else "")
                + f" {wording.measure(result)}",
                code(chart.budget_line(result)),
                prose(result.reason),
                *numbers,
            )
        )
    return _table(heads, rows, right=3)


def _findings(findings: Sequence[Finding], subject: Subject) -> Iterator[str]:
    if not findings:
        return
    yield ""
    yield "<details>"
    yield f"<summary>Findings: {number.count(len(findings))}</summary>"
    yield ""
    for found in findings[:SHOWN]:
        known = ", accepted before" if subject.accepts(found.fingerprint) else ""
        yield (
            f"- **{found.severity}**{known} {code(found.code)} {code(found.subject)}: "
            f"{prose(wording.advice(found))}"
        )
    if len(findings) > SHOWN:
        yield f"- and {number.count(len(findings) - SHOWN)} more"
    yield ""
    yield "</details>"


def _shares(facts: Facts) -> Iterator[str]:
    heads = ("Unit", "Size", "Synthetic, at least", "Synthetic, at most", "At least", "At most")
    rows = [
        (
            share.unit,
            number.count(share.size),
            number.count(share.lo),
            number.count(share.hi),
            number.at_least(share.lo, share.size),
            number.at_most(share.hi, share.size),
        )
        for share in facts.shares
    ]
    return _table(heads, rows, right=5)


def _cut(cut: Breakdown) -> Iterator[str]:
    labels = () if cut.by == "label" else tuple(Label)
    sizes = ("Records", "Bytes", "Synthetic bytes, at least", "Synthetic bytes, at most")
    heads = (
        wording.COLUMN[cut.by],
        *sizes,
        *(f"{label.value.title()} records" for label in labels),
    )
    rows = []
    for row in cut.rows:
        name = wording.key(row, cut.by)
        numbers = (row.records, row.bytes, row.lo_bytes, row.hi_bytes)
        counts = (row.labels[label] for label in labels)
        rows.append(
            (
                f"*{name}*" if row.key is None else code(name),
                *map(number.count, (*numbers, *counts)),
            )
        )
    return _table(heads, rows, right=4 + len(labels), total=cut.groups)


def _unsettled(facts: Facts) -> Iterator[str]:
    if not facts.unsettled:
        yield "Nothing: the origin of every record is known."
        return
    rows = [
        (
            code(part.source),
            prose(part.reason),
            *map(number.count, (part.records, part.bytes, part.open_bytes)),
        )
        for part in facts.unsettled
    ]
    heads = ("Source", "Why", "Records", "Bytes", "Bytes not known")
    yield from _table(heads, rows, right=3, total=facts.unsettled_sources)


def _declarations(declarations: Sequence[Declaration]) -> Iterator[str]:
    heads = ("Source", "Kind", "Claim", "Licence", "Declared by", "Address", "Records")
    return _table(heads, [_declaration(one) for one in declarations], right=1)


def _declaration(declaration: Declaration) -> tuple[str, ...]:
    source, records = code(declaration.source), number.count(declaration.records)
    contract = declaration.contract
    if contract is None:
        return (source, "*no contract*", "", "", "", "", records)
    claim = contract.label.value
    if contract.generator:
        claim += f" by {code(contract.generator)}"
    if contract.process:
        claim += f", {contract.process}"
    stated = (contract.licence, contract.declared_by, contract.url)
    return (
        source,
        contract.kind,
        claim,
        *(code(value) if value else "*not stated*" for value in stated),
        records,
    )


def _conflicts(facts: Facts) -> Iterator[str]:
    long, short = facts.conflicts, facts.short_conflicts
    yield (
        f"{number.count(long.total)} records in conflict, and {number.count(short.total)} short "
        "texts, which are weak evidence."
    )
    if not long.total:
        return
    yield ""
    rows = [
        (
            code(conflict.record_id),
            conflict.label.value,
            code(", ".join(conflict.sources)),
            code(conflict.rule) if conflict.rule else "*not stated*",
            number.count(conflict.chars),
        )
        for conflict in long.listed
    ]
    heads = ("Record", "Label", "Sources", "Rule", "Characters")
    yield from _table(heads, rows, right=1, total=long.total)


def _footer(facts: Facts) -> Iterator[str]:
    asked = facts.selection
    yield (
        f"Seed {asked.seed}; fitted to the budgets: {'yes' if asked.fit else 'no'}; sealed "
        f"{facts.created_at.isoformat()} by prov {code(facts.tool_version)}."
    )
    yield ""
    command = code(f"prov verify {facts.release}")
    yield f"Body digest {code(facts.body_digest)}; check it with {command}."
