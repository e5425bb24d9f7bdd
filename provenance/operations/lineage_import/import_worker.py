"""Read lineage files in a worker: into finished data files and counts."""

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
from provenance.io.contract.reader import REJECTS, Input, ReadLayout
from provenance.io.discovery.discover import uri_of
from provenance.io.streams.fingerprint import fingerprint
from provenance.model.finding import Finding
from provenance.operations.ingest.summary import EXAMPLES, Reject
from provenance.operations.lineage_import.detect import detect_lineage, text_of
from provenance.operations.lineage_import.edge_rows import (
    ENDPOINTS,
    FIELDS,
    file_edges,
    graph_activities,
    graph_edges,
    graph_nodes,
)
from provenance.operations.lineage_import.import_options import Form, ImportOptions
from provenance.operations.lineage_import.import_summary import ImportedFile
from provenance.store.data_files import (
    DataFile,
    DataFileWriter,
    delete,
    parse_path,
    write_data_file,
)
from provenance.store.layout import Layout as LedgerLayout
from provenance.store.quarantine import Quarantine

_PROV = frozenset({"prov-json", "prov-jsonld", "prov-n"})
_FINDINGS = 1_000
"""Most findings about one document that are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class ImportTask:
    """The work of one call of a worker; ``known``: (uri, fingerprint) of imported files."""

    ledger_paths: LedgerLayout
    commit_id: uuid.UUID
    options: ImportOptions
    paths: tuple[str, ...]
    known: frozenset[tuple[str, str]]


@dataclass(slots=True)
class Imported:
    """One file: its summary, and the keys of its row in the table ``imports``."""

    summary: ImportedFile
    reading_id: uuid.UUID | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Finished data files, not yet committed, and the results of their files."""

    files: tuple[Imported, ...]
    parts: tuple[DataFile, ...]


@dataclass(slots=True)
class _Pieces:
    """Contents of files; edge tables are written to data files at once, as they may be large."""

    parts: list[DataFile] = field(default_factory=list)
    edges: list[pa.Table] = field(default_factory=list)
    nodes: list[dict[str, object]] = field(default_factory=list)
    activities: list[dict[str, object]] = field(default_factory=list)

    def add(self, other: _Pieces) -> None:
        """Add the contents of another file."""
        self.parts += other.parts
        self.edges += other.edges
        self.nodes += other.nodes
        self.activities += other.activities

    def discard(self) -> None:
        """Delete the data files."""
        for part in self.parts:
            delete(parse_path(part.path))


def run_import(task: ImportTask) -> ImportResult:
    """Read all files into data files, without rows of files that fail."""
    whole, rejects = _Pieces(), Quarantine(task.ledger_paths, task.commit_id)
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
    """Read one file; an error becomes part of the result."""
    try:
        source, form = detect_lineage(path, task.options.format)
    except ProvError as error:
        return Imported(_failed(uri_of(path), None, error))
    try:
        before = fingerprint(source)
        size = source.path.stat().st_size
        facts = {"uri": source.uri, "format": form, "bytes": size}
        if task.options.strict and form in _PROV:
            facts_read = _found(text_of(source))
            if facts_read["broken"]:
                return Imported(_refused(source.uri, form, facts_read))
        if (source.uri, before) in task.known:
            return Imported(ImportedFile.model_validate(facts | {"unchanged": True}))
        reading_id = uuid.uuid4()
        read = _edge_file if form == "edges" else _document
        with worker.item(0, worker.allowance(size, packed=True)):
            facts_read, pieces = read(task, source, reading_id, rejects)
        if before != fingerprint(source):
            pieces.discard()
            raise InputError(
                "changed while it was read", hint="run again when no program writes to it"
            )
    except ReadOnlyError:
        raise  # not the fault of this file
    except ProvError as error:
        return Imported(_failed(source.uri, form, error))
    whole.add(pieces)
    return Imported(ImportedFile.model_validate(facts | facts_read), reading_id, before)


def _failed(uri: str, form: Form | None, error: ProvError) -> ImportedFile:
    message = error.message if uri in error.message else f"{uri}: {error.message}"
    return ImportedFile(
        uri=uri, format=form, error=message, hint=error.hint or None, exit_code=error.exit_code
    )


def _edge_file(
    task: ImportTask, source: Input, reading_id: uuid.UUID, rejects: Quarantine
) -> tuple[dict[str, Any], _Pieces]:
    """Read an edge table batch by batch into a data file."""
    reader = reader_for(source.format)
    missing = [name for name in ENDPOINTS if name not in reader.probe(source).fields]
    if missing:
        raise InputError(
            f"no column {' and no column '.join(missing)}",
            hint="an edge has the columns `child` and `parent`; see the guide to lineage",
        )
    layout = ReadLayout(kind="structured", content=ENDPOINTS, fields=FIELDS)
    counted, reasons = Counter[str](), Counter[str]()
    examples: list[Reject] = []
    writer = DataFileWriter(task.ledger_paths, "edges", task.commit_id)
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
    facts_read = {
        "read": counted["read"],
        "kept": counted["kept"],
        "rejected": counted["read"] - counted["kept"],
        "edges": counted["kept"],
        "reasons": dict(reasons.most_common(20)),
        "rejects": tuple(examples),
    }
    return facts_read, _Pieces(parts=[part] if part else [])


def _document(
    task: ImportTask, source: Input, reading_id: uuid.UUID, rejects: Quarantine
) -> tuple[dict[str, Any], _Pieces]:
    """Read a PROV document or a file of events as a graph."""
    data = text_of(source)
    if source.format == "openlineage":
        graph, facts_read, refused = _events(data)
        rejects.add(source.uri, refused)
    else:
        graph, facts_read = _prov(data)
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
    return facts_read | sizes, pieces


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
    facts_read = {"read": read, "kept": read, "counts": stated | {"bundles": counts.bundles}}
    return graph, facts_read | _findings(check_prov(document), read_otherwise)


def _findings(broken: Sequence[Finding], read_otherwise: Sequence[Finding]) -> dict[str, Any]:
    return {"broken": len(broken), "findings": (*broken[:_FINDINGS], *read_otherwise[:_FINDINGS])}


def _found(data: bytes) -> dict[str, Any]:
    """Check a PROV document; every violation is an error."""
    from provenance.interchange.prov.check_document import check_prov
    from provenance.interchange.prov.read_document import read_prov

    document, read_otherwise = read_prov(data)
    errors = [one.model_copy(update={"severity": "error"}) for one in check_prov(document)]
    return _findings(errors, read_otherwise)


def _refused(uri: str, form: Form, facts_read: dict[str, Any]) -> ImportedFile:
    first = facts_read["findings"][0]
    error = InputError(
        f"it violates {facts_read['broken']:,} PROV constraints; the first is {first.code} of "
        f"{first.subject}: {first.reason}",
        hint=f"{first.remedy} Without --strict the document is imported anyway".strip(),
    )
    return _failed(uri, form, error).model_copy(update=facts_read)


def _events(data: bytes) -> tuple[Graph, dict[str, Any], pa.Table]:
    from provenance.interchange.openlineage.read_events import from_openlineage

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start}") from error
    graph, counts, refused = from_openlineage(text)
    rejects = [(int(location.split()[-1]), why) for location, why in refused]
    facts_read = {
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
    return graph, facts_read, pa.Table.from_pylist(rows, schema=REJECTS)


def _written(task: ImportTask, pieces: _Pieces) -> list[DataFile]:
    """Write the contents of documents, one data file per table."""
    made = [
        write_data_file(task.ledger_paths, "imported_nodes", task.commit_id, pieces.nodes),
        write_data_file(task.ledger_paths, "activities", task.commit_id, pieces.activities),
    ]
    if pieces.edges:
        writer = DataFileWriter(task.ledger_paths, "edges", task.commit_id)
        try:
            writer.write(pa.concat_tables(pieces.edges))
            made.append(writer.finish())
        except BaseException:
            writer.discard()
            raise
    return [part for part in made if part]
