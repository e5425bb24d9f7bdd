"""The reading half of an import, run by a worker: files in, finished parts and counts out."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from provenance.engine import worker
from provenance.errors import InputError, ProvError, ReadOnlyError
from provenance.interchange.graph import Graph
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import REJECTS, Input, Layout
from provenance.io.discovery.discover import uri_of
from provenance.io.streams.fingerprint import fingerprint
from provenance.model.finding import Finding
from provenance.operations.ingest.summary import EXAMPLES, Reject
from provenance.operations.lineage_import.detect import look, text_of
from provenance.operations.lineage_import.edge_rows import (
    ENDS,
    FIELDS,
    file_edges,
    graph_activities,
    graph_edges,
    graph_nodes,
)
from provenance.operations.lineage_import.import_options import Form, ImportOptions
from provenance.operations.lineage_import.import_summary import ImportedFile
from provenance.store.data_files import Part, PartWriter, delete, place_of, write_part
from provenance.store.layout import Layout as Places
from provenance.store.quarantine import Quarantine

_PROV = frozenset({"prov-json", "prov-jsonld", "prov-n"})
_FINDINGS = 1_000
"""Findings about one document that are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class ImportTask:
    """What a worker does in one go; ``known`` holds (uri, fingerprint) of what adds nothing."""

    places: Places
    commit_id: uuid.UUID
    options: ImportOptions
    paths: tuple[str, ...]
    known: frozenset[tuple[str, str]]


@dataclass(slots=True)
class Imported:
    """One file: what is to be said of it, and the row that the ledger keeps of it."""

    summary: ImportedFile
    reading_id: uuid.UUID | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Finished parts, not yet registered, and what is in them."""

    files: tuple[Imported, ...]
    parts: tuple[Part, ...]


@dataclass(slots=True)
class _Pieces:
    """What files state; edge files, which may be of any size, are parts once they are read."""

    parts: list[Part] = field(default_factory=list)
    edges: list[pa.Table] = field(default_factory=list)
    nodes: list[dict[str, object]] = field(default_factory=list)
    activities: list[dict[str, object]] = field(default_factory=list)

    def add(self, other: _Pieces) -> None:
        """Take what one more file states."""
        self.parts += other.parts
        self.edges += other.edges
        self.nodes += other.nodes
        self.activities += other.activities

    def discard(self) -> None:
        """Leave nothing behind."""
        for part in self.parts:
            delete(place_of(part.path))


def run_import(task: ImportTask) -> ImportResult:
    """Read all files into parts; a file that fails leaves no row in them."""
    whole, rejects = _Pieces(), Quarantine(task.places, task.commit_id)
    try:
        files = [_file(task, path, whole, rejects) for path in task.paths]
        kept_in = rejects.finish()
        parts = [*whole.parts, *_written(task, whole)]
    except BaseException:
        rejects.discard()
        whole.discard()
        raise
    for item in files:
        if item.summary.rejected:
            item.summary = item.summary.model_copy(update={"quarantine": kept_in})
    return ImportResult(tuple(files), tuple(parts))


def _file(task: ImportTask, path: str, whole: _Pieces, rejects: Quarantine) -> Imported:
    """Read one file; what is wrong with it is part of the answer."""
    try:
        source, form = look(path, task.options.format)
    except ProvError as error:
        return Imported(_failed(uri_of(path), None, error))
    try:
        before = fingerprint(source)
        size = source.path.stat().st_size
        facts = {"uri": source.uri, "format": form, "bytes": size}
        if task.options.strict and form in _PROV:
            said = _found(text_of(source))
            if said["broken"]:
                return Imported(_refused(source.uri, form, said))
        if (source.uri, before) in task.known:
            return Imported(ImportedFile.model_validate(facts | {"unchanged": True}))
        reading_id = uuid.uuid4()
        read = _edge_file if form == "edges" else _document
        with worker.item(0, worker.allowance(size, packed=True)):
            said, pieces = read(task, source, reading_id, rejects)
        if before != fingerprint(source):
            pieces.discard()
            raise InputError("changed while it was read", hint="run again when nobody writes to it")
    except ReadOnlyError:
        raise  # the ledger's fault, and no file's
    except ProvError as error:
        return Imported(_failed(source.uri, form, error))
    whole.add(pieces)
    return Imported(ImportedFile.model_validate(facts | said), reading_id, before)


def _failed(uri: str, form: Form | None, error: ProvError) -> ImportedFile:
    message = error.message if uri in error.message else f"{uri}: {error.message}"
    return ImportedFile(
        uri=uri, format=form, error=message, hint=error.hint or None, exit_code=error.exit_code
    )


def _edge_file(
    task: ImportTask, source: Input, reading_id: uuid.UUID, rejects: Quarantine
) -> tuple[dict[str, Any], _Pieces]:
    """A table of edges, batch by batch into a part of its own."""
    reader = reader_for(source.format)
    missing = [name for name in ENDS if name not in reader.probe(source).fields]
    if missing:
        raise InputError(
            f"no column {' and no column '.join(missing)}",
            hint="an edge has the columns `child` and `parent`; see the guide to lineage",
        )
    layout = Layout(kind="structured", content=ENDS, fields=FIELDS)
    counted, reasons = Counter[str](), Counter[str]()
    examples: list[Reject] = []
    writer = PartWriter(task.places, "edges", task.commit_id)
    try:
        for batch in reader.read(source, layout):
            rows = file_edges(batch, task.options, reading_id)
            writer.write(rows.edges)
            counted.update(read=batch.read, kept=rows.edges.num_rows)
            reasons.update(rows.rejects["reason"].to_pylist())
            shown = rows.rejects.select(["row", "offset", "reason"])
            room = shown.slice(0, EXAMPLES - len(examples)).to_pylist()
            examples += [Reject.model_validate(row) for row in room]
            rejects.add(source.uri, rows.rejects)
        part = writer.finish()
    except BaseException:
        writer.discard()
        raise
    said = {
        "read": counted["read"],
        "kept": counted["kept"],
        "rejected": counted["read"] - counted["kept"],
        "edges": counted["kept"],
        "reasons": dict(reasons.most_common(20)),
        "rejects": tuple(examples),
    }
    return said, _Pieces(parts=[part] if part else [])


def _document(
    task: ImportTask, source: Input, reading_id: uuid.UUID, rejects: Quarantine
) -> tuple[dict[str, Any], _Pieces]:
    """A PROV document, or a file of events, as a graph."""
    data = text_of(source)
    if source.format == "openlineage":
        graph, said, refused = _events(data)
        rejects.add(source.uri, refused)
    else:
        graph, said = _prov(data)
    pieces = _Pieces(
        edges=[graph_edges(graph, reading_id)],
        nodes=graph_nodes(graph, reading_id),
        activities=graph_activities(graph),
    )
    sizes = {
        "edges": graph.edges.num_rows,
        "nodes": len(pieces.nodes),
        "activities": len(pieces.activities),
    }
    return said | sizes, pieces


def _prov(data: bytes) -> tuple[Graph, dict[str, Any]]:
    from provenance.interchange.prov.check_document import check_prov
    from provenance.interchange.prov.read_document import read_prov
    from provenance.interchange.prov.to_graph import from_prov

    document, read_otherwise = read_prov(data)
    graph, counts = from_prov(document)
    stated = {
        "entities": counts.entities,
        "activities": counts.activities,
        "agents": counts.agents,
        "relations": sum(counts.relations.values()),
    }
    read = sum(stated.values())
    said = {"read": read, "kept": read, "counts": stated | {"bundles": counts.bundles}}
    return graph, said | _findings(check_prov(document), read_otherwise)


def _findings(broken: Sequence[Finding], read_otherwise: Sequence[Finding]) -> dict[str, Any]:
    return {"broken": len(broken), "findings": (*broken[:_FINDINGS], *read_otherwise[:_FINDINGS])}


def _found(data: bytes) -> dict[str, Any]:
    """What is wrong with a PROV document, which nobody wants to read then."""
    from provenance.interchange.prov.check_document import check_prov
    from provenance.interchange.prov.read_document import read_prov

    document, read_otherwise = read_prov(data)
    errors = [one.model_copy(update={"severity": "error"}) for one in check_prov(document)]
    return _findings(errors, read_otherwise)


def _refused(uri: str, form: Form, said: dict[str, Any]) -> ImportedFile:
    first = said["findings"][0]
    error = InputError(
        f"it breaks constraints of PROV: {said['broken']:,}, first {first.code} of "
        f"{first.subject}: {first.reason}",
        hint=f"{first.remedy} Without --strict the document is read all the same".strip(),
    )
    return _failed(uri, form, error).model_copy(update=said)


def _events(data: bytes) -> tuple[Graph, dict[str, Any], pa.Table]:
    from provenance.interchange.openlineage.read_events import from_openlineage

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start}") from error
    graph, counts, refused = from_openlineage(text)
    rejects = [(int(place.split()[-1]), why) for place, why in refused]
    said = {
        "read": counts.events,
        "kept": counts.events - counts.refused,
        "rejected": counts.refused,
        "counts": {"events": counts.events, "datasets": counts.datasets, **counts.by_type},
        "reasons": dict(Counter(why for _, why in refused).most_common(20)),
        "rejects": tuple(
            Reject(row=row, offset=None, reason=why) for row, why in rejects[:EXAMPLES]
        ),
    }
    rows = [{"row": row, "reason": why} for row, why in rejects]
    return graph, said, pa.Table.from_pylist(rows, schema=REJECTS)


def _written(task: ImportTask, pieces: _Pieces) -> list[Part]:
    """What documents state, as one part a table."""
    made = [
        write_part(task.places, "imported_nodes", task.commit_id, pieces.nodes),
        write_part(task.places, "activities", task.commit_id, pieces.activities),
    ]
    if pieces.edges:
        writer = PartWriter(task.places, "edges", task.commit_id)
        try:
            writer.write(pa.concat_tables(pieces.edges))
            made.append(writer.finish())
        except BaseException:
            writer.discard()
            raise
    return [part for part in made if part]
