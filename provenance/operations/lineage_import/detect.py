"""Detect the format of a lineage file by its content."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from provenance.errors import InputError
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Input
from provenance.io.discovery.detect import compression_of, detect
from provenance.io.discovery.discover import uri_of
from provenance.io.streams.open_input import open_bytes
from provenance.operations.lineage_import.import_options import Form

_TABLES = frozenset({"parquet", "arrow", "csv", "tsv"})
_ENDS = frozenset({"child", "parent"})
_EVENT = frozenset({"eventTime", "eventType", "run", "job", "inputs", "outputs", "schemaURL"})

MAX_DOCUMENT = 256 << 20
"""Largest document that is read into memory; edge tables have no limit."""


def detect_lineage(path: str, asked: Form | None) -> tuple[Input, Form]:
    """Open a file, and detect its format unless ``asked`` names it.

    Raises:
        InputError: the format is not supported, or the name contradicts the content.
        NotFoundError, StorageError: it cannot be opened.
    """
    file = Path(path)
    if asked is not None and asked != "edges":
        return Input(uri_of(path), file.absolute(), asked, compression_of(file)), asked
    found, compression = detect(file)
    source = Input(uri_of(path), file.absolute(), found or "", compression)
    form = asked or ("edges" if found in _TABLES else _of_json(source))
    return (_readable(source), form) if form == "edges" else (replace(source, format=form), form)


def text_of(source: Input) -> bytes:
    """Read and decompress a document.

    Raises:
        InputError: it is damaged, or too large to be read as one.
    """
    with open_bytes(source) as stream:
        data = stream.read(MAX_DOCUMENT + 1)
    if len(data) > MAX_DOCUMENT:
        raise InputError(
            f"larger than {MAX_DOCUMENT >> 20} MiB, the limit of one document",
            hint="split it, or convert its edges to a table",
        )
    return data


def _readable(source: Input) -> Input:
    if source.format in _TABLES | {"json", "jsonl"}:
        return source
    raise InputError(
        "not an edge table", hint="edge tables are Parquet, Arrow, CSV, TSV, JSON or JSON lines"
    )


def _of_json(source: Input) -> Form:
    """Detect edges, events or PROV in a file that is not a table."""
    if source.format not in {"json", "jsonl"}:
        return "prov-n"
    try:
        fields = frozenset(reader_for(source.format).probe(source).fields)
    except InputError:
        return "prov-json"
    if fields >= _ENDS:
        return "edges"
    if len(fields & _EVENT) > 1:
        return "openlineage"
    if source.format == "jsonl":
        raise InputError(
            f"lines with {', '.join(sorted(fields)[:8])} are neither edges nor events",
            hint="edges have the fields `child` and `parent`",
        )
    return "prov-json"
