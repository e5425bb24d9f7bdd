"""Find the records of a set that descend from a model: the check for self-consumption."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from provenance.lineage.edges import EdgeIndex, PathEdge, find_edges
from provenance.lineage.semantics import ARTIFICIAL, NO_TEXT_PROCESSES, class_sql, is_one_of
from provenance.lineage.temp_tables import ArrowConnection, temp_tables
from provenance.lineage.traverse import DOWN, expand, pairs_walked, start_walk
from provenance.model.base import quote_identifier


@dataclass(frozen=True, slots=True)
class ModelDescendants:
    """Number of members that descend from a model, and one shortest chain as an example.

    Attributes:
        members: how many.
        chain: edges from such a member up to the model: member, its model, that model's release, …
    """

    members: int
    chain: tuple[PathEdge, ...]


def find_model_descendants(
    connection: ArrowConnection,
    nodes: str,
    edges: EdgeIndex,
    model: uuid.UUID,
    members: str,
    into: str,
) -> ModelDescendants:
    """Make the table ``into`` (record_id, hops) of the members that descend from a model.

    What descends from a model is what it wrote, what was made from that, the releases that hold any
    of it, the models trained on those, and so on. Context counts for synthetic and mixed records
    only; feedback and annotation hand on no text.

    Args:
        members: SQL text of a relation with a column ``record_id``.
    """
    table = quote_identifier(into)
    with temp_tables(connection, "offspring") as (offspring,):
        _descend(connection, nodes, edges.down, offspring, f"(SELECT '{model}'::UUID AS id)")
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS "
            f"SELECT DISTINCT members.record_id, offspring.hops FROM {members} AS members "
            f"JOIN {offspring} AS offspring ON offspring.id = members.record_id"
        )
        count, nearest = connection.execute(
            f"SELECT count(*), arg_min(record_id, (hops, record_id)) FROM {table}"
        ).fetchone()
        pairs = pairs_walked(connection, offspring, nearest, DOWN) if count else []
    return ModelDescendants(int(count), find_edges(connection, _handed_on(edges.up), pairs))


def text_descendants(
    connection: ArrowConnection, nodes: str, edges: str, roots: str, into: str
) -> None:
    """Make the temporary table ``into`` (id, hops, via) of nodes and all that descends from them.

    What descends is as for ``find_model_descendants``.

    Args:
        edges: any relation of edges; ``EdgeIndex.down`` where few of many edges will be touched.
        roots: SQL text of a relation with a column ``id``; they are in the answer, with 0 hops.
    """
    _descend(connection, nodes, edges, quote_identifier(into), roots)


def _descend(
    connection: ArrowConnection, nodes: str, edges: str, offspring: str, roots: str
) -> None:
    """Walk down over derived edges, and over context into what a machine wrote."""
    start_walk(connection, offspring, roots)
    written = f"(SELECT id FROM {nodes} AS nodes WHERE {class_sql('nodes')} = {ARTIFICIAL})"
    derived = f"(SELECT * FROM {_handed_on(edges)} WHERE relation = 'derived')"
    context = f"(SELECT * FROM {edges} AS edges WHERE relation = 'context')"
    hop, width = 0, 1
    while width:
        hop += 1
        width = expand(connection, DOWN, (derived,), hop, offspring)
        width += expand(connection, DOWN, (context,), hop, offspring, written)


def _handed_on(edges: str) -> str:
    """All edges but those of feedback and annotation."""
    silent = is_one_of("process", NO_TEXT_PROCESSES)
    return f"(SELECT * FROM {edges} AS edges WHERE relation <> 'derived' OR NOT {silent})"
