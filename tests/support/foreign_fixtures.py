"""Fixtures that packages of the field ship, and what their own libraries read in them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
from warcio.archiveiterator import ArchiveIterator

FIELD = (
    *("datasets", "duckdb", "fastavro", "fastparquet", "mlcroissant", "mosaicml-streaming"),
    *("networkx", "numpy", "pandas", "polars", "prov", "pyarrow", "pylance", "scipy", "warcio"),
    "webdataset",
)
"""Packages whose files are looked for, by the names of their distributions."""

SOURCES = "PROV_FOREIGN"
"""Variable that names a folder of unpacked source packages (``warcio-1.8.1/…``)."""

MOST_BYTES = 2 << 20
MOST_FILES = 40

_ENDS = (
    *(".arrow", ".arc", ".avro", ".csv", ".feather", ".ipc", ".json", ".jsonl", ".ndjson", ".orc"),
    *(".parquet", ".png", ".gif", ".jpg", ".tar", ".tsv", ".txt", ".warc", ".zip"),
)
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".lz4")


@dataclass(frozen=True)
class Shipped:
    """What a package ships.

    Attributes:
        files: those that are compared, evenly drawn where there are many.
        left: files of these kinds that are not, by the reason.
    """

    files: tuple[Path, ...]
    left: dict[str, int]


def shipped(package: str) -> Shipped | None:
    """The fixtures of a package; ``None`` where it is neither installed nor unpacked."""
    places = _installed(package) if package else None
    unpacked = _unpacked(package)
    if places is None and not unpacked:
        return None
    found = sorted({path for path in [*(places or []), *unpacked] if _is_fixture(path)})
    small = [path for path in found if 0 < path.stat().st_size <= MOST_BYTES]
    step = max(1, math.ceil(len(small) / MOST_FILES))
    drawn = tuple(small[::step])
    left = {"too large or empty": len(found) - len(small), "not drawn": len(small) - len(drawn)}
    return Shipped(drawn, {reason: count for reason, count in left.items() if count})


def _installed(package: str) -> list[Path] | None:
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        return None
    return [Path(str(file.locate())) for file in files]


def _unpacked(package: str) -> list[Path]:
    folder = os.environ.get(SOURCES)
    if not folder:
        return []
    tops = [top for top in Path(folder).iterdir() if top.name.startswith(f"{package}-")]
    return [path for top in tops for path in top.rglob("*") if path.is_file()]


def _is_fixture(path: Path) -> bool:
    name = path.name.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return name.endswith(_ENDS) and any("test" in piece.lower() for piece in path.parts[-6:-1])


def theirs(path: Path, form: str) -> list[Any] | None:
    """The rows that the format's own library reads; ``None`` where there is no such library here.

    A row is an object of its columns; what is no table is a list of texts or bytes.
    """
    reader = _LIBRARIES.get(form)
    return None if reader is None else reader(path)


def _bytes(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def _json(path: Path) -> list[Any]:
    document = json.loads(_bytes(path))
    return document if isinstance(document, list) else [document]


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in _bytes(path).splitlines() if line.strip()]


def _csv(delimiter: str) -> Callable[[Path], list[Any]]:
    def read(path: Path) -> list[Any]:
        text = _bytes(path).decode("utf-8-sig")
        return [dict(row) for row in csv.DictReader(io.StringIO(text), delimiter=delimiter)]

    return read


def _arrow(path: Path) -> list[Any]:
    return list(pyarrow.feather.read_table(path).to_pylist())


def _parquet(path: Path) -> list[Any]:
    return list(pq.read_table(path).to_pylist())


def _orc(path: Path) -> list[Any]:
    import pyarrow.orc

    return list(pyarrow.orc.read_table(str(path)).to_pylist())


def _avro(path: Path) -> list[Any]:
    import fastavro

    with path.open("rb") as file:
        return list(fastavro.reader(file))


def _warc(path: Path) -> list[Any]:
    kinds = {"response", "resource", "conversion"}
    with path.open("rb") as file:
        found = [
            record.content_stream().read()
            for record in ArchiveIterator(file, arc2warc=True)
            if record.rec_type in kinds
        ]
    return [payload for payload in found if payload]


_LIBRARIES: dict[str, Callable[[Path], list[Any]]] = {
    "json": _json,
    "jsonl": _lines,
    "csv": _csv(","),
    "tsv": _csv("\t"),
    "arrow": _arrow,
    "parquet": _parquet,
    "orc": _orc,
    "avro": _avro,
    "warc": _warc,
    "text": lambda path: [_bytes(path).removeprefix(b"\xef\xbb\xbf").decode()],
    "image": lambda path: [path.read_bytes()],
}

LIBRARY_FAILURES = (pa.ArrowException, ValueError, OSError, KeyError, csv.Error, EOFError)
"""What those libraries raise where they cannot read a file either."""
