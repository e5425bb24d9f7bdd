"""Make rows of the tables ``edges``, ``imported_nodes`` and ``activities`` (pure)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, get_args

import pyarrow as pa
import pyarrow.compute as pc

from provenance.content.json_reader import read_document
from provenance.content.json_writer import sorted_json
from provenance.interchange.graph import Graph
from provenance.io.contract.reader import REJECTS, Batch
from provenance.model.edge import EDGE_PROCESSES, ActivityKind, Relation
from provenance.operations.lineage_import.endpoints import (
    Endpoints,
    endpoint_texts,
    parse_endpoints,
    parse_node_name,
)
from provenance.operations.lineage_import.import_options import ImportOptions

ENDPOINTS = ("child", "parent")
FIELDS = (*ENDPOINTS, "relation", "process", "activity", "child_source", "parent_source")
"""Columns of an edge table."""

_PROCESSES = pa.array(sorted(EDGE_PROCESSES), pa.string())
_ACTIVITIES = frozenset(get_args(ActivityKind))
_RELATIONS = pa.array(get_args(Relation), pa.string())


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the table ``edges``, and the rejected rows."""

    edges: pa.Table
    rejects: pa.Table


def file_edges(batch: Batch, options: ImportOptions, reading_id: uuid.UUID) -> Rows:
    """Convert one batch of an edge table."""
    stated = pa.table(
        {name: _filled(batch.fields.column(name)) for name in FIELDS} | {"row": batch.rows}
    )
    reasons = _reasons(stated, options)
    good = pc.is_null(reasons)
    refused = pa.table(
        {
            "row": stated["row"].filter(pc.invert(good)),
            "reason": pc.drop_null(reasons),
        }
    )
    stated = stated.filter(good).combine_chunks()
    relation = pc.fill_null(stated["relation"], options.relation)
    stated = stated.set_column(stated.schema.get_field_index("relation"), "relation", relation)
    return Rows(_edges(stated, options.source, reading_id), _rejects(batch.rejects, refused))


def graph_edges(graph: Graph, reading_id: uuid.UUID) -> pa.Table:
    """Convert the edges of an exchanged graph."""
    stated = graph.edges.combine_chunks()
    endpoints = {
        name: pa.chunked_array([endpoint_texts(_whole(stated[name]))]) for name in ENDPOINTS
    }
    none = pa.nulls(stated.num_rows, pa.string())
    columns = {name: stated[name] for name in ("relation", "process", "activity")} | endpoints
    rest = {
        "child_source": none,
        "parent_source": none,
        "row": pa.nulls(stated.num_rows, pa.int64()),
    }
    return _edges(pa.table(columns | rest), None, reading_id)


def graph_nodes(graph: Graph, reading_id: uuid.UUID) -> list[dict[str, object]]:
    """Convert the nodes of an exchanged graph; their other members are kept as JSON."""
    models = {row["model"]: row for row in graph.models.to_pylist()}
    stated = {row["id"]: row for row in graph.nodes.to_pylist()}
    return [
        _node(name, stated.get(name, {}), models.get(name, {}), reading_id)
        for name in stated | models
    ]


def graph_activities(graph: Graph) -> list[dict[str, object]]:
    """Convert the activities of an exchanged graph; a foreign kind is kept as detail."""
    return [_activity(row) for row in graph.activities.to_pylist()]


def _activity(row: dict[str, Any]) -> dict[str, object]:
    detail = read_document(row["detail"]) if row["detail"] is not None else {}
    if not isinstance(detail, dict):
        detail = {"said": detail}
    kind = row["kind"]
    if kind not in _ACTIVITIES:
        detail |= {"kind": kind} if kind is not None else {}
        kind = "transform"
    texts = {
        name: value if isinstance(value, str) else sorted_json(value)
        for name, value in detail.items()
    }
    return row | {"kind": kind, "detail": sorted_json(texts) if texts else None}


def _node(
    name: str, stated: dict[str, object], model: dict[str, object], reading_id: uuid.UUID
) -> dict[str, object]:
    (endpoint,) = endpoint_texts(pa.array([name])).to_pylist()
    endpoints = parse_endpoints(pa.array([endpoint]), pa.nulls(1, pa.string()), None)
    kind = endpoints.kind[0].as_py()
    known_members = {
        key: value for key, value in stated.items() if key != "id" and value is not None
    }
    about = {key: value for key, value in model.items() if key != "model" and value is not None}
    text: object = sorted_json(known_members | ({"model": about} if about else {}))
    if endpoint == name and not about and known_members.keys() <= {"kind", "attributes"}:
        text = known_members.get("attributes")  # what this ledger, or one like it, wrote of it
    return {
        "reading_id": reading_id,
        "id": uuid.UUID(bytes=endpoints.id[0].as_py()),
        "kind": kind,
        "name": endpoints.ref[0].as_py() if kind == "record" else parse_node_name(endpoint)[1],
        "said": text,
    }


def _reasons(stated: pa.Table, options: ImportOptions) -> pa.Array:
    """Get the first reason to reject each row; null if there is none."""
    nothing = pa.nulls(stated.num_rows, pa.string())
    words = {
        "relation": (_RELATIONS, "unknown relation: "),
        "process": (_PROCESSES, "unknown process: "),
    }
    reasons = nothing
    for name in ENDPOINTS:
        missing = pc.is_null(stated[name])
        reasons = _first(reasons, missing, pa.repeat(pa.scalar(f"no {name}"), stated.num_rows))
    for name, (known, why) in words.items():
        strange = pc.and_(pc.is_valid(stated[name]), pc.invert(pc.is_in(stated[name], known)))
        reasons = _first(reasons, strange, pc.binary_join_element_wise(why, stated[name], ""))
    for name in ENDPOINTS:
        values = _whole(pc.fill_null(stated[name], ""))
        endpoints = parse_endpoints(values, _whole(stated[f"{name}_source"]), options.source)
        why = pc.binary_join_element_wise(
            f"the {name} ", values, " is no record id, and no source says whose id it is", ""
        )
        reasons = _first(reasons, endpoints.unidentified, why)
    return _whole(reasons)


def _first(reasons: pa.Array, where: pa.Array, why: pa.Array) -> pa.Array:
    new = pc.if_else(where, why, pa.scalar(None, pa.string()))
    return pc.coalesce(reasons, new)


def _edges(stated: pa.Table, source: str | None, reading_id: uuid.UUID) -> pa.Table:
    """Make rows of the table ``edges``, without ``commit_id``; all endpoints are valid."""
    count = stated.num_rows
    reading = pa.repeat(pa.scalar(reading_id.bytes, pa.binary(16)), count)
    columns = {"reading_id": _uuids(reading), "row": stated["row"]}
    for name in ENDPOINTS:
        endpoints: Endpoints = parse_endpoints(
            _whole(stated[name]), _whole(stated[f"{name}_source"]), source
        )
        columns |= {
            name: _uuids(endpoints.id),
            f"{name}_ref": endpoints.ref,
            f"{name}_source": endpoints.source,
        }
    columns |= {"parent_row": pa.nulls(count, pa.int64()), "parent_kind": endpoints.kind}
    columns |= {name: stated[name] for name in ("relation", "process", "activity")}
    return pa.table(columns)


def _uuids(raw: pa.Array) -> pa.Array:
    return pa.ExtensionArray.from_storage(pa.uuid(), raw)


def _rejects(unread: pa.Table, refused: pa.Table) -> pa.Table:
    count = refused.num_rows
    columns = [
        refused[field.name] if field.name in refused.column_names else pa.nulls(count, field.type)
        for field in REJECTS
    ]
    return pa.concat_tables([unread, pa.table(columns, schema=REJECTS)])


def _filled(column: pa.Array) -> pa.Array:
    """Set empty texts to null."""
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
