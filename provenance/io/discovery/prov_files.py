"""Recognise by their content the files that this program writes next to data."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import ValidationError

from provenance.errors import ProvError
from provenance.model.base import SCHEMA_BASE
from provenance.model.manifest import Manifest

HINT = re.compile(rb'"(?:body|\$schema)"')
"""Pattern in the first bytes of such a JSON document."""

_MEMBERS = frozenset(
    [
        *("record_id", "digest", "source", "file", "row", "bytes", "label", "lo", "hi", "depth"),
        *("weight", "split"),
    ]
)
"""Columns of ``_manifest/members.parquet``."""

_DIGEST = "^sha256:[0-9a-f]{64}$"
_LABELS = pa.array(["human", "synthetic", "mixed", "unknown"])
_NAME = r"^[^\n]{1,200}$"
_PATH = r"^\S*[/:]"


def is_prov_document(document: dict[str, Any]) -> bool:
    """Check whether a JSON document is the manifest of a release, or one of our schemas.

    A manifest has the digest of its body; a schema equals the one of its name.
    """
    if set(document) >= {"body", "body_digest"}:
        return _is_manifest(document)
    return str(document.get("$id", "")).startswith(SCHEMA_BASE) and _is_schema(document)


def is_members_file(path: Path) -> bool:
    """Check whether a Parquet file is the list of the members of a release, in all its rows."""
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            if set(schema.names) != _MEMBERS or len(schema.names) != len(_MEMBERS):
                return False
            columns = ["digest", "source", "file", "label", "split"]
            if not all(pa.types.is_string(schema.field(name).type) for name in columns):
                return False
            return all(map(_are_members, file.iter_batches(columns=columns)))
    except (pa.ArrowException, OSError, ValueError):
        return False


def _are_members(batch: pa.RecordBatch) -> bool:
    def every(name: str, pattern: str) -> bool:
        matching = pc.match_substring_regex(batch.column(name), pattern)
        return bool(pc.all(matching, min_count=0).as_py())

    labels = pc.all(pc.is_in(batch.column("label"), _LABELS), min_count=0).as_py()
    names = every("source", _NAME) and every("split", _NAME)
    return bool(labels) and names and every("digest", _DIGEST) and every("file", _PATH)


def _is_manifest(document: dict[str, Any]) -> bool:
    try:
        manifest = Manifest.model_validate_json(json.dumps(document))
        return manifest.body.digest() == manifest.body_digest
    except (ValidationError, ProvError, ValueError):
        return False


def _is_schema(document: dict[str, Any]) -> bool:
    from provenance.model.schemas import schemas

    return document in schemas().values()
