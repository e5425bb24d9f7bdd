"""Write the data of a release out again, every digest checked, all of it or nothing."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.errors import GateError, MisuseError, StorageError
from provenance.io.contract.reader import Layout
from provenance.io.exports.added_columns import columns_left_out, without_ours
from provenance.io.exports.dataset_card import write_card
from provenance.io.exports.digest_check import Expected
from provenance.io.exports.json_lines import LinesExport
from provenance.io.exports.plan import Plan
from provenance.io.exports.to_parquet import ColumnarExport
from provenance.io.files import file_sha256
from provenance.io.new_folder import new_folder
from provenance.model.base import Contract
from provenance.operations.members.reader_options import readings
from provenance.operations.members.relation import MEMBERS, release_members
from provenance.operations.members.reread import Reread, reread
from provenance.store.connection import Database
from provenance.store.ledger_store import Store

Format = Literal["parquet", "jsonl"]

_OURS = {
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
"""What is added to every row: SQL over the members relation, and its type."""

_PLACE = "weight, coalesce(split, 'data') AS file"
_AS_JSON = "json_object({})::VARCHAR AS ours".format(
    ", ".join(f"'{name}', {sql}" for name, (sql, _) in _OURS.items())
)
_AS_COLUMNS = ", ".join(f"{sql} AS {name}" for name, (sql, _) in _OURS.items())
_SCHEMA = pa.schema([(name, kind) for name, (_, kind) in _OURS.items()])


class ExportedFile(Contract):
    """One file of an export."""

    path: str
    rows: int
    bytes: int
    sha256: str


class UntypedColumn(Contract):
    """A column that went out as JSON text, and why no type holds it."""

    name: str
    reason: str


class RenamedColumn(Contract):
    """A column that could not keep its name, for another has it."""

    source: str
    name: str


class LeftOutColumn(Contract):
    """A column of a source that bears a name of ours, and how many rows had a value in it."""

    source: str
    rows: int


class ExportSummary(Contract):
    """What an export wrote, and what of it is not as the sources have it."""

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
        work = staging / ".work"
        work.mkdir()
        job = _Job(connection, staging, work, roots or {})
        try:
            with Expected(work) as expected:
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
        **_noted(plan, job.left_out),
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


class _Job:
    """One export: rows are read, written, and what was written is checked.

    Attributes:
        left_out: columns of sources that bore names of ours.
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

    def lines(self, expected: Expected) -> tuple[Mapping[str, int], Plan | None]:
        """Write JSON lines; how many rows each file has."""
        with LinesExport(self._staging, expected) as target:
            for rows in self._rows(_AS_JSON, typed=False):
                ours = rows.members.column("ours").combine_chunks()
                target.add(rows.layout, rows.original, ours, rows.files, rows.digests)
        for name in target.counts:
            expected.check(name, self._staging / f"{name}.jsonl", "jsonl")
        return target.counts, None

    def columns(self, expected: Expected) -> tuple[Mapping[str, int], Plan | None]:
        """Write Parquet; how many rows each file has, and which columns all of them have."""
        counts: dict[str, int] = {}
        with ColumnarExport(self._work, _SCHEMA) as target:
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
            f"{ours}, {_PLACE}",
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
        lines, left_out = without_ours(rows.original, content)
        self.left_out += left_out
        return replace(rows, original=lines)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows to write, each as often as its weight says.

    Attributes:
        original: as the source has them, JSON text or columns.
        members: what is known of them.
        files, digests: of each the name of the file that it goes to, and its digest.
    """

    layout: Layout
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
    places = pa.array(np.repeat(np.arange(len(weights)), weights))
    members = part.members.take(places)
    return _Rows(
        layout,
        original.take(places),
        members,
        members.column("file").combine_chunks(),
        part.digests.take(places),
    )


def _require_file_name(split: str) -> None:
    if "/" in split or split.startswith("."):
        raise MisuseError(f"a split named `{split}` cannot be a file")


def _described(path: Path, rows: int) -> ExportedFile:
    return ExportedFile(
        path=path.name, rows=rows, bytes=path.stat().st_size, sha256=file_sha256(path)
    )


def _noted(plan: Plan | None, left_out: Counter[str]) -> dict[str, Any]:
    """What is not as the sources have it."""
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
