"""Write SQL for the origins of given record ids, filtered by id below the aggregates."""

from __future__ import annotations

from provenance.model.base import quote_literal
from provenance.origin import resolver
from provenance.store.connection import Database
from provenance.views.definitions import DEPTH_SQL

LISTED = 1_000
"""Ids up to which a query names them one by one, so that each view looks for those alone."""


def id_list(connection: Database, nodes: str) -> str:
    """The ids of a relation as SQL that can stand in brackets behind IN."""
    rows = connection.execute(f"SELECT id FROM {nodes} LIMIT {LISTED + 1}").fetchall()
    if len(rows) > LISTED:
        return f"SELECT id FROM {nodes}"
    return ", ".join(quote_literal(str(row[0])) for row in rows) or "NULL"


def origins_for_ids(ids: str) -> str:
    """SQL of the rows of the view ``origins`` for some ids, as ``id_list`` gives them."""
    depths = f"(SELECT record_id, depth FROM derived WHERE record_id IN ({ids}))"
    return f"""{DEPTH_SQL} FROM ({labels_for_ids(ids, "claims")}) o
        LEFT JOIN {depths} d USING (record_id)"""


def labels_for_ids(ids: str, claims: str) -> str:
    """SQL of the origins of some ids, depths left out, from what some claims say."""
    sizes = f"""(
        SELECT record_id, max(bytes) AS bytes, max(chars) AS chars, max(words) AS words
        FROM sightings WHERE record_id IN ({ids}) GROUP BY record_id)"""
    return resolver.origin_sql(f"(SELECT * FROM {claims} WHERE record_id IN ({ids}))", sizes)
