"""Materialise resolved edges, sorted by child and by parent, for quick look-ups."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from provenance.lineage import GraphArrays
from provenance.model.base import quote_literal
from provenance.store.commits import LINEAGE_UNCHANGED, Verb
from provenance.store.connection import Database
from provenance.store.data_files import DataFile
from provenance.store.ledger_store import Store
from provenance.views.ledger_graph import (
    COLLECT,
    HISTORY,
    edges_since,
    make_graph,
    make_named,
)

EDGES_BY_CHILD, EDGES_BY_PARENT = "index_up", "index_down"
"""Temporary views of what is indexed, with ``key`` and ``found``; some edges have no parent."""

_COLUMNS = "child, parent, relation, process, activity"

_HISTORY = f"process IS DISTINCT FROM '{COLLECT}'"

_SLICE = 1_000_000


def filter_by_key(relation: str, nodes: str) -> str:
    """SQL of the edges of an indexed relation that belong to the ids of another.

    Parts are skipped by whole numbers only, not by ids. A walk hands in its ``frontier``.
    """
    return f"(SELECT * FROM {relation} WHERE key IN (SELECT {_key('id')} FROM {nodes}))"


def _key(column: str) -> str:
    return f"CAST('0x' || left(replace(CAST({column} AS VARCHAR), '-', ''), 15) AS BIGINT)"


@dataclass(frozen=True, slots=True)
class Paths:
    """All edges as SQL text of relations to walk over.

    Attributes:
        up, down: for ``ancestors`` and ``descendants``.
        kept: whether they are sorted.
    """

    up: str
    down: str
    kept: bool

    def into(self, nodes: str) -> str:
        """The edges whose children are among the ids of a relation, and maybe others."""
        return filter_by_key("graph_up", nodes) if self.kept else self.up


@dataclass(frozen=True, slots=True)
class Indexed:
    """Up to which commit edges are indexed, and by which commits."""

    through: int
    commits: tuple[uuid.UUID, ...]


def indexed(connection: Database) -> Indexed | None:
    """What is indexed; makes the views over it. ``None`` when nothing is."""
    rows = connection.execute("""
        SELECT p.commit_id, p.through, p.base FROM ledger.propagations p
        JOIN commits c USING (commit_id) ORDER BY c.seq""").fetchall()
    bases = [place for place, row in enumerate(rows) if row[2]]
    if not bases:
        return None
    valid = rows[bases[-1] :]
    listed = ", ".join(quote_literal(str(row[0])) for row in valid)
    for view, table in ((EDGES_BY_CHILD, "edges_up"), (EDGES_BY_PARENT, "edges_down")):
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT key, {_COLUMNS}, way, choice, found "
            f"FROM ledger.{table} "
            f"WHERE commit_id IN ({listed})"
        )
    return Indexed(int(valid[-1][1]), tuple(row[0] for row in valid))


def make_paths(connection: Database) -> Paths:
    """The edges of the graph as two relations to walk over; makes ``graph_named`` on the way.

    They come from the index where it tells all, else from the ledger as it is.
    """
    known = indexed(connection)
    since = None if known is None else commits_since(connection, known.through)
    if since is None or not {verb for _, verb in since} <= LINEAGE_UNCHANGED | {Verb.ASSEMBLE}:
        make_graph(connection)
        return Paths(HISTORY, HISTORY, kept=False)
    make_named(connection)
    sealed = [commit for commit, verb in since if verb == Verb.ASSEMBLE]
    for view, old, end in (
        ("graph_up", EDGES_BY_CHILD, "child"),
        ("graph_down", EDGES_BY_PARENT, "parent"),
    ):
        newer = f"SELECT {_key(end)}, {_COLUMNS} FROM ({edges_since(as_list(sealed))})"
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT key, {_COLUMNS} FROM {old} "
            f"WHERE {_HISTORY} {f'UNION ALL {newer}' if sealed else ''}"
        )
    return Paths(
        filter_by_key("graph_up", "frontier"), filter_by_key("graph_down", "frontier"), kept=True
    )


def commits_since(connection: Database, through: int) -> list[tuple[uuid.UUID, str]]:
    """Ids and verbs of the commits after a number."""
    rows = connection.execute(
        "SELECT commit_id, verb FROM commits WHERE seq > ? ORDER BY seq", [through]
    ).fetchall()
    return [(row[0], str(row[1])) for row in rows]


def as_list(commits: Iterable[uuid.UUID]) -> str:
    """Ids of commits as SQL, to stand in brackets."""
    return ", ".join(quote_literal(str(commit)) for commit in commits) or "NULL"


def write_index(store: Store, commit_id: uuid.UUID, graph: GraphArrays) -> list[DataFile | None]:
    """The edges of a graph as two finished parts, one by child and one by parent."""
    return [
        _write(store, commit_id, table, graph, getattr(graph, key))
        for table, key in (("edges_up", "child"), ("edges_down", "parent"))
    ]


def _write(
    store: Store,
    commit_id: uuid.UUID,
    table: str,
    graph: GraphArrays,
    key: np.typing.NDArray[np.int32],
) -> DataFile | None:
    # The key above and the place below: sorting whole numbers is quicker than sorting places.
    order = (key.astype(np.int64) << 32) | np.arange(len(key))
    order.sort()
    order &= 0xFFFFFFFF
    ids = graph.nodes.column("id").combine_chunks()
    keys = _keys(ids)
    words = graph.edge_words.select(["relation", "process", "activity", "found"]).combine_chunks()
    writer = store.data_file_writer(table, commit_id)
    try:
        for first in range(0, len(order), _SLICE):
            places = order[first : first + _SLICE]
            rows = words.take(pa.array(graph.word[places]))
            for name in ("parent", "child"):
                column = ids.take(pa.array(getattr(graph, name)[places]))
                rows = rows.add_column(0, name, column)
            for name in ("way", "choice"):
                rows = rows.append_column(name, pa.array(getattr(graph, name)[places]))
            writer.write(rows.add_column(0, "key", keys.take(pa.array(key[places]))))
        return writer.finish()
    except BaseException:
        writer.discard()
        raise


def _keys(ids: pa.Array) -> pa.Array:
    """What ``_key`` makes of ids, and nothing of none."""
    raw = np.frombuffer(ids.storage.buffers()[1], ">u8")[::2][: len(ids)]
    return pa.array((raw >> 4).astype(np.int64), mask=ids.is_null().to_numpy(zero_copy_only=False))
