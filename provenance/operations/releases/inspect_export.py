"""Describe the files of an exported release, for reports."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from provenance.errors import InputError, IntegrityError, MisuseError, NotFoundError
from provenance.io.exports.inspect_columns import jsonl_columns, parquet_columns
from provenance.io.files import file_sha256
from provenance.model.manifest import Manifest
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.model.reports.release_file import ReleaseFile

_FORMATS: dict[str, Literal["parquet", "jsonl"]] = {".parquet": "parquet", ".jsonl": "jsonl"}


def exported_files(
    folder: Path, evidence: ReleaseEvidence, beside: Path | None = None
) -> tuple[ReleaseFile, ...]:
    """The data files of an export, by name; its manifest is checked to be that of the release.

    Args:
        beside: the folder from which they are named, if not the one that they lie in.

    Raises:
        NotFoundError: there is no such folder.
        MisuseError: it is not an export, or the export of another release.
        IntegrityError: its number of rows differs from the release.
        InputError: a file in it cannot be read.
    """
    _check_release(folder, evidence)
    try:
        paths = [path for path in sorted(folder.iterdir()) if path.suffix in _FORMATS]
        splits = bool(evidence.selection.splits)
        files = tuple(_described(path, beside or folder, split=splits) for path in paths)
    except OSError as error:
        raise InputError(f"`{folder}` cannot be read: {error.strerror or error}") from error
    rows = sum(file.rows for file in files)
    if rows != evidence.totals["records"]:
        raise IntegrityError(
            f"`{folder}` holds {rows:,} rows, and release `{evidence.release}` has "
            f"{evidence.totals['records']:,}",
            hint="export the release again to a new folder",
        )
    return files


def _check_release(folder: Path, evidence: ReleaseEvidence) -> None:
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder `{folder}`")
    again = f"`prov export {evidence.release} --to FOLDER` writes one"
    try:
        manifest = Manifest.model_validate_json(
            (folder / "_manifest" / "manifest.json").read_bytes()
        )
    except (OSError, ValidationError) as error:
        raise MisuseError(f"`{folder}` is not the folder of an export", hint=again) from error
    if manifest.body_digest != evidence.body_digest:
        raise MisuseError(
            f"`{folder}` holds release `{manifest.body.release}`, sealed as "
            f"{manifest.body_digest}, not `{evidence.release}`, sealed as {evidence.body_digest}",
            hint=again,
        )


def _described(path: Path, beside: Path, *, split: bool) -> ReleaseFile:
    form = _FORMATS[path.suffix]
    relative = os.path.relpath(os.path.realpath(path), os.path.realpath(beside))
    rows, columns = parquet_columns(path) if form == "parquet" else jsonl_columns(path)
    return ReleaseFile(
        path=Path(relative).as_posix(),
        format=form,
        split=path.stem if split else None,
        rows=rows,
        bytes=path.stat().st_size,
        sha256=file_sha256(path),
        columns=columns,
    )
