"""The facts of a release: sums over the members relation, beside its manifest and contracts."""

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
"""Where a dimension is not named like its column."""

MADE_BY_MACHINES: frozenset[Dimension] = frozenset({"generator", "process"})
"""Dimensions that human records have no part in: there, null means "not known"."""

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
    """What a report of a release says, in exact integers.

    Args:
        connection: where the relations are known.
        members: the members relation of the release (docs/architecture.md), quoted.
        manifest: the release's own, as sealed.
        sources: contracts of its sources; those of other sources are passed over.
        conflicts: a relation ``(record_id UUID, sources VARCHAR[], rule VARCHAR)``, quoted, that
            says between which sources a conflict is and which rule decided.
        findings: what an audit has to add.

    Raises:
        IntegrityError: the members are not those that the manifest was sealed over.
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


def _times_weight(column: str) -> str:
    """An exact sum with repeats counted; the product is taken in 128 bits."""
    return f"coalesce(sum(weight::HUGEINT * {column}), 0)"


def _totals(connection: Connection, members: str) -> tuple[int, tuple[Share, ...]]:
    """Members, and the share in every unit that all of them were measured in."""
    measured = [
        f"count({unit}) = count(*), {_times_weight(f'lo_{unit}')}, "
        f"{_times_weight(f'hi_{unit}')}, {_times_weight(unit)}"
        for unit in UNITS
    ]
    row = connection.execute(f"SELECT count(*), {', '.join(measured)} FROM {members}").fetchone()
    return row[0], tuple(_shares(row[1:]))


def _shares(numbers: Sequence[Any]) -> Iterator[Share]:
    for place, unit in enumerate(UNITS):
        complete, lo, hi, size = numbers[4 * place : 4 * place + 4]
        if complete:
            yield Share(unit=unit, lo=lo, hi=hi, size=size)


def _check(manifest: Manifest, records: int, shares: tuple[Share, ...]) -> None:
    """Verdicts come from the manifest and numbers from the members: they must be of one set."""
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
    """Every cut, in one pass over the members."""
    named = ", ".join(
        f"{COLUMNS.get(by, by)}::VARCHAR AS {quote_identifier(by)}" for by in DIMENSIONS
    )
    sizes = [*UNITS[:4], "lo_bytes", "hi_bytes"]
    labels = [f"coalesce(sum(weight) FILTER (WHERE made = '{label}'), 0)" for label in Label]
    sums = ", ".join([f"{_times_weight(name)} AS {name}" for name in sizes] + labels)
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
    """GROUPING_ID sets a bit for each dimension that a row was not grouped by, the last lowest."""
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
        SELECT source, sum(weight), {_times_weight("bytes")} AS size,
               {_times_weight("(hi_bytes - lo_bytes)")} AS open
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
