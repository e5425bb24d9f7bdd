"""Describe the files of an export as the distribution and record sets of Croissant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.model.reports.release_file import Column, ColumnType, ReleaseFile
from provenance.reports.compliance.bom import non_empty

Node = dict[str, Any]

MEDIA = {"parquet": "application/x-parquet", "jsonl": "application/jsonlines"}

TYPES: Mapping[ColumnType, str] = {
    "text": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "datetime": "sc:DateTime",
}

ORIGIN: Mapping[str, tuple[str, str | None]] = {
    "prov_id": ("Digest of the record's content.", "sc:identifier"),
    "prov_source": ("The source that stands for the record.", "prov:wasDerivedFrom"),
    "prov_label": (
        "Whom the record is attributed to: human, synthetic, mixed, or unknown.",
        "prov:wasAttributedTo",
    ),
    "prov_share_lo": ("Synthetic share of the record, at least.", None),
    "prov_share_hi": ("Synthetic share of the record, at most.", None),
    "prov_process": ("How the synthetic part was made.", "prov:wasGeneratedBy"),
    "prov_generator": ("The model that the synthetic part is attributed to.", None),
    "prov_depth": ("Generative steps back to human text, at least.", None),
    "prov_split": ("The split that the record is in.", None),
}
"""Description and equivalent property of each column that an export adds."""

_SAFE = re.compile(r"[A-Za-z0-9_.-]+")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def distribution(evidence: ReleaseEvidence, address: str | None) -> list[Node]:
    """Describe the files, each with its digest.

    Args:
        evidence: of the release.
        address: URL below which the files are published; ``None`` if in the document's folder.
    """
    return [
        {
            "@type": "cr:FileObject",
            "@id": name,
            "name": PurePosixPath(file.path).name,
            "description": f"{file.rows:,} records of {evidence.release}",
            "contentUrl": _address(file, address),
            "contentSize": f"{file.bytes} B",
            "encodingFormat": MEDIA[file.format],
            "sha256": file.sha256,
        }
        for file, name in zip(evidence.files, _file_ids(evidence.files), strict=True)
    ]


def _address(file: ReleaseFile, address: str | None) -> str:
    name = PurePosixPath(file.path).name
    return f"{address.rstrip('/')}/{quote(name)}" if address else file.path


def _file_ids(files: Sequence[ReleaseFile]) -> list[str]:
    return list(_ids((PurePosixPath(file.path).name for file in files), "file", set()))


def _ids(names: Iterable[str], kind: str, taken: set[str]) -> Iterator[str]:
    """Make unique ids: the names themselves where they are valid and not taken."""
    for number, name in enumerate(names, 1):
        found = name if _SAFE.fullmatch(name) and name not in taken else f"{kind}-{number}"
        while found in taken:
            found += "_"
        taken.add(found)
        yield found


def record_sets(evidence: ReleaseEvidence) -> list[Node]:
    """Describe the rows of each file field by field, those about the origin included."""
    files = evidence.files
    file_ids = _file_ids(files)
    stems = (PurePosixPath(file.path).stem for file in files)
    set_ids = _ids(stems, "records", set(file_ids))
    once = evidence.records == evidence.totals["records"]
    return [
        _record_set(file, file_id, set_id, once=once)
        for file, file_id, set_id in zip(files, file_ids, set_ids, strict=True)
    ]


def _record_set(file: ReleaseFile, file_id: str, set_id: str, *, once: bool) -> Node:
    names = _ids((column.name for column in file.columns), "field", set())
    fields = [
        (column, _field(column, file_id, f"{set_id}/{name}"))
        for column, name in zip(file.columns, names, strict=True)
    ]
    key = next((field["@id"] for column, field in fields if field and column.name == "prov_id"), "")
    return {
        "@type": "cr:RecordSet",
        "@id": set_id,
        "name": PurePosixPath(file.path).stem,
        "description": f"The {file.rows:,} rows of {PurePosixPath(file.path).name}.",
        "dataType": "prov:Entity",
        # A record that the release repeats has several rows, so that its id is not a key.
        **non_empty(key={"@id": key} if key and once else None),
        "field": [field for _, field in fields if field],
    }


def _field(column: Column, file_id: str, field_id: str) -> Node | None:
    """Describe a column as a field; ``None`` where Croissant has no type for its values."""
    about, property_ = ORIGIN.get(column.name, (None, None))
    head = {
        "@type": "cr:Field",
        "@id": field_id,
        "name": column.name,
        **non_empty(description=about, equivalentProperty=property_),
        **({"isArray": True, "arrayShape": "-1"} if column.repeated else {}),
    }
    source: Node = {"fileObject": {"@id": file_id}, "extract": {"column": column.name}}
    if column.type in TYPES:
        return {**head, "dataType": TYPES[column.type], "source": source}
    leaves = [one for one in column.members if _is_leaf(one)]
    if not leaves:
        return None
    names = _ids((one.name for one in leaves), "field", set())
    return {
        **head,
        "subField": [
            _leaf(one, f"{field_id}/{name}", source)
            for one, name in zip(leaves, names, strict=True)
        ],
    }


def _is_leaf(column: Column) -> bool:
    """Whether a column can be a nested field: of a plain type, with a name valid in a path."""
    return column.type in TYPES and bool(_PLAIN.fullmatch(column.name))


def _leaf(column: Column, field_id: str, source: Node) -> Node:
    return {
        "@type": "cr:Field",
        "@id": field_id,
        "name": column.name,
        "dataType": TYPES[column.type],
        **({"isArray": True, "arrayShape": "-1"} if column.repeated else {}),
        "source": {**source, "transform": {"jsonPath": column.name}},
    }


def left_out(files: Iterable[ReleaseFile]) -> list[str]:
    """List the columns, or members of columns, without a field."""
    found: dict[str, None] = {}
    for column in (column for file in files for column in file.columns):
        if column.type == "object":
            lost = [f"{column.name}.{one.name}" for one in column.members if not _is_leaf(one)]
            found |= dict.fromkeys(lost if column.members else [column.name])
        elif column.type not in TYPES:
            found[column.name] = None
    return list(found)
