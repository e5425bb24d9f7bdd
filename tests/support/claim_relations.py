"""Claims and sizes as DuckDB tables, and the resolver's answer as Python rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from uuid import UUID

import duckdb
import pyarrow as pa
from support.origin_oracle import Claim, Size

from provenance.origin.resolver import origin_sql

Record = tuple[Sequence[Claim], Size]

CLAIMS = """CREATE TABLE claims (record_id UUID, tier VARCHAR, claim VARCHAR, whole BOOLEAN,
    part_bytes BIGINT, part_chars BIGINT, part_words BIGINT,
    process VARCHAR, generator VARCHAR, generator_family VARCHAR)"""
SIZES = "CREATE TABLE sizes (record_id UUID, bytes BIGINT, chars BIGINT, words BIGINT)"


def load(records: Sequence[Record]) -> duckdb.DuckDBPyConnection:
    """A database with the tables ``claims`` and ``sizes``; the ids are the places, from 0."""
    connection = duckdb.connect(config={"threads": 1})
    said = [
        (str(UUID(int=i)), *astuple(c)) for i, (claims, _) in enumerate(records) for c in claims
    ]
    sized = [(str(UUID(int=i)), *astuple(size)) for i, (_, size) in enumerate(records)]
    for create, name, rows in ((CLAIMS, "claims", said), (SIZES, "sizes", sized)):
        connection.execute(create)
        if rows:
            columns = [pa.array(column) for column in zip(*rows, strict=True)]
            connection.register(
                "rows", pa.table(columns, names=[str(i) for i in range(len(columns))])
            )
            connection.execute(f"INSERT INTO {name} SELECT * FROM rows")
            connection.unregister("rows")
    return connection


def answers(records: Sequence[Record]) -> list[dict[str, object]]:
    """The origins of some records, in their order, all from one run of the aggregate."""
    connection = load(records)
    cursor = connection.execute(
        f"SELECT * FROM ({origin_sql('claims', 'sizes')}) ORDER BY record_id"
    )
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    connection.close()
    assert [row.pop("record_id") for row in rows] == [UUID(int=i) for i in range(len(records))]
    return rows
