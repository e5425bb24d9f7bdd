"""Edges of others as columns of the ledger's tables, and why some cannot be taken (pure)."""

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
from provenance.operations.lineage_import.endpoints import Ends, end_of, read_ends, written
from provenance.operations.lineage_import.import_options import ImportOptions

ENDS = ("child", "parent")
FIELDS = (*ENDS, "relation", "process", "activity", "child_source", "parent_source")
"""Columns of an edge file."""

_PROCESSES = pa.array(sorted(EDGE_PROCESSES), pa.string())
_ACTIVITIES = frozenset(get_args(ActivityKind))
_RELATIONS = pa.array(get_args(Relation), pa.string())


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the table ``edges``, and those that were refused."""

    edges: pa.Table
    rejects: pa.Table


def file_edges(batch: Batch, options: ImportOptions, reading_id: uuid.UUID) -> Rows:
    """The edges of one batch of an edge file."""
    said = pa.table(
        {name: _filled(batch.fields.column(name)) for name in FIELDS} | {"row": batch.rows}
    )
    reasons = _reasons(said, options)
    good = pc.is_null(reasons)
    refused = pa.table(
        {
            "row": said["row"].filter(pc.invert(good)),
            "reason": pc.drop_null(reasons),
        }
    )
    said = said.filter(good).combine_chunks()
    relation = pc.fill_null(said["relation"], options.relation)
    said = said.set_column(said.schema.get_field_index("relation"), "relation", relation)
    return Rows(_edges(said, options.source, reading_id), _rejects(batch.rejects, refused))


def graph_edges(graph: Graph, reading_id: uuid.UUID) -> pa.Table:
    """The edges of an exchanged graph."""
    said = graph.edges.combine_chunks()
    ends = {name: pa.chunked_array([written(_whole(said[name]))]) for name in ENDS}
    none = pa.nulls(said.num_rows, pa.string())
    columns = {name: said[name] for name in ("relation", "process", "activity")} | ends
    rest = {"child_source": none, "parent_source": none, "row": pa.nulls(said.num_rows, pa.int64())}
    return _edges(pa.table(columns | rest), None, reading_id)


def graph_nodes(graph: Graph, reading_id: uuid.UUID) -> list[dict[str, object]]:
    """The nodes of an exchanged graph, each with all that is said of it as JSON."""
    models = {row["model"]: row for row in graph.models.to_pylist()}
    said = {row["id"]: row for row in graph.nodes.to_pylist()}
    return [
        _node(name, said.get(name, {}), models.get(name, {}), reading_id) for name in said | models
    ]


def graph_activities(graph: Graph) -> list[dict[str, object]]:
    """The activities of an exchanged graph; of a kind that is not ours it is kept as detail."""
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
    name: str, said: dict[str, object], model: dict[str, object], reading_id: uuid.UUID
) -> dict[str, object]:
    (end,) = written(pa.array([name])).to_pylist()
    ends = read_ends(pa.array([end]), pa.nulls(1, pa.string()), None)
    kind = ends.kind[0].as_py()
    told = {key: value for key, value in said.items() if key != "id" and value is not None}
    about = {key: value for key, value in model.items() if key != "model" and value is not None}
    text: object = sorted_json(told | ({"model": about} if about else {}))
    if end == name and not about and told.keys() <= {"kind", "attributes"}:
        text = told.get("attributes")  # what this ledger, or one like it, wrote of it
    return {
        "reading_id": reading_id,
        "id": uuid.UUID(bytes=ends.id[0].as_py()),
        "kind": kind,
        "name": ends.ref[0].as_py() if kind == "record" else end_of(end)[1],
        "said": text,
    }


def _reasons(said: pa.Table, options: ImportOptions) -> pa.Array:
    """Why each row cannot be taken; null where it can. Of several reasons the first is given."""
    nothing = pa.nulls(said.num_rows, pa.string())
    words = {
        "relation": (_RELATIONS, "unknown relation: "),
        "process": (_PROCESSES, "unknown process: "),
    }
    reasons = nothing
    for name in ENDS:
        missing = pc.is_null(said[name])
        reasons = _first(reasons, missing, pa.repeat(pa.scalar(f"no {name}"), said.num_rows))
    for name, (known, why) in words.items():
        strange = pc.and_(pc.is_valid(said[name]), pc.invert(pc.is_in(said[name], known)))
        reasons = _first(reasons, strange, pc.binary_join_element_wise(why, said[name], ""))
    for name in ENDS:
        values = _whole(pc.fill_null(said[name], ""))
        ends = read_ends(values, _whole(said[f"{name}_source"]), options.source)
        why = pc.binary_join_element_wise(
            f"the {name} ", values, " is no record id, and no source says whose id it is", ""
        )
        reasons = _first(reasons, ends.nobodys, why)
    return _whole(reasons)


def _first(reasons: pa.Array, where: pa.Array, why: pa.Array) -> pa.Array:
    new = pc.if_else(where, why, pa.scalar(None, pa.string()))
    return pc.coalesce(reasons, new)


def _edges(said: pa.Table, source: str | None, reading_id: uuid.UUID) -> pa.Table:
    """Rows without ``commit_id``; every end can be told."""
    count = said.num_rows
    reading = pa.repeat(pa.scalar(reading_id.bytes, pa.binary(16)), count)
    columns = {"reading_id": _uuids(reading), "row": said["row"]}
    for name in ENDS:
        ends: Ends = read_ends(_whole(said[name]), _whole(said[f"{name}_source"]), source)
        columns |= {
            name: _uuids(ends.id),
            f"{name}_ref": ends.ref,
            f"{name}_source": ends.source,
        }
    columns |= {"parent_row": pa.nulls(count, pa.int64()), "parent_kind": ends.kind}
    columns |= {name: said[name] for name in ("relation", "process", "activity")}
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
    """A column in which an empty text says nothing."""
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
