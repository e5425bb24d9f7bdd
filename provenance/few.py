"""The origins of a few records, without working out those of all others."""

from __future__ import annotations

from provenance import labelling
from provenance.views import DEPTH_SQL


def origins_of(nodes: str) -> str:
    """SQL of the rows of the view ``origins`` for the ids in a column ``id`` of a relation."""
    few = f"SELECT id AS record_id FROM {nodes}"
    claims = f"(SELECT * FROM claims SEMI JOIN ({few}) USING (record_id))"
    sizes = f"""(
        SELECT record_id, max(bytes) AS bytes, max(chars) AS chars, max(words) AS words
        FROM sightings SEMI JOIN ({few}) USING (record_id) GROUP BY record_id)"""
    depths = f"(SELECT record_id, depth FROM derived SEMI JOIN ({few}) USING (record_id))"
    return f"""{DEPTH_SQL} FROM ({labelling.origin_sql(claims, sizes)}) o
        LEFT JOIN {depths} d USING (record_id)"""
