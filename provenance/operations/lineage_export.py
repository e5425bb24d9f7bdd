"""Export the lineage of a ledger: tables, W3C PROV, GraphML, OpenLineage events, diagrams."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import MisuseError
from provenance.interchange.drawing.draw import draw
from provenance.interchange.graph import (
    ACTIVITIES,
    EDGES as EDGE_SCHEMA,
    MODELS,
    NODES as NODE_SCHEMA,
    Graph,
)
from provenance.io.files import storage_errors
from provenance.model.base import Contract, quote_literal
from provenance.store.connection import Database
from provenance.store.ledger_store import Store
from provenance.views.ledger_graph import HISTORY, NAMED, make_graph

_NODES_SQL = f"""
SELECT 'record:' || digest AS id, 'record' AS kind, label::VARCHAR AS label,
    CASE WHEN bytes = 0 THEN lo_records ELSE lo_bytes / bytes END::DOUBLE AS share_lo,
    CASE WHEN bytes = 0 THEN hi_records ELSE hi_bytes / bytes END::DOUBLE AS share_hi,
    generator, depth, digest, NULL::VARCHAR AS attributes, NULL::VARCHAR AS external_id
FROM records
UNION ALL BY NAME
SELECT n.kind || ':' || n.name AS id, n.kind, i.said AS attributes
FROM {NAMED} n LEFT JOIN imported_nodes i USING (id)
"""

_EDGES_SQL = f"""
WITH names AS (
    SELECT record_id AS id, 'record:' || digest AS name FROM records
    UNION ALL SELECT id, kind || ':' || name FROM {NAMED}
    -- Records that are only in edges.
    UNION ALL SELECT DISTINCT id, 'record:' || ref FROM (
        SELECT child AS id, child_ref AS ref FROM lineage
        UNION ALL SELECT parent, parent_ref FROM lineage
    ) WHERE ref LIKE 'sha256:%' AND id NOT IN (SELECT record_id FROM records)
)
SELECT coalesce(c.name, 'record:' || e.child) AS child,
    coalesce(p.name, 'record:' || e.parent) AS parent, e.relation, e.process, e.activity
FROM {HISTORY} e LEFT JOIN names c ON c.id = e.child LEFT JOIN names p ON p.id = e.parent
WHERE e.parent IS NOT NULL ORDER BY ALL
"""


class GraphCounts(Contract):
    """How many nodes and edges an exported graph has."""

    nodes: int
    edges: int


def export_lineage(store: Store, target: Path, form: str) -> GraphCounts:
    """Write the whole graph to one file (``parquet``: to a folder).

    Raises:
        MisuseError: the format is unknown, or the target exists.
        StorageError: it cannot be written.
    """
    if form not in FORMATS:
        raise MisuseError(f"there is no format `{form}`", hint=f"one of: {', '.join(FORMATS)}")
    if target.exists():
        raise MisuseError(f"`{target}` already exists", hint="choose another --to")
    staging = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    with store.snapshot() as connection:
        make_graph(connection)
        counts = _counts(connection)
        try:
            with storage_errors(target):
                FORMATS[form](connection, staging)
                staging.rename(target)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            staging.unlink(missing_ok=True)
            raise
    return counts


def _counts(connection: Database) -> GraphCounts:
    row = connection.execute(
        f"SELECT (SELECT count(*) FROM ({_NODES_SQL})), "
        f"(SELECT count(*) FROM {HISTORY} WHERE parent IS NOT NULL)"
    ).fetchone()
    nodes, edges = row or (0, 0)
    return GraphCounts(nodes=nodes, edges=edges)


def graph_tables(connection: Database) -> Graph:
    """The ledger's graph as the tables that formats are written from."""
    nodes = connection.execute(f"{_NODES_SQL} ORDER BY id").to_arrow_table()
    edges = connection.execute(_EDGES_SQL).to_arrow_table()
    activities = connection.execute(
        f"SELECT {', '.join(ACTIVITIES.names)} FROM activities ORDER BY activity"
    ).to_arrow_table()
    models = connection.execute("""
        SELECT 'model:' || name AS model, name, family, provider, version,
            'release:' || trained_on AS trained_on FROM models ORDER BY name""").to_arrow_table()
    schemas = (NODE_SCHEMA, EDGE_SCHEMA, ACTIVITIES, MODELS)
    tables = (nodes, edges, activities, models)
    return Graph(*(_cast(table, schema) for table, schema in zip(tables, schemas, strict=True)))


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    return table.select(schema.names).cast(schema)


def _duckdb(connection: Database, path: Path) -> None:
    connection.execute(f"ATTACH {quote_literal(str(path))} AS exported")
    connection.execute(f"CREATE TABLE exported.nodes AS {_NODES_SQL}")
    connection.execute(f"CREATE TABLE exported.edges AS {_EDGES_SQL}")
    for table, column in (("nodes", "id"), ("edges", "child"), ("edges", "parent")):
        connection.execute(f"CREATE INDEX {table}_{column} ON exported.{table} ({column})")
    connection.execute("""
        CREATE VIEW exported.roots AS
        SELECT * FROM nodes ANTI JOIN edges ON edges.child = nodes.id""")
    connection.execute("DETACH exported")


def _parquet(connection: Database, path: Path) -> None:
    path.mkdir()
    for name, query in (("nodes", _NODES_SQL), ("edges", _EDGES_SQL)):
        reader = connection.execute(query).to_arrow_reader(100_000)
        with pq.ParquetWriter(
            path / f"{name}.parquet", reader.schema, write_page_checksum=True
        ) as writer:
            for batch in reader:
                writer.write_batch(batch)


def _prov(form: str) -> Callable[[Database, Path], None]:
    def write(connection: Database, path: Path) -> None:
        from provenance.interchange.prov.write_document import to_prov, write_prov

        path.write_bytes(write_prov(to_prov(graph_tables(connection)), form))  # type: ignore[arg-type]

    return write


def _graphml(connection: Database, path: Path) -> None:
    from provenance.interchange.graphml import to_graphml

    with path.open("wb") as stream:
        to_graphml(graph_tables(connection), stream)


def _openlineage(connection: Database, path: Path) -> None:
    from provenance.interchange.openlineage.write_events import Setting, to_openlineage

    setting = Setting("prov", "prov", datetime.now(UTC))
    with path.open("w", encoding="utf-8") as stream:
        for event in to_openlineage(graph_tables(connection), setting):
            stream.write(json.dumps(event, ensure_ascii=False) + "\n")


def _picture(form: str) -> Callable[[Database, Path], None]:
    def write(connection: Database, path: Path) -> None:
        path.write_text(draw(graph_tables(connection), form, "Lineage"), encoding="utf-8")

    return write


FORMATS: Mapping[str, Callable[[Database, Path], None]] = {
    "duckdb": _duckdb,
    "parquet": _parquet,
    "prov-json": _prov("json"),
    "prov-jsonld": _prov("jsonld"),
    "prov-n": _prov("provn"),
    "graphml": _graphml,
    "openlineage": _openlineage,
    "dot": _picture("dot"),
    "mermaid": _picture("mermaid"),
    "html": _picture("html"),
}
"""Writers by format."""
