"""Lance data sets: the newest version, without what was deleted from it."""

from __future__ import annotations

from pathlib import Path

import lance
import pyarrow as pa
import pytest

import provenance
from provenance.errors import InputError
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Batch, Input, ReadLayout
from provenance.io.discovery.discover import discover
from provenance.operations.ingest.options import IngestOptions

LAYOUT = ReadLayout("text", ("text",), ("n",))


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


@pytest.mark.newest
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


def test_its_own_files_are_no_unread_data(tmp_path: Path) -> None:
    path = written(tmp_path)
    lance.dataset(path).delete("n = 2")
    lance.dataset(path).create_scalar_index("n", "BTREE")
    assert {each.name for each in path.iterdir()} > {"_deletions", "_indices"}
    ledger = provenance.init(str(tmp_path / "ledger"))
    answer = ledger.ingest([str(path)], IngestOptions(source="s", label="human"))
    assert answer.kept == 3
    assert answer.unread is not None
    assert answer.unread.files == 0
    # What only lies there, under a name that Lance gives to nothing, is data that was not read.
    (list_of_deleted,) = (path / "_deletions").iterdir()
    list_of_deleted.with_name("rows.arrow").write_bytes(list_of_deleted.read_bytes())
    answer = ledger.ingest([str(path)], IngestOptions(source="s", label="human"))
    assert answer.unread is not None
    assert [each.path.rpartition("/")[2] for each in answer.unread.listed] == ["rows.arrow"]


@pytest.mark.parametrize("kind", ["_versions", "_deletions"])
@pytest.mark.parametrize("place", [0, 4, 8, 16, 40, -40, -16, -8, -4])
def test_a_length_that_is_damaged_is_no_bug(tmp_path: Path, kind: str, place: int) -> None:
    path = tmp_path / "set.lance"
    lance.write_dataset(table(1, 2), path)
    lance.dataset(path).delete("n = 2")
    (source,) = discover([str(path)]).inputs
    (damaged, *_) = sorted((path / kind).glob("*[0-9].*"))
    data = bytearray(damaged.read_bytes())
    data[place : place + 4 or None] = b"\xff\xff\xff\x7f"
    damaged.write_bytes(data)
    try:
        batches = read(source)
    except InputError:
        return
    assert sum(batch.read for batch in batches) >= 1
