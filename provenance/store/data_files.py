"""Write data files: Parquet with page checksums, synced, hashed, then renamed into place."""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import IntegrityError
from provenance.io import objects
from provenance.io.files import file_sha256, storage_errors, sync_folder
from provenance.io.objects import Location
from provenance.store.layout import Layout
from provenance.store.schema import TABLES

# Hashes do not compress and do not repeat: trying to costs more than all the rest of the write.
_RANDOM = frozenset({"record_id", "digest_rest", "norm_id", "key", "child", "parent", "way"})

# What is sorted by an id is looked up by it: the smaller its row groups, the less is read.
_ROW_GROUP = {"edges_up": 32_768, "edges_down": 32_768}

# The catalog copies statistics, the least and the largest value among them, and keeps them for
# good: words about people have none, so that they stand in parts only, which a purge can replace.
_PERSONAL = frozenset(
    {"external_id", "attributes", "parent_ref", "child_ref", "said"}
    | {"takedown", "reason", "requested_by", "receipt"}
)


@dataclass(frozen=True, slots=True)
class DataFile:
    """A finished file of one table, not yet registered."""

    table: str
    path: str
    rows: int
    bytes: int
    sha256: str

    def entry(self) -> dict[str, Any]:
        """The part as the commits table lists it; the name says where it is."""
        listed = asdict(self)
        del listed["path"]
        return listed


class DataFileWriter:
    """Writes one part; nothing is visible under its final name before ``finish``."""

    def __init__(self, layout: Layout, table: str, commit_id: uuid.UUID | None) -> None:
        """Begin a part.

        Args:
            commit_id: the commit of all rows; ``None`` where each row brings its own.
        """
        self._layout = layout
        self._name = table
        self._schema = TABLES[table]
        self._commit = None if commit_id is None else pa.scalar(commit_id.bytes, pa.binary(16))
        self._staging = layout.staging(layout.table(table), uuid.uuid4().hex)
        self.rows = 0
        with storage_errors(self._staging):
            made = _make_folder(self._staging.parent)
            self._file = self._staging.open("xb")
        self._made = made
        plain = [f.name for f in self._schema if f.name in _RANDOM]
        self._writer = pq.ParquetWriter(
            self._file,
            self._schema,
            compression={f.name: "none" if f.name in plain else "zstd" for f in self._schema},
            compression_level={f.name: 1 for f in self._schema if f.name not in plain},
            use_dictionary=[f.name for f in self._schema if f.name not in plain],
            write_statistics=[f.name for f in self._schema if f.name not in _PERSONAL],
            write_page_checksum=True,
            store_schema=True,
        )

    def write(self, columns: dict[str, pa.Array] | pa.Table | pa.RecordBatch) -> None:
        """Append rows; the columns are all of the table's, ``commit_id`` only where it differs."""
        table = pa.table(columns)
        if table.num_rows == 0:
            return
        if self._commit is not None:
            commit = pa.repeat(self._commit, table.num_rows)
            own = pa.ExtensionArray.from_storage(pa.uuid(), commit)
            table = table.add_column(0, "commit_id", own)
        with storage_errors(self._staging):
            self._writer.write_table(conform(table, self._schema), _ROW_GROUP.get(self._name))
        self.rows += table.num_rows

    def write_rows(self, rows: list[dict[str, Any]]) -> None:
        """Append a few rows, given as mappings; a column that a row does not name is null."""
        fields = [f for f in self._schema if self._commit is None or f.name != "commit_id"]
        self.write({f.name: _column([row.get(f.name) for row in rows], f) for f in fields})

    def finish(self) -> DataFile | None:
        """Sync, hash and name the part; ``None`` when it has no rows."""
        with storage_errors(self._staging):
            self._writer.close()
            if self.rows == 0:
                self._file.close()
                self._staging.unlink()
                return None
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            sha256 = file_sha256(self._staging)
            size = self._staging.stat().st_size
            final = self._layout.data_file(self._name, sha256)
            publish(self._staging, final)
            for folder in self._made:
                sync_folder(folder)
            return DataFile(self._name, str(final), self.rows, size, sha256)

    def discard(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError, pa.ArrowInvalid):
            self._writer.close()
        self._file.close()
        self._staging.unlink(missing_ok=True)


def write_data_file(
    layout: Layout, table: str, commit_id: uuid.UUID | None, rows: list[dict[str, Any]]
) -> DataFile | None:
    """Write a few rows, given as mappings, as one part."""
    writer = DataFileWriter(layout, table, commit_id)
    try:
        if rows:
            writer.write_rows(rows)
        return writer.finish()
    except BaseException:
        writer.discard()
        raise


def _column(values: list[Any], field: pa.Field) -> pa.Array:
    if field.type == pa.uuid():
        raw = [value.bytes if value is not None else None for value in values]
        return pa.ExtensionArray.from_storage(pa.uuid(), pa.array(raw, pa.binary(16)))
    return pa.array(values, field.type)


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with exactly the declared columns and types, which is what DuckLake accepts."""
    missing = [name for name in schema.names if name not in table.column_names]
    if missing:
        raise ValueError(f"columns are missing: {', '.join(missing)}")
    columns = []
    for field in schema:
        column = table.column(field.name)
        if column.type != field.type:
            column = _as_uuid(column) if field.type == pa.uuid() else column.cast(field.type)
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=schema)


def _as_uuid(column: pa.ChunkedArray) -> pa.ChunkedArray:
    chunks = [
        pa.ExtensionArray.from_storage(pa.uuid(), chunk.cast(pa.binary(16)))
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, pa.uuid())


def publish(staging: Path, final: Path | Location) -> None:
    """Give a synced file its place, where it is whole from the first moment on."""
    if isinstance(final, Path):
        staging.rename(final)
        sync_folder(final.parent)
    else:
        objects.upload(staging, final)
        staging.unlink()


def delete(place: Path | Location) -> None:
    """Take a file out of its place, if it is there."""
    if isinstance(place, Path):
        place.unlink(missing_ok=True)
    else:
        objects.remove(place)


def parse_path(path: str) -> Path | Location:
    """The place of a part by its written path."""
    return objects.parse_url(path) if objects.is_url(path) else Path(path)


def read_data_file(path: str, columns: list[str]) -> pa.Table:
    """Some columns of a part, as far as it has them: one of an older schema may lack some."""
    place = parse_path(path)
    source = place if isinstance(place, Path) else pa.BufferReader(objects.read(place))
    with pq.ParquetFile(source) as file:
        present = set(file.schema_arrow.names)
        return file.read([name for name in columns if name in present])


@contextlib.contextmanager
def local_copy(place: Path | Location) -> Iterator[Path]:
    """A part as a file on this disk: itself, or a copy of what its store holds.

    Raises:
        IntegrityError: the store holds none.
    """
    if isinstance(place, Path):
        yield place
        return
    stored = objects.find(place)
    if stored is None:
        raise _missing(place.name)
    with tempfile.TemporaryDirectory(prefix="prov-") as folder:
        path = Path(folder) / place.name
        objects.download(stored, path)
        yield path


def _missing(name: str) -> IntegrityError:
    return IntegrityError(f"part `{name}` is missing", hint="restore it from a copy")


def check_data_file(path: Path, *, rows: int, size: int, sha256: str) -> None:
    """Compare a registered part with what was recorded of it.

    Raises:
        IntegrityError: it is missing, or its size, bytes, checksums or rows differ.
    """
    name = path.name
    if not path.is_file():
        raise _missing(name)
    if path.stat().st_size != size:
        raise IntegrityError(
            f"part `{name}` has {path.stat().st_size} bytes, recorded are {size}",
            hint="restore it from a copy",
        )
    if file_sha256(path) != sha256:
        raise IntegrityError(
            f"part `{name}` is damaged: its SHA-256 differs", hint="restore it from a copy"
        )
    if pq.read_metadata(path).num_rows != rows:
        raise IntegrityError(f"part `{name}` does not hold the {rows} rows recorded")


def _make_folder(folder: Path) -> tuple[Path, ...]:
    """Make a folder; returns the parents that must be synced for it to survive a power cut."""
    if folder.is_dir():
        return ()
    above = [parent for parent in folder.parents if not parent.is_dir()]
    folder.mkdir(parents=True, exist_ok=True)
    return (*above, (above[-1] if above else folder).parent)
