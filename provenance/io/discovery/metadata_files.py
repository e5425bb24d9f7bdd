"""Recognise by their content the metadata files that tools write next to data."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa

from provenance.io.discovery import prov_files

LARGEST = 4 << 20
"""A longer document is no metadata file."""

_HINTS = re.compile(
    rb'"(?:_fingerprint|splits|features|builder_name|config_name|nbformat|dataset_size|etag)"'
)
_SPLIT = re.compile(r"\w+(?:\.\w+)*")
"""Names of splits that ``datasets`` accepts."""

_LONGEST_WORD = 256

# Members as ``datasets`` writes them: ``Dataset.save_to_disk`` and ``DatasetInfo``.
_STATE = frozenset(
    [
        "_data_files",
        "_fingerprint",
        "_format_columns",
        "_format_kwargs",
        "_format_type",
        "_output_all_columns",
        "_split",
        "_indexes",
        "_indices_data_files",
        "_indices_files",
    ]
)
_INFO = frozenset(
    [
        "description",
        "citation",
        "homepage",
        "license",
        "features",
        "post_processed",
        "supervised_keys",
        "task_templates",
        "builder_name",
        "dataset_name",
        "config_name",
        "version",
        "splits",
        "download_checksums",
        "download_size",
        "post_processing_size",
        "dataset_size",
        "size_in_bytes",
    ]
)
_OF_SPLIT = frozenset(
    [
        "name",
        "num_bytes",
        "num_examples",
        "shard_lengths",
        "original_shard_lengths",
        "dataset_name",
        "_type",
    ]
)


def is_metadata_file(path: Path, head: bytes) -> bool:
    """Check whether a file describes data, or is derived from it, and holds no record of its own.

    Such files are ``state.json``, ``dataset_info.json``, ``dataset_infos.json`` and
    ``dataset_dict.json`` of ``datasets``, notebooks, the manifest and the schemas of this program,
    a Parquet file that has only a footer (``_metadata``), the list of the members of a release, and
    an Arrow file with only an order of rows (``cache-*.arrow``).

    Args:
        head: its first bytes, not compressed.
    """
    if head[:4] == b"PAR1":
        return _is_footer(path) or prov_files.is_members_file(path)
    if head[:6] == b"ARROW1" or head[:4] == b"\xff\xff\xff\xff":
        return _is_order(path)
    hinted = _HINTS.search(head) or prov_files.HINT.search(head) or head.split() == [b"{}"]
    if head.lstrip()[:1] != b"{" or not hinted:
        return False
    if path.stat().st_size > LARGEST:
        return False
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return is_metadata_document(document)


def is_metadata_document(document: Any) -> bool:
    """Check whether a JSON document has the members of such a file, and no records.

    >>> is_metadata_document({"splits": ["train"]})
    True
    >>> is_metadata_document({"splits": ["I am a text."]})
    False
    """
    if not isinstance(document, dict):
        return False
    if not document:
        return True
    kinds = (_is_splits, _is_state, _is_info, _is_infos, _is_notebook, _is_download)
    return any(kind(document) for kind in kinds) or prov_files.is_prov_document(document)


def _is_splits(document: dict[str, Any]) -> bool:
    splits = document.get("splits")
    return (
        set(document) == {"splits"}
        and isinstance(splits, list)
        and all(isinstance(name, str) and _SPLIT.fullmatch(name) for name in splits)
    )


def _is_state(document: dict[str, Any]) -> bool:
    files = document.get("_data_files")
    return (
        {"_data_files", "_fingerprint"} <= set(document) <= _STATE
        and isinstance(files, list)
        and all(isinstance(file, dict) and set(file) == {"filename"} for file in files)
        and _says_little({**document, "_data_files": [file["filename"] for file in files]})
    )


def _is_info(document: dict[str, Any]) -> bool:
    splits, features = document.get("splits"), document.get("features")
    if not set(document) <= _INFO or not {"features", "splits", "builder_name"} & set(document):
        return False
    if not isinstance(splits or {}, dict) or not isinstance(features or {}, dict):
        return False
    for split in (splits or {}).values():
        if not isinstance(split, dict) or not set(split) <= _OF_SPLIT:
            return False
    texts = ("description", "citation", "homepage", "license")
    if not all(isinstance(document.get(name) or "", str) for name in texts):
        return False
    return _says_little({name: value for name, value in document.items() if name not in texts})


def _is_infos(document: dict[str, Any]) -> bool:
    return all(
        isinstance(info, dict) and bool(info) and _is_info(info) for info in document.values()
    )


def _is_notebook(document: dict[str, Any]) -> bool:
    return isinstance(document.get("nbformat"), int) and set(document) <= {
        *("cells", "metadata", "nbformat", "nbformat_minor")
    }


def _is_download(document: dict[str, Any]) -> bool:
    """Check for the origin of a download, which ``datasets`` writes next to it."""
    words = [value for value in document.values() if value is not None]
    return set(document) == {"url", "etag"} and all(
        isinstance(word, str) and not re.search(r"\s", word) for word in words
    )


def _says_little(value: Any) -> bool:
    """Check that a value holds neither a list of objects nor a long text."""
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            stack += each.values()
        elif isinstance(each, list):
            if sum(isinstance(one, dict) for one in each) > 1:
                return False
            stack += each
        elif isinstance(each, str) and len(each) > _LONGEST_WORD:
            return False
    return True


def _is_footer(path: Path) -> bool:
    """Check whether a Parquet file has only a footer and no page."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size < 12:
            return False
        file.seek(size - 8)
        tail = file.read(8)
    return tail[4:] == b"PAR1" and int.from_bytes(tail[:4], "little") == size - 12


def _is_order(path: Path) -> bool:
    """Check whether an Arrow file has only the order of rows that ``datasets`` caches."""
    try:
        with pa.OSFile(str(path)) as file:
            magic = file.read(6)
            file.seek(0)
            form = pa.ipc.open_file if magic == b"ARROW1" else pa.ipc.open_stream
            schema = form(file).schema
    except (pa.ArrowException, OSError, ValueError):
        return False
    return bool(schema.names == ["indices"] and pa.types.is_integer(schema.types[0]))
