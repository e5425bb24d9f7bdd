"""Sum up the members of a release, and put its manifest and source contracts with the sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from provenance.errors import IntegrityError
from provenance.model.base import Connection, quote_identifier
from provenance.model.finding import Finding
from provenance.model.manifest import Manifest
from provenance.model.origin import UNITS, Label
from provenance.model.reports.facts import (
    LISTED,
    SHORT_TEXT,
    Breakdown,
    BreakdownRow,
    Conflict,
    Conflicts,
    Declaration,
    Dimension,
    Facts,
    Share,
    Unsettled,
)
from provenance.model.source import Source

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

COLUMNS: dict[Dimension, str] = {"language": "lang"}
"""Column of a dimension, where its name differs."""

MADE_BY_MACHINES: frozenset[Dimension] = frozenset({"generator", "process"})
"""Dimensions of machine-made records; human records are left out, null means "not known"."""

_SHORT = f"kind <> 'binary' AND chars < {SHORT_TEXT}"


def facts(
    connection: Connection,
    members: str,
    *,
    manifest: Manifest,
    sources: Sequence[Source] = (),
    conflicts: str | None = None,
    findings: Sequence[Finding] = (),
) -> Facts:
    """Compute the facts that a report of a release shows, in exact integers.

    Args:
        connection: where the relations are known.
        members: the members relation of the release (docs/architecture.md), quoted.
        manifest: the sealed manifest of the release.
        sources: contracts of its sources; contracts of other sources are ignored.
        conflicts: a relation ``(record_id UUID, sources VARCHAR[], rule VARCHAR)``, quoted: the
            sources of each conflict and the rule that decided it.
        findings: of an audit, to be listed.

    Raises:
        IntegrityError: the members differ from those that the manifest was sealed over.
    """
    contracts = {source.name: source for source in sources}
    body = manifest.body
    records, shares = _totals(connection, members)
    _check(manifest, records, shares)
    unsettled = _unsettled(connection, members, contracts)
    return Facts(
        release=body.release,
        created_at=manifest.created_at,
        tool_version=manifest.tool_version,
        policy=body.policy.policy,
        policy_unit=body.policy.unit,
        verdict=body.verdict,
        records=records,
        totals={share.unit: share.size for share in shares},
        shares=shares,
        breakdowns=_breakdowns(connection, members),
        unsettled=unsettled[:LISTED],
        unsettled_sources=len(unsettled),
        budgets=body.budgets,
        declarations=_declarations(connection, members, contracts),
        conflicts=_conflicts(connection, members, conflicts, short=False),
        short_conflicts=_conflicts(connection, members, conflicts, short=True),
        findings=tuple(findings),
        selection=body.selection,
        body_digest=manifest.body_digest,
    )


def weighted_sum(column: str) -> str:
    """Write SQL for an exact sum with repeats counted, in 128 bits."""
    return f"coalesce(sum(weight::HUGEINT * {column}), 0)"


def _totals(connection: Connection, members: str) -> tuple[int, tuple[Share, ...]]:
    """Count the members, and sum up each unit that all of them were measured in."""
    measured = [
        f"count({unit}) = count(*), {weighted_sum(f'lo_{unit}')}, "
        f"{weighted_sum(f'hi_{unit}')}, {weighted_sum(unit)}"
        for unit in UNITS
    ]
    row = connection.execute(f"SELECT count(*), {', '.join(measured)} FROM {members}").fetchone()
    return row[0], tuple(_shares(row[1:]))


def _shares(numbers: Sequence[Any]) -> Iterator[Share]:
    for at, unit in enumerate(UNITS):
        complete, lo, hi, size = numbers[4 * at : 4 * at + 4]
        if complete:
            yield Share(unit=unit, lo=lo, hi=hi, size=size)


def _check(manifest: Manifest, records: int, shares: tuple[Share, ...]) -> None:
    """Check that manifest and members are of one set: one has the verdicts, one the numbers."""
    found: dict[str, int] = {share.unit: share.size for share in shares}
    differing = [
        f"{found[unit]:,} {unit} instead of {sealed:,}"
        for unit, sealed in manifest.body.totals.items()
        if unit in found and found[unit] != sealed
    ]
    if records != manifest.body.records:
        differing.insert(0, f"{records:,} members instead of {manifest.body.records:,}")
    if differing:
        raise IntegrityError(
            f"release {manifest.body.release} holds {', '.join(differing)}",
            hint=f"run `prov verify {manifest.body.release}` to see which part was changed",
        )


def _breakdowns(connection: Connection, members: str) -> tuple[Breakdown, ...]:
    """Compute all breakdowns in one pass over the members."""
    named = ", ".join(
        f"{COLUMNS.get(by, by)}::VARCHAR AS {quote_identifier(by)}" for by in DIMENSIONS
    )
    sizes = [*UNITS[:4], "lo_bytes", "hi_bytes"]
    labels = [f"coalesce(sum(weight) FILTER (WHERE made = '{label}'), 0)" for label in Label]
    sums = ", ".join([f"{weighted_sum(name)} AS {name}" for name in sizes] + labels)
    keys = ", ".join(map(quote_identifier, DIMENSIONS))
    sets = ", ".join(
        f"({quote_identifier(by)}, human)"
        if by in MADE_BY_MACHINES
        else f"({quote_identifier(by)})"
        for by in DIMENSIONS
    )
    measures = ", ".join(["weight", *sizes])
    rows = connection.execute(
        f"""
        WITH named AS (
            SELECT {named}, label AS made, label = 'human' AS human, {measures} FROM {members}
        ), cut AS (
            SELECT GROUPING_ID({keys}) AS dimension, coalesce({keys}) AS key, {sums}
            FROM named GROUP BY GROUPING SETS ({sets}) HAVING human IS NOT TRUE
        )
        SELECT *, count(*) OVER (PARTITION BY dimension) FROM cut
        QUALIFY row_number() OVER (PARTITION BY dimension ORDER BY bytes DESC, key) <= {LISTED}
        ORDER BY bytes DESC, key
        """
    ).fetchall()
    found: dict[Dimension, list[tuple[Any, ...]]] = {by: [] for by in DIMENSIONS}
    for dimension, *row in rows:
        found[_grouped_by(dimension)].append(tuple(row))
    return tuple(_breakdown(by, found[by]) for by in DIMENSIONS)


def _grouped_by(bits: int) -> Dimension:
    """Read the dimension from GROUPING_ID, which has a bit for each one not grouped by."""
    everything = (1 << len(DIMENSIONS)) - 1
    return DIMENSIONS[len(DIMENSIONS) - (everything ^ bits).bit_length()]


def _breakdown(by: Dimension, found: list[tuple[Any, ...]]) -> Breakdown:
    rows = [
        BreakdownRow(
            key=key,
            records=records,
            bytes=size,
            chars=chars,
            words=words,
            lo_bytes=lo,
            hi_bytes=hi,
            labels=dict(zip(Label, labels, strict=True)),
        )
        for key, records, size, chars, words, lo, hi, *labels, _ in found
    ]
    if by == "label":
        rows.sort(key=lambda row: list(Label).index(Label(row.key or "unknown")))
    if by == "depth":
        rows.sort(key=lambda row: (row.key is None, int(row.key or 0)))
    return Breakdown(by=by, rows=tuple(rows), groups=found[0][-1] if found else 0)


def _unsettled(
    connection: Connection, members: str, contracts: dict[str, Source]
) -> tuple[Unsettled, ...]:
    rows = connection.execute(
        f"""
        SELECT source, sum(weight), {weighted_sum("bytes")} AS size,
               {weighted_sum("(hi_bytes - lo_bytes)")} AS open
        FROM {members} WHERE label = 'unknown' OR lo_bytes < hi_bytes
        GROUP BY source ORDER BY open DESC, size DESC, source
        """
    ).fetchall()
    return tuple(
        Unsettled(
            source=source,
            records=records,
            bytes=size,
            open_bytes=open_bytes,
            reason=_why(contracts.get(source)),
        )
        for source, records, size, open_bytes in rows
    )


def _why(contract: Source | None) -> str:
    if contract is None:
        return "the source has no contract, and no evidence in its records settles their origin"
    if contract.label == Label.UNKNOWN:
        return "its contract claims no origin, and no evidence in these records settles it"
    if contract.label == Label.MIXED:
        return "its contract says mixed, and nothing says how much of each record is synthetic"
    return f"its contract says {contract.label}, but evidence about these records disagrees"


def _declarations(
    connection: Connection, members: str, contracts: dict[str, Source]
) -> tuple[Declaration, ...]:
    rows = connection.execute(
        f"SELECT source, sum(weight) FROM {members} GROUP BY source ORDER BY source"
    ).fetchall()
    return tuple(
        Declaration(source=source, records=records, contract=contracts.get(source))
        for source, records in rows
    )


def _conflicts(
    connection: Connection, members: str, conflicts: str | None, *, short: bool
) -> Conflicts:
    where = f"conflict AND ({_SHORT}) IS {'TRUE' if short else 'NOT TRUE'}"
    total = connection.execute(f"SELECT count(*) FROM {members} WHERE {where}").fetchone()[0]
    if conflicts is None:
        known = "SELECT NULL::UUID AS record_id, NULL::VARCHAR[] AS sources, NULL::VARCHAR AS rule"
    else:
        known = f"SELECT record_id, sources, rule FROM {conflicts}"
    rows = connection.execute(
        f"""
        SELECT member.record_id::VARCHAR, digest, label,
               list_sort(coalesce(known.sources, [source])), known.rule, uri, row,
                   coalesce(chars, 0)
        FROM (SELECT * FROM {members} WHERE {where} ORDER BY digest LIMIT {LISTED}) AS member
        LEFT JOIN ({known}) AS known ON known.record_id = member.record_id
        ORDER BY digest
        """
    ).fetchall()
    names = ("record_id", "digest", "label", "sources", "rule", "uri", "row", "chars")
    return Conflicts(
        total=total,
        listed=tuple(Conflict(**dict(zip(names, row, strict=True))) for row in rows),
    )
