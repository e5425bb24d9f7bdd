"""Export a release: write its data to new files, verifying every digest."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.errors import GateError, MisuseError, StorageError
from provenance.io.contract.reader import ReadLayout
from provenance.io.exports.added_columns import columns_left_out, drop_export_members
from provenance.io.exports.dataset_card import write_card
from provenance.io.exports.digest_check import ExpectedDigests
from provenance.io.exports.export_plan import ExportPlan
from provenance.io.exports.to_json_lines import JsonLinesExport
from provenance.io.exports.to_parquet import ParquetExport
from provenance.io.files import file_sha256
from provenance.io.new_folder import new_folder
from provenance.model.base import Contract
from provenance.operations.members.of_release import release_members
from provenance.operations.members.readings import readings
from provenance.operations.members.relation import MEMBERS
from provenance.operations.members.reread import Reread, reread
from provenance.store.connection import Database
from provenance.store.ledger_store import Store

Format = Literal["parquet", "jsonl"]

_ADDED = {
    "prov_id": ("digest", pa.string()),
    "prov_source": ("source", pa.string()),
    "prov_label": ("label", pa.string()),
    "prov_share_lo": (
        "CASE WHEN bytes = 0 THEN lo_records ELSE round(lo_bytes / bytes, 6) END",
        pa.float64(),
    ),
    "prov_share_hi": (
        "CASE WHEN bytes = 0 THEN hi_records ELSE round(hi_bytes / bytes, 6) END",
        pa.float64(),
    ),
    "prov_process": ("process", pa.string()),
    "prov_generator": ("generator", pa.string()),
    "prov_depth": ("depth", pa.int64()),
    "prov_split": ("split", pa.string()),
}
"""Columns that are added to every row: SQL over the members relation, and type."""

_FILE_COLUMNS = "weight, coalesce(split, 'data') AS file"
_AS_JSON = "json_object({})::VARCHAR AS ours".format(
    ", ".join(f"'{name}', {sql}" for name, (sql, _) in _ADDED.items())
)
_AS_COLUMNS = ", ".join(f"{sql} AS {name}" for name, (sql, _) in _ADDED.items())
_SCHEMA = pa.schema([(name, kind) for name, (_, kind) in _ADDED.items()])


class ExportedFile(Contract):
    """One file of an export."""

    path: str
    rows: int
    bytes: int
    sha256: str


class UntypedColumn(Contract):
    """A column that was written as JSON text, and why no other type fits."""

    name: str
    reason: str


class RenamedColumn(Contract):
    """A column that was renamed because its name was taken."""

    source: str
    name: str


class LeftOutColumn(Contract):
    """A source column with a reserved name, which was left out, and its number of values."""

    source: str
    rows: int


class ExportSummary(Contract):
    """The written files, and all deviations from the source data."""

    release: str
    directory: str
    format: str
    rows: int
    files: tuple[ExportedFile, ...]
    as_json_text: tuple[UntypedColumn, ...] = ()
    renamed: tuple[RenamedColumn, ...] = ()
    left_out: tuple[LeftOutColumn, ...] = ()


def export(
    store: Store,
    release: str,
    directory: Path,
    form: Format,
    roots: Mapping[str, str] | None = None,
    *,
    allow_revoked: bool = False,
) -> ExportSummary:
    """Write the records of a release as training data: original fields and origin columns.

    A record of weight W is written W times. Each split is one file; the folder ``_manifest/`` holds
    the manifest as JSON and the members as Parquet.

    Args:
        allow_revoked: also write records that were revoked after sealing.

    Raises:
        MisuseError: there is no such format, the directory is not empty, or a record is binary and
            has no row.
        GateError: the release contains revoked records.
        NotFoundError, IntegrityError: a source file is missing or changed; nothing is written.
    """
    if form not in get_args(Format):
        names = ", ".join(get_args(Format))
        raise MisuseError(f"there is no export format {form!r}", hint=f"the formats are: {names}")
    with new_folder(directory, "--to") as staging, store.snapshot() as connection:
        release_members(connection, release, today=False)
        if not allow_revoked:
            _refuse_revoked(connection, release)
        work = staging / ".work"
        work.mkdir()
        job = _Job(connection, staging, work, roots or {})
        try:
            with ExpectedDigests(work) as expected:
                counts, plan = job.lines(expected) if form == "jsonl" else job.columns(expected)
        except OSError as error:
            raise StorageError(f"writing below `{staging}` failed: {error.strerror}") from error
        shutil.rmtree(work)
        files = [_described(staging / f"{name}.{form}", counts[name]) for name in sorted(counts)]
        _write_manifest(connection, release, staging / "_manifest")
        write_card(staging, [file.path for file in files], split=counts.keys() != {"data"})
    return ExportSummary(
        release=release,
        directory=str(directory),
        format=form,
        rows=sum(file.rows for file in files),
        files=tuple(files),
        **_deviations(plan, job.left_out),
    )


def _refuse_revoked(connection: Database, release: str) -> None:
    row = connection.execute(
        f"SELECT count(*) FROM {MEMBERS} SEMI JOIN revoked USING (record_id)"
    ).fetchone()
    if row and row[0]:
        raise GateError(
            f"release `{release}` contains {row[0]:,} revoked records; nothing was written",
            hint="assemble a new release, or use `--allow-revoked`",
        )


class _Job:
    """One export: read rows, write them, and verify the written files.

    Attributes:
        left_out: number of values by source column with a reserved name.
    """

    def __init__(
        self,
        connection: Database,
        staging: Path,
        work: Path,
        roots: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._staging = staging
        self._work = work
        self._roots = roots
        self.left_out: Counter[str] = Counter()

    def lines(self, expected: ExpectedDigests) -> tuple[Mapping[str, int], ExportPlan | None]:
        """Write JSON lines; return the number of rows by file."""
        with JsonLinesExport(self._staging, expected) as target:
            for rows in self._rows(_AS_JSON, typed=False):
                ours = rows.members.column("ours").combine_chunks()
                target.add(rows.layout, rows.original, ours, rows.files, rows.digests)
        for name in target.counts:
            expected.check(name, self._staging / f"{name}.jsonl", "jsonl")
        return target.counts, None

    def columns(self, expected: ExpectedDigests) -> tuple[Mapping[str, int], ExportPlan | None]:
        """Write Parquet; return the number of rows by file, and the common columns."""
        counts: dict[str, int] = {}
        with ParquetExport(self._work, _SCHEMA) as target:
            for rows in self._rows(_AS_COLUMNS, typed=True):
                ours = rows.members.select(_SCHEMA.names).cast(_SCHEMA)
                target.add(rows.layout, rows.original, ours, rows.files)
                for name in pc.unique(rows.files).to_pylist():
                    mine = rows.digests.filter(pc.equal(rows.files, name))
                    expected.add(name, rows.layout, mine)
            plan = target.plan()
            for name in target.splits:
                path = self._staging / f"{name}.parquet"
                counts[name] = target.write(name, plan, path)
                expected.check(name, path, "parquet")
        return counts, plan

    def _rows(self, ours: str, *, typed: bool) -> Iterator[_Rows]:
        parts = reread(
            self._connection,
            readings(self._connection, self._roots),
            f"{ours}, {_FILE_COLUMNS}",
            original=True,
            typed=typed,
            roots=self._roots,
        )
        for part in parts:
            rows = _repeated(part)
            for name in pc.unique(rows.files).to_pylist():
                _require_file_name(name)
            yield self._cleaned(rows)

    def _cleaned(self, rows: _Rows) -> _Rows:
        content = rows.layout.content
        if isinstance(rows.original, pa.RecordBatch):
            self.left_out += columns_left_out(rows.original, content)
            return rows
        lines, left_out = drop_export_members(rows.original, content)
        self.left_out += left_out
        return replace(rows, original=lines)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows to write, repeated by weight.

    Attributes:
        original: the source rows, as JSON text or columns.
        members: their origin columns.
        files, digests: target file name and digest by row.
    """

    layout: ReadLayout
    original: pa.Array | pa.RecordBatch
    members: pa.Table
    files: pa.Array
    digests: pa.Array


def _repeated(part: Reread) -> _Rows:
    batch, layout = part.batch, part.layout
    original = batch.original if batch.typed is None else batch.typed
    if original is None or layout.kind == "binary":
        raise MisuseError(
            f"{part.reading.item.uri}: binary records have no rows to export",
            hint="select other sources; the manifest lists where the files are",
        )
    weights = part.members.column("weight").to_numpy()
    repeated = pa.array(np.repeat(np.arange(len(weights)), weights))
    members = part.members.take(repeated)
    return _Rows(
        layout,
        original.take(repeated),
        members,
        members.column("file").combine_chunks(),
        part.digests.take(repeated),
    )


def _require_file_name(split: str) -> None:
    if "/" in split or split.startswith("."):
        raise MisuseError(f"the split name `{split}` is not a valid file name")


def _described(path: Path, rows: int) -> ExportedFile:
    return ExportedFile(
        path=path.name, rows=rows, bytes=path.stat().st_size, sha256=file_sha256(path)
    )


def _deviations(plan: ExportPlan | None, left_out: Counter[str]) -> dict[str, Any]:
    """Collect the deviations from the source data."""
    columns = plan.columns if plan else ()
    return {
        "as_json_text": tuple(
            UntypedColumn(name=c.name, reason=c.untyped) for c in columns if c.type is None
        ),
        "renamed": tuple(
            RenamedColumn(source=c.source, name=c.name) for c in columns if c.source != c.name
        ),
        "left_out": tuple(LeftOutColumn(source=n, rows=c) for n, c in sorted(left_out.items())),
    }


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
