"""Nodes, edges, steps on a path, and the connection that the rest of the room works on."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from provenance.model.base import Connection, quote_identifier, quote_literal
from provenance.model.edge import NodeKind

FEW_WORDS = 200
"""Different words in a column up to which they are kept as numbers of one byte."""


class Relations(Connection, Protocol):
    """A DuckDB connection that SQL is run on and that Arrow tables can be lent to."""

    def register(self, view_name: str, python_object: object) -> object: ...
    def unregister(self, view_name: str) -> object: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One edge on a path."""

    child: uuid.UUID
    parent: uuid.UUID
    relation: str
    process: str | None = None
    activity: str | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """All edges twice, as SQL text of two relations: ``up`` by child, ``down`` by parent.

    Any relation will do for the answer; two sorted tables make the cost that of the edges touched.
    """

    up: str
    down: str


def node_id(kind: NodeKind, name: str) -> uuid.UUID:
    """The id by which a source, a release or a model stands in the graph.

    >>> node_id("model", "ours-7b")
    UUID('203c9967-2c40-619b-4567-d9a43f9ae865')
    """
    text = b"node-1\0" + kind.encode() + b"\0" + name.encode()
    return uuid.UUID(bytes=hashlib.sha256(text).digest()[:16])


def index_edges(connection: Relations, edges: str, into: str) -> Index:
    """Copy the edges into two temporary tables, ``<into>_up`` and ``<into>_down``, each sorted.

    A sorted table keeps the least and the largest id of every segment, so that a look-up of a few
    ids reads a few segments whatever the size of the table. Words that come again and again are
    kept as numbers, so that passing over them costs little.
    """
    words = "".join(
        f", {column}::{_few_words(connection, edges, column)} AS {column}"
        for column in ("relation", "process")
    )
    names = {}
    for way, key in (("up", "child"), ("down", "parent")):
        names[way] = quote_identifier(f"{into}_{way}")
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {names[way]} AS "
            f"SELECT child, parent{words}, activity, way, choice FROM {edges} AS edges "
            f"ORDER BY {key}"
        )
    return Index(**names)


def _few_words(connection: Relations, edges: str, column: str) -> str:
    """The type for a column: an enumeration of its words, if they are few."""
    rows = connection.execute(
        f"SELECT DISTINCT {column} FROM {edges} AS edges WHERE {column} IS NOT NULL "
        f"ORDER BY ALL LIMIT {FEW_WORDS + 1}"
    ).fetchall()
    if not 0 < len(rows) <= FEW_WORDS:
        return "VARCHAR"
    return f"ENUM({', '.join(quote_literal(word) for (word,) in rows)})"


@contextmanager
def scratch(connection: Relations, *names: str) -> Iterator[tuple[str, ...]]:
    """Names for temporary tables that nobody else has, dropped in the end."""
    mark = uuid.uuid4().hex[:12]
    tables = tuple(quote_identifier(f"lineage_{name}_{mark}") for name in names)
    try:
        yield tables
    finally:
        for table in tables:
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}")


@contextmanager
def lent(connection: Relations, table: object) -> Iterator[str]:
    """An Arrow table as a relation, for as long as the block lasts."""
    name = f"lineage_lent_{uuid.uuid4().hex[:12]}"
    connection.register(name, table)
    try:
        yield quote_identifier(name)
    finally:
        connection.unregister(name)


def keep(connection: Relations, table: object, into: str) -> None:
    """Copy an Arrow table into a temporary one: DuckDB cannot push a filter on ids into Arrow."""
    with lent(connection, table) as name:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {into} AS FROM {name}")


def name_steps(
    connection: Relations, edges: str, pairs: Sequence[tuple[uuid.UUID, uuid.UUID]]
) -> tuple[Step, ...]:
    """The edges between children and parents; of several between the same two, a derived one."""
    if not pairs:
        return ()
    rows = connection.execute(
        "SELECT child, parent, least.relation, least.process, least.activity FROM ("
        "SELECT edges.child, edges.parent, min(struct_pack(beside := relation <> 'derived', "
        "relation := relation, process := process, activity := activity)) AS least "
        f"FROM {edges} AS edges JOIN (SELECT DISTINCT unnest(?::UUID[]) AS child, "
        "unnest(?::UUID[]) AS parent) AS wanted USING (child, parent) GROUP BY ALL)",
        [[child for child, _ in pairs], [parent for _, parent in pairs]],
    ).fetchall()
    found = {(row[0], row[1]): Step(*row) for row in rows}
    return tuple(found[pair] for pair in pairs)
