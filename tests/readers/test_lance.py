"""Lance data sets: the newest version, without what was deleted from it."""

from __future__ import annotations

from pathlib import Path

import lance
import pyarrow as pa
import pytest

import provenance
from provenance.errors import InputError
from provenance.ingest.options import IngestOptions
from provenance.readers.base import Batch, Input, Layout
from provenance.readers.discover import discover
from provenance.readers.registry import reader_for

LAYOUT = Layout("text", ("text",), ("n",))


def table(*numbers: int) -> pa.Table:
    return pa.table({"text": [f"text {n}" for n in numbers], "n": list(numbers)})


def written(folder: Path) -> Path:
    path = folder / "set.lance"
    lance.write_dataset(table(1, 2), path)
    lance.write_dataset(table(3, 4), path, mode="append")
    return path


def read(source: Input) -> list[Batch]:
    return list(reader_for("lance").read(source, LAYOUT))


def texts(path: Path) -> list[str]:
    batches = [batch for source in discover([str(path)]).inputs for batch in read(source)]
    return sorted(text for batch in batches for text in batch.content.to_pylist())


def test_a_data_set_is_its_newest_version(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert {source.format for source in discover([str(path)]).inputs} == {"lance"}
    assert texts(path) == [f"text {n}" for n in (1, 2, 3, 4)]
    lance.dataset(path).delete("n = 2")
    assert texts(path) == [f"text {n}" for n in (1, 3, 4)]
    lance.write_dataset(table(7), path, mode="overwrite")
    assert texts(path) == ["text 7"]


def test_a_data_set_is_ingested(tmp_path: Path) -> None:
    path = written(tmp_path)
    ledger = provenance.init(str(tmp_path / "ledger"))
    answer = ledger.ingest([str(path)], IngestOptions(source="s", label="human"))
    assert (answer.read, answer.kept) == (4, 4)


def test_a_file_outside_of_its_data_set_is_refused(tmp_path: Path) -> None:
    (source, _) = discover([str(written(tmp_path))]).inputs
    alone = tmp_path / "alone.lance"
    alone.write_bytes(source.path.read_bytes())
    with pytest.raises(InputError, match="no folder of a Lance data set"):
        read(Input(alone.as_posix(), alone, "lance"))
    (manifest, *_) = sorted((source.path.parents[1] / "_versions").glob("*.manifest"))
    manifest.write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a readable Lance data set"):
        read(source)
