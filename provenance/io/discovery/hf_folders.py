"""Recognise folders made by Hugging Face tools, and tell which of their files are data."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from provenance.errors import InputError
from provenance.io.discovery.file_names import Refused, Skipped

_REPOSITORY = re.compile(r"(dataset|model|space)s--.+")
"""Name of a repository in the hub cache (`huggingface_hub`, "Understand caching")."""

_IN_REPOSITORY = frozenset({"blobs", "refs", ".no_exist"})
_BETWEEN = re.compile(r"version\w*\.txt|CACHEDIR\.TAG")
"""Files of the hub cache next to its repositories."""

_MAKER = "the Hugging Face cache"
_MOST_STATE = 1 << 20
_CHOSEN = ("_indices_data_files", "_indices_files")
"""Members of ``state.json`` that name the files of an order of rows, newest name first."""

Aside = dict[str, Skipped | Refused]


def non_data_entries(folder: str, names: Sequence[str]) -> Aside:
    """Map the entries of a folder that are no data, by the tool that made the folder.

    Data files that are listed but missing, or that cannot be read correctly, are refused.

    Args:
        folder: its path.
        names: what is in it.
    """
    name = os.path.basename(folder.rstrip("/"))
    kind = _REPOSITORY.fullmatch(name)
    if kind and "snapshots" in names:
        return _of_repository(folder, names, kind[1])
    above = os.path.basename(os.path.dirname(folder))
    if name == "snapshots" and _REPOSITORY.fullmatch(above):
        return _of_revisions(folder, names)
    if any(map(_REPOSITORY.fullmatch, names)):
        return _of_prepared(folder, names) | _files(folder, names)
    if "state.json" in names and "dataset_info.json" in names:
        return _of_saved(folder, names)
    return _of_prepared(folder, names)


def is_model(path: str) -> bool:
    """Check whether a path is in the repository of a model or a space."""
    pieces = os.path.abspath(path).split("/")
    kinds = (_REPOSITORY.fullmatch(piece) for piece in pieces)
    return any(kind and kind[1] != "dataset" for kind in kinds)


def blobs_read(path: str) -> frozenset[str]:
    """Return the real paths of blobs that are read or listed through links of snapshots.

    Args:
        path: the ``blobs`` of the repository of a data set, or a revision that is not read;
            nothing is of any other folder.
    """
    folder, name = os.path.split(os.path.abspath(path))
    is_blobs = name == "blobs"
    repository = folder if is_blobs else os.path.dirname(folder)
    kind = _REPOSITORY.fullmatch(os.path.basename(repository))
    if (
        not kind
        or kind[1] != "dataset"
        or not (is_blobs or os.path.basename(folder) == "snapshots")
    ):
        return frozenset()
    snapshots = os.path.join(repository, "snapshots")
    try:
        revisions = sorted(os.listdir(snapshots))
    except OSError:
        return frozenset()
    # What only another revision leads to is listed there.
    others = {} if is_blobs else _of_revisions(snapshots, revisions)
    return frozenset(
        os.path.realpath(os.path.join(below, file))
        for revision in revisions
        if revision not in others
        for below, _, files in os.walk(os.path.join(snapshots, revision))
        for file in files
    )


def _skipped(folder: str, names: Sequence[str], reason: str) -> Aside:
    return {name: Skipped(_shown(folder, name), reason) for name in names}


def _shown(folder: str, name: str) -> str:
    path = os.path.abspath(os.path.join(folder, name))
    return path.encode("utf-8", "backslashreplace").decode()


def _of_repository(folder: str, names: Sequence[str], kind: str) -> Aside:
    if kind != "dataset":
        return _skipped(folder, names, f"a {kind} in {_MAKER}")
    rest = [name for name in names if name in _IN_REPOSITORY]
    return _skipped(folder, rest, f"part of {_MAKER}: its snapshots are read")


def _of_revisions(folder: str, names: Sequence[str]) -> Aside:
    """Of several revisions of a data set, keep the main one."""
    if len(names) < 2:
        return {}
    try:
        main = (Path(folder).parent / "refs" / "main").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        main = ""
    others = [name for name in names if name != main]
    if main in names:
        return _skipped(folder, others, "another revision than the main one: name it to read it")
    error = InputError(
        f"{len(names)} revisions of a data set and none is marked as the main one: {folder}",
        hint=f"name one of {', '.join(names[:3])}",
    )
    return {name: Refused(_shown(folder, name), error) for name in names}


def _files(folder: str, names: Sequence[str]) -> Aside:
    """List the files that the hub cache keeps between its repositories."""
    files = [name for name in names if _BETWEEN.fullmatch(name)]
    return _skipped(folder, files, f"part of {_MAKER}")


def _of_saved(folder: str, names: Sequence[str]) -> Aside:
    """Handle a data set written by ``save_to_disk``: its state lists the data files."""
    state = _state(folder)
    if state is None:
        return {}
    listed = _named(state.get("_data_files"))
    tables = [name for name in names if name.endswith(".arrow") and name not in listed]
    caches = [name for name in tables if name.startswith("cache-")]
    rest = [name for name in tables if name not in caches]
    found = _skipped(folder, rest, "not among the data files that state.json names")
    chosen = [name for member in _CHOSEN for name in _named(state.get(member))]
    for name in listed:
        why = ""
        if chosen:
            why = f"its rows are chosen and ordered by {', '.join(chosen[:3])}, which is not read"
        elif name not in names:
            why = "state.json names it as data, and it is not here"
        if why:
            hint = "save the data set again after `flatten_indices()`" if chosen else "fetch it"
            error = InputError(f"{_shown(folder, name)}: {why}", hint=hint)
            found[name] = Refused(_shown(folder, name), error)
    return found


def _state(folder: str) -> dict[str, Any] | None:
    try:
        with open(os.path.join(folder, "state.json"), "rb") as stream:
            state = json.loads(stream.read(_MOST_STATE))
    except (OSError, ValueError, RecursionError):
        return None
    return state if isinstance(state, dict) and isinstance(state.get("_data_files"), list) else None


def _named(files: Any) -> list[str]:
    """Extract the names from a list of files, as any version of ``datasets`` writes it."""
    if not isinstance(files, list):
        return []
    names = [each.get("filename") if isinstance(each, dict) else each for each in files]
    return [name for name in names if isinstance(name, str) and name]


def _of_prepared(folder: str, names: Sequence[str]) -> Aside:
    """List what ``datasets`` keeps next to the data that it prepared from downloads."""
    found = _skipped(
        folder,
        [name for name in names if name.endswith(".incomplete")],
        "an unfinished download",
    )
    if "downloads" in names and any("___" in name for name in names):
        found |= _skipped(folder, ["downloads"], "what the data beside it was made from")
    return found
