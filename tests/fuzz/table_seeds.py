"""Small valid tables of formats that a library reads record by record, or batch by batch."""

from __future__ import annotations

import io
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import fastavro
from fuzz.rows import ROWS, START, plain_table
from pyarrow import orc


def orcs() -> list[bytes]:
    """Several compressions, and dictionaries or none."""
    found = []
    for codec in ("uncompressed", "zlib", "snappy", "lz4", "zstd"):
        out = io.BytesIO()
        orc.write_table(
            plain_table(),
            out,
            compression=codec,
            batch_size=5,
            dictionary_key_size_threshold=float(codec != "zlib"),
        )
        found.append(out.getvalue())
    return found


_SCHEMA = {
    "type": "record",
    "name": "row",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "text", "type": "string"},
        {"name": "model", "type": ["null", "string"]},
        {"name": "n", "type": "long"},
        {"name": "share", "type": "double"},
        {"name": "human", "type": "boolean"},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "meta", "type": {"type": "map", "values": ["string", "int"]}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "cost", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4}},
        {"name": "kind", "type": {"type": "enum", "name": "kind", "symbols": ["a", "b"]}},
        {"name": "raw", "type": {"type": "fixed", "name": "raw", "size": 3}},
        {"name": "next", "type": ["null", "row"]},
    ],
}


def avro() -> list[bytes]:
    """Every kind of type, in blocks of some rows, with each codec that needs no more libraries."""
    own: dict[str, Any] = {
        "at": START,
        "cost": Decimal(12),
        "kind": "b",
        "raw": b"\0\1\2",
        "next": None,
    }
    rows = [row | own | {"meta": {"lang": "en", "n": n}} for n, row in enumerate(ROWS)]
    rows[0]["next"] = rows[1]
    found = []
    for codec in ("null", "deflate", "bzip2", "xz"):
        out = io.BytesIO()
        marker = bytes(range(16))
        fastavro.writer(out, _SCHEMA, rows, codec, sync_interval=400, sync_marker=marker)
        found.append(out.getvalue())
    return found


_SQLITE = (
    ("CREATE TABLE t (id TEXT, text TEXT, model TEXT, n INTEGER, raw BLOB)",),
    ("PRAGMA encoding = 'UTF-16le'", "CREATE TABLE t (id TEXT, text, model, n REAL, raw)"),
    (
        "CREATE TABLE t (id TEXT PRIMARY KEY, text TEXT, model, n, raw, b AS (n)) WITHOUT ROWID",
        "CREATE INDEX i ON t (model)",
        "CREATE VIEW v AS SELECT * FROM t",
    ),
)


def sqlite() -> list[bytes]:
    """Small pages, so that there are several of them, and one text that takes more than a page."""
    rows = [(row["id"], row["text"], row["model"], row["n"], b"\0\xff") for row in ROWS]
    rows.append(("long", "word " * 300, None, 0, b"\0" * 600))
    found = []
    for statements in _SQLITE:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a"
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute("PRAGMA page_size = 512")
                for statement in statements:
                    connection.execute(statement)
                insert = "INSERT INTO t (id, text, model, n, raw) VALUES (?, ?, ?, ?, ?)"
                connection.executemany(insert, rows)
            found.append(path.read_bytes())
    return found


def databases() -> list[bytes]:
    """The smallest blocks that DuckDB has; it has checksums of them all."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        with duckdb.connect() as connection:
            connection.register("given", plain_table())
            connection.execute(f"ATTACH '{path}' AS made (BLOCK_SIZE 16384)")
            connection.execute("CREATE TABLE made.t AS SELECT * FROM given")
            connection.execute("DETACH made")
        return [path.read_bytes()]


@cache
def lance_folder() -> dict[str, bytes]:
    """A data set of Lance as it was written once: of every writing the names are other ones.

    It has one fragment, of which a row was deleted.
    """
    with zipfile.ZipFile(Path(__file__).with_name("lance.zip")) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def lance_file(kind: str) -> str:
    """Which of its files has the rows (``data``), the ``_deletions``, or the ``_versions``."""
    return next(name for name in lance_folder() if name.startswith(f"{kind}/"))
