"""Files that tools write beside data: told by what is in them, for a name can be borrowed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa

from provenance.io.discovery import prov_files

LARGEST = 4 << 20
"""A longer document is none of these."""

_HINTS = re.compile(
    rb'"(?:_fingerprint|splits|features|builder_name|config_name|nbformat|dataset_size|etag)"'
)
_SPLIT = re.compile(r"\w+(?:\.\w+)*")
"""What ``datasets`` takes for the name of a split."""

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


def describes(path: Path, head: bytes) -> bool:
    """Whether a file describes data, or is made of other data, and holds no record of its own.

    These do: ``state.json``, ``dataset_info.json``, ``dataset_infos.json``, ``dataset_dict.json``
    of ``datasets``, a notebook, the manifest and the schemas of this program, a Parquet file that
    is nothing but a footer (``_metadata``) or the list of the members of a release, and an
    Arrow file of nothing but an order of rows (``cache-*.arrow``).

    Args:
        head: its first bytes, not compressed.
    """
    if head[:4] == b"PAR1":
        return _is_footer(path) or prov_files.is_members(path)
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
    return is_description(document)


def is_description(document: Any) -> bool:
    """Whether a JSON document has the members of such a file, and nothing that may be records.

    >>> is_description({"splits": ["train"]}), is_description({"splits": ["I am a text."]})
    (True, False)
    """
    if not isinstance(document, dict):
        return False
    if not document:
        return True
    kinds = (_is_splits, _is_state, _is_info, _is_infos, _is_notebook, _is_download)
    return any(kind(document) for kind in kinds) or prov_files.is_ours(document)


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
    """Where a download is from, as ``datasets`` writes it beside each."""
    words = [value for value in document.values() if value is not None]
    return set(document) == {"url", "etag"} and all(
        isinstance(word, str) and not re.search(r"\s", word) for word in words
    )


def _says_little(value: Any) -> bool:
    """Whether there is neither a list of objects nor a text among the values."""
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
    """Whether between the two magics of a Parquet file there is its footer and no page."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size < 12:
            return False
        file.seek(size - 8)
        tail = file.read(8)
    return tail[4:] == b"PAR1" and int.from_bytes(tail[:4], "little") == size - 12


def _is_order(path: Path) -> bool:
    """Whether the one column of an Arrow file is the order of rows that ``datasets`` caches."""
    try:
        with pa.OSFile(str(path)) as file:
            magic = file.read(6)
            file.seek(0)
            form = pa.ipc.open_file if magic == b"ARROW1" else pa.ipc.open_stream
            schema = form(file).schema
    except (pa.ArrowException, OSError, ValueError):
        return False
    return bool(schema.names == ["indices"] and pa.types.is_integer(schema.types[0]))
