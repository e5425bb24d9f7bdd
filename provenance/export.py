"""Write the data of a release out again, every digest checked, all of it or nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Literal

import pyarrow as pa
import pyarrow.compute as pc

from provenance.errors import GateError, MisuseError, StorageError
from provenance.members import MEMBERS, release_members
from provenance.model.base import Contract
from provenance.new_folder import new_folder
from provenance.readers.columnar_export import jsonl_to_parquet
from provenance.reread import Reread, readings, reread
from provenance.store.catalogue import Database
from provenance.store.parts import file_sha256
from provenance.store.store import Store

Format = Literal["parquet", "jsonl"]

_ORIGIN = """json_object(
    'prov_id', digest, 'prov_source', source, 'prov_label', label,
    'prov_share_lo', CASE WHEN bytes = 0 THEN lo_records ELSE round(lo_bytes / bytes, 6) END,
    'prov_share_hi', CASE WHEN bytes = 0 THEN hi_records ELSE round(hi_bytes / bytes, 6) END,
    'prov_process', process, 'prov_generator', generator, 'prov_depth', depth,
    'prov_split', split)::VARCHAR AS origin, weight, coalesce(split, '') AS split"""

_ORIGIN_MARK = '"prov_'


class ExportedFile(Contract):
    """One file of an export."""

    path: str
    rows: int
    bytes: int
    sha256: str


class ExportSummary(Contract):
    """What an export wrote."""

    release: str
    directory: str
    format: str
    rows: int
    files: tuple[ExportedFile, ...]


def export(
    store: Store,
    release: str,
    directory: Path,
    form: Format,
    roots: Mapping[str, str] | None = None,
    *,
    allow_revoked: bool = False,
) -> ExportSummary:
    """Write the records of a release as training data: original fields, and what we know of them.

    A record of weight W is written W times. Each split is a file of its own; beside them,
    ``_manifest/`` holds the manifest as JSON and Parquet.

    Args:
        allow_revoked: write records that were revoked since the release was sealed, too.

    Raises:
        MisuseError: the directory is not empty, or a record has no rows to write (binary).
        GateError: it contains revoked records.
        NotFoundError, IntegrityError: a source file is gone or changed; nothing is written then.
    """
    with new_folder(directory, "--to") as staging, store.snapshot() as connection:
        release_members(connection, release, today=False)
        if not allow_revoked:
            _refuse_revoked(connection, release)
        counts = _write_lines(connection, staging, roots or {})
        files = [_finish(staging, name, rows, form) for name, rows in sorted(counts.items())]
        _write_manifest(connection, release, staging / "_manifest")
    return ExportSummary(
        release=release,
        directory=str(directory),
        format=form,
        rows=sum(file.rows for file in files),
        files=tuple(files),
    )


def _refuse_revoked(connection: Database, release: str) -> None:
    row = connection.execute(
        f"SELECT count(*) FROM {MEMBERS} SEMI JOIN revoked USING (record_id)"
    ).fetchone()
    if row and row[0]:
        raise GateError(
            f"release `{release}` contains {row[0]:,} revoked records; nothing was written",
            hint="assemble a new release, or say `--allow-revoked`",
        )


def _write_lines(connection: Database, staging: Path, roots: Mapping[str, str]) -> dict[str, int]:
    """One file of JSON lines per split; returns how many rows each has."""
    files: dict[str, BinaryIO] = {}
    counts: dict[str, int] = {}
    try:
        for part in reread(connection, readings(connection, roots), _ORIGIN, original=True):
            lines, splits = _lines(part)
            for split in pc.unique(splits).to_pylist():
                mine = lines.filter(pc.equal(splits, split))
                name = split or "data"
                if name not in files:
                    files[name] = (staging / f"{_safe(name)}.jsonl").open("xb")
                files[name].write("".join(f"{line}\n" for line in mine.to_pylist()).encode())
                counts[name] = counts.get(name, 0) + len(mine)
        for file in files.values():
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(f"writing below `{staging}` failed: {error.strerror}") from error
    finally:
        for file in files.values():
            file.close()
    return counts


def _safe(split: str) -> str:
    if "/" in split or split.startswith("."):
        raise MisuseError(f"a split named `{split}` cannot be a file")
    return split


def _lines(part: Reread) -> tuple[pa.Array, pa.Array]:
    """The rows as JSON text, our columns behind their own, repeated as their weight says."""
    if part.batch.original is None or part.reading.layout.kind == "binary":
        raise MisuseError(
            f"{part.reading.item.uri}: binary records have no rows to export",
            hint="select other sources; the manifest lists where the files are",
        )
    own = part.members.column("origin").combine_chunks()
    original = part.batch.original.cast(own.type)
    if pc.any(pc.match_substring(original, _ORIGIN_MARK)).as_py():
        original = pa.array([_without_ours(text) for text in original.to_pylist()], own.type)
    head = pc.utf8_rtrim(pc.utf8_slice_codeunits(pc.utf8_rtrim_whitespace(original), 0, -1), " ")
    comma = pc.if_else(pc.ends_with(head, "{"), "", ",")
    lines = pc.binary_join_element_wise(head, comma, pc.utf8_slice_codeunits(own, 1), "")
    weights = part.members.column("weight").combine_chunks()
    repeated = _repeat(weights)
    return lines.take(repeated), part.members.column("split").combine_chunks().take(repeated)


def _repeat(weights: pa.Array) -> pa.Array:
    import numpy as np

    counts = weights.to_numpy(zero_copy_only=False)
    return pa.array(np.repeat(np.arange(len(counts)), counts))


def _without_ours(text: str) -> str:
    import json

    row = json.loads(text)
    kept = {name: value for name, value in row.items() if not name.startswith("prov_")}
    return json.dumps(kept, ensure_ascii=False)


def _finish(staging: Path, name: str, rows: int, form: Format) -> ExportedFile:
    lines = staging / f"{_safe(name)}.jsonl"
    path = lines
    if form == "parquet":
        path = lines.with_suffix(".parquet")
        jsonl_to_parquet(lines, path)
        lines.unlink()
    return ExportedFile(
        path=path.name, rows=rows, bytes=path.stat().st_size, sha256=file_sha256(path)
    )


def _write_manifest(connection: Database, release: str, folder: Path) -> None:
    import pyarrow.parquet as pq

    folder.mkdir()
    row = connection.execute("SELECT manifest FROM releases WHERE name = ?", [release]).fetchone()
    (folder / "manifest.json").write_text(str(row[0]) + "\n" if row else "", encoding="utf-8")
    members = connection.execute(f"""
        SELECT record_id, digest, source, uri AS file, row, bytes, label, lo_bytes AS lo,
            hi_bytes AS hi, depth, weight, split
        FROM {MEMBERS} ORDER BY record_id""").to_arrow_reader(100_000)
    with pq.ParquetWriter(
        folder / "members.parquet", members.schema, write_page_checksum=True
    ) as writer:
        for batch in members:
            writer.write_batch(batch)
