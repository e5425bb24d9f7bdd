"""Media in columns are the same records as in files of their own."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import provenance
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Input, ReadLayout, Shape
from provenance.io.records.content_fields import choose_content
from provenance.operations.ingest.options import IngestOptions

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
WAV = b"RIFF\x24\0\0\0WAVEfmt " + bytes(range(100))
FEATURE = pa.struct({"bytes": pa.binary(), "path": pa.string()})


def write(path: Path, column: pa.Array, name: str = "image", **beside: list[object]) -> Input:
    table = pa.table({**beside, name: column})
    if path.suffix == ".parquet":
        pq.write_table(table, path)
        return Input(path.as_posix(), path, "parquet")
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    return Input(path.as_posix(), path, "arrow")


def probed(source: Input) -> Shape:
    return reader_for(source.format).probe(source)


COLUMNS = {
    "feature": pa.array([{"bytes": PNG, "path": "a.png"}, {"bytes": WAV, "path": None}], FEATURE),
    "bytes": pa.array([PNG, WAV], pa.binary()),
    "large bytes": pa.array([PNG, WAV], pa.large_binary()),
    "views": pa.array([PNG, WAV], pa.binary_view()),
}


@pytest.mark.parametrize("form", ["parquet", "arrow"])
@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_of_media_is_the_content(tmp_path: Path, kind: str, form: str) -> None:
    source = write(tmp_path / f"a.{form}", COLUMNS[kind], label=[0, 1])
    choice = choose_content(probed(source), (), form)
    assert choice.kind == "binary"
    assert choose_content(probed(source), ("image",), form).content == choice.content
    (batch,) = reader_for(form).read(source, ReadLayout(choice.kind, choice.content))
    assert batch.content.to_pylist() == [PNG, WAV]


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_medium_that_is_elsewhere_is_refused_by_its_row(tmp_path: Path, form: str) -> None:
    column = pa.array([{"bytes": PNG, "path": "a.png"}, {"bytes": None, "path": "b.png"}], FEATURE)
    source = write(tmp_path / f"a.{form}", column)
    (batch,) = reader_for(form).read(source, ReadLayout("binary", ("image.bytes",)))
    assert batch.content.to_pylist() == [PNG]
    (reject,) = batch.rejects.to_pylist()
    assert (reject["row"], reject["reason"]) == (
        2,
        'field "image.bytes" is null: its bytes are not in this file',
    )


def test_text_beside_media_is_still_the_content(tmp_path: Path) -> None:
    source = write(tmp_path / "a.parquet", COLUMNS["feature"], text=["a cat", "a bell"])
    assert choose_content(probed(source), (), "parquet").content == ("text",)


def test_bytes_that_are_no_medium_are_text(tmp_path: Path) -> None:
    source = write(tmp_path / "a.parquet", pa.array([b"some text", b"more"]), "text")
    assert choose_content(probed(source), (), "parquet").kind == "text"


@pytest.mark.slow
@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_medium_is_one_record_in_a_file_and_in_a_column(tmp_path: Path, form: str) -> None:
    write(tmp_path / f"a.{form}", COLUMNS["feature"])
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "sound").write_bytes(WAV)
    ledger = provenance.init(str(tmp_path / "ledger"))
    for name, kept in ((f"a.{form}", 2), ("a.png", 1), ("sound", 1)):
        answer = ledger.ingest(
            [str(tmp_path / name)], IngestOptions(source="photos", label="human")
        )
        assert (answer.kept, answer.rejected) == (kept, 0)
    status = ledger.status()
    assert (status.records, status.sightings) == (2, 4)
