"""Choose records of each stratum in a seeded random order, and list those next to the cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from provenance.model.base import Connection, quote_identifier

_STRATA = "SELECT unnest(CAST(? AS INTEGER[])) AS stratum"
_COUNTS = f"{_STRATA}, unnest(CAST(? AS BIGINT[])) AS taken"


@dataclass(frozen=True, slots=True)
class CutRecord:
    """One record next to the cut of its stratum, and whether it is taken."""

    stratum: int
    record_id: Any
    sums: tuple[int, ...]
    taken: bool


def order(
    connection: Connection, marked: str, strata: Sequence[int], seed: int, *, sized: bool
) -> None:
    """Make ``<marked>_order``: the records of some strata by digest under the seed.

    ``place`` counts them from 1; ``upto``, where records have sizes, sums the size up to each. The
    order is that of MD5 over digest and seed: the same on every machine, and as good as random.
    """
    upto = "sum(greatest(m0, 1)) OVER later" if sized else "row_number() OVER later"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {quote_identifier(f'{marked}_order')} AS "
        f"SELECT *, row_number() OVER later AS place, {upto} AS upto "
        f"FROM {quote_identifier(marked)} SEMI JOIN ({_STRATA}) USING (stratum) "
        "WINDOW later AS (PARTITION BY stratum ORDER BY "
        f"md5_number(CAST(record_id AS VARCHAR) || ':{int(seed)}'), record_id "
        "ROWS UNBOUNDED PRECEDING)",
        [list(strata)],
    )


def cut(
    connection: Connection, marked: str, targets: Sequence[tuple[int, int]], measures: int
) -> dict[int, tuple[int, tuple[int, ...]]]:
    """By stratum, how many of its first records come to no more than its target, and their sums."""
    sums = "".join(f", sum(m{at})" for at in range(measures))
    rows = connection.execute(
        f"SELECT stratum, count(*){sums} FROM {quote_identifier(f'{marked}_order')} o "
        f"JOIN ({_STRATA}, unnest(CAST(? AS HUGEINT[])) AS target) USING (stratum) "
        "WHERE upto <= target GROUP BY stratum",
        [[number for number, _ in targets], [target for _, target in targets]],
    ).fetchall()
    return {row[0]: (row[1], tuple(map(int, row[2:]))) for row in rows}


def records_at_cut(
    connection: Connection,
    marked: str,
    counts: Sequence[tuple[int, int]],
    measures: int,
    width: int,
) -> tuple[CutRecord, ...]:
    """The last records before the cuts and the first after them, up to ``width`` on each side."""
    sums = "".join(f", m{at}" for at in range(measures))
    rows = connection.execute(
        f"SELECT stratum, record_id, place <= taken{sums} "
        f"FROM {quote_identifier(f'{marked}_order')} "
        f"JOIN ({_COUNTS}) USING (stratum) "
        f"WHERE place > taken - {int(width)} AND place <= taken + {int(width)} "
        "ORDER BY stratum, place",
        [[number for number, _ in counts], [taken for _, taken in counts]],
    ).fetchall()
    return tuple(CutRecord(row[0], row[1], tuple(map(int, row[3:])), row[2]) for row in rows)


def take(
    connection: Connection,
    marked: str,
    into: str,
    counts: Sequence[tuple[int, int]],
    whole: Sequence[int],
) -> None:
    """Put ids into a table: of strata that are taken whole, and first records of the others."""
    connection.execute(
        f"INSERT INTO {quote_identifier(into)} "
        f"SELECT record_id FROM {quote_identifier(marked)} SEMI JOIN ({_STRATA}) USING (stratum) "
        f"UNION ALL SELECT record_id FROM {quote_identifier(f'{marked}_order')} "
        f"JOIN ({_COUNTS}) USING (stratum) WHERE place <= taken",
        [list(whole), [number for number, _ in counts], [taken for _, taken in counts]],
    )


def largest_size(connection: Connection, marked: str) -> int:
    """The size of the largest record."""
    query = f"SELECT coalesce(max(m0), 0) FROM {quote_identifier(marked)}"
    return int(connection.execute(query).fetchone()[0])


def flip(connection: Connection, into: str, changed: Sequence[CutRecord]) -> None:
    """Flip records in the table of ids: add those not taken, and remove those taken."""
    name = quote_identifier(into)
    left = [str(record.record_id) for record in changed if record.taken]
    added = [str(record.record_id) for record in changed if not record.taken]
    connection.execute(
        f"DELETE FROM {name} WHERE record_id IN (SELECT unnest(CAST(? AS UUID[])))", [left]
    )
    connection.execute(f"INSERT INTO {name} SELECT unnest(CAST(? AS UUID[]))", [added])
