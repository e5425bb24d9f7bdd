"""Tables of ORC, Avro, SQLite and DuckDB: the same records as in JSON lines, and no others."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import fastavro
import pyarrow as pa
import pytest
from pyarrow import orc
from support.reader_contract import check_reader

import provenance
from provenance.errors import AmbiguousError, InputError, MisuseError, NotFoundError
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.discovery.detect import detect
from provenance.model.base import quote_identifier
from provenance.operations.ingest.options import IngestOptions

ROWS = [
    {"id": n, "text": f"text number {n}", "model": None if n % 2 else "gpt-4"} for n in range(9)
]
ROOT = Path(__file__).resolve().parents[3]
Rows = list[dict[str, Any]]
LAYOUT = ReadLayout("text", ("text",), ("id", "model"))


def write_orc(path: Path, rows: Rows) -> None:
    orc.write_table(pa.Table.from_pylist(rows), path)


def write_avro(path: Path, rows: Rows) -> None:
    fields = [
        {"name": "id", "type": "long"},
        {"name": "text", "type": "string"},
        {"name": "model", "type": ["null", "string"]},
    ]
    schema = {"type": "record", "name": "row", "fields": fields}
    with path.open("wb") as stream:
        fastavro.writer(stream, schema, rows, codec="deflate")


def write_sqlite(path: Path, rows: Rows, table: str = "t") -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            f"CREATE TABLE {quote_identifier(table)} (id INTEGER, text TEXT, model TEXT)"
        )
        connection.executemany(
            f"INSERT INTO {quote_identifier(table)} VALUES (:id, :text, :model)", rows
        )


def write_duckdb(path: Path, rows: Rows, table: str = "t") -> None:
    with duckdb.connect(path) as connection:
        connection.register("given", pa.Table.from_pylist(rows))
        connection.execute(f"CREATE TABLE {quote_identifier(table)} AS SELECT * FROM given")


WRITERS: dict[str, Callable[[Path, Rows], None]] = {
    "orc": write_orc,
    "avro": write_avro,
    "sqlite": write_sqlite,
    "duckdb": write_duckdb,
}
DATABASES: dict[str, Callable[[Path, Rows, str], None]] = {
    "sqlite": write_sqlite,
    "duckdb": write_duckdb,
}


def written(folder: Path, form: str, rows: Rows = ROWS) -> Input:
    path = folder / f"a.{form}"
    WRITERS[form](path, rows)
    return Input(path.as_posix(), path, form)


@pytest.mark.newest
@pytest.mark.parametrize("form", WRITERS)
def test_a_table_is_read(tmp_path: Path, form: str) -> None:
    source = written(tmp_path, form)
    reading = check_reader(reader_for(form), source, LAYOUT)
    assert reading.content == [row["text"] for row in ROWS]
    assert reading.fields == [(str(row["id"]), row["model"]) for row in ROWS]
    assert reader_for(form).probe(source).fields == {
        "id": "number",
        "text": "string",
        "model": "string",
    }


@pytest.mark.parametrize("form", WRITERS)
def test_whole_rows_are_those_of_json_lines(tmp_path: Path, form: str) -> None:
    layout = ReadLayout("structured", ("*",))
    source = written(tmp_path, form)
    reading = check_reader(reader_for(form), source, layout)
    assert [json.loads(str(text)) for text in reading.content] == [
        {name: value for name, value in row.items() if value is not None} for row in ROWS
    ]


@pytest.mark.parametrize("form", WRITERS)
def test_a_table_is_known_by_its_content(tmp_path: Path, form: str) -> None:
    source = written(tmp_path, form)
    other = source.path.rename(tmp_path / "data")
    assert detect(other) == (form, "")
    with pytest.raises(InputError, match=f"named like jsonl but holds {form}"):
        detect(other.rename(tmp_path / "a.jsonl"))


@pytest.mark.parametrize("text", ["ORC is a kind", "Obj", "12345678DUC", "SQLite format 3"])
def test_a_text_that_begins_alike_is_a_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    assert detect(tmp_path / "a.txt") == ("text", "")


@pytest.mark.parametrize("form", WRITERS)
def test_what_is_cut_short_is_no_whole_file(tmp_path: Path, form: str) -> None:
    rows = [{"id": n, "text": f"{n} " * 200, "model": "m"} for n in range(400)]
    source = written(tmp_path, form, rows)
    data = source.path.read_bytes()
    source.path.write_bytes(data[: len(data) * 2 // 3])
    reader = reader_for(form)
    try:
        batches = list(reader.read(source, LAYOUT))
    except InputError:
        return
    rejects = [each for batch in batches for each in batch.rejects.to_pylist()]
    assert rejects[-1]["reason"].startswith("file: ")
    assert sum(len(batch.rows) for batch in batches) < len(rows)


@pytest.mark.parametrize("form", WRITERS)
def test_a_folder_of_tables_is_one_set_with_its_json_lines(tmp_path: Path, form: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    written(data, form)
    (data / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    ledger = provenance.init(str(tmp_path / "ledger"))
    answer = ledger.ingest([str(data)], IngestOptions(source="s", content=("text",), label="human"))
    assert (answer.read, answer.kept) == (18, 18)
    assert (ledger.status().records, ledger.status().sightings) == (9, 18)
    assert answer.labels["synthetic"] == 10


@pytest.mark.parametrize("form", DATABASES)
def test_of_several_tables_one_is_named(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form}"
    for table in ("one", 'odd "name"; --'):
        DATABASES[form](path, [{**row, "text": f"{table} {row['id']}"} for row in ROWS], table)
    source, reader = Input(path.as_posix(), path, form), reader_for(form)
    with pytest.raises(AmbiguousError, match="2 tables") as caught:
        reader.probe(source)
    assert "`--records`: odd" in str(caught.value.hint)
    with pytest.raises(NotFoundError, match="no table 'none'"):
        reader.probe(source, "none")
    layout = ReadLayout("text", ("text",), records='odd "name"; --')
    (batch,) = reader.read(source, layout)
    assert batch.content.to_pylist()[0] == 'odd "name"; -- 0'


@pytest.mark.parametrize("form", DATABASES)
def test_a_database_without_tables_holds_nothing(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form}"
    if form == "sqlite":
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE VIEW v AS SELECT 'a text' AS text")
    else:
        with duckdb.connect(path) as connection:
            connection.execute("CREATE VIEW v AS SELECT 'a text' AS text")
    with pytest.raises(InputError, match="holds no table"):
        reader_for(form).probe(Input(path.as_posix(), path, form))


@pytest.mark.parametrize(("form", "log"), [("sqlite", "-wal"), ("duckdb", ".wal")])
def test_changes_that_lie_elsewhere_are_not_passed_over(
    tmp_path: Path, form: str, log: str
) -> None:
    source = written(tmp_path, form)
    Path(f"{source.path}{log}").write_bytes(b"later rows")
    with pytest.raises(InputError, match="last changes"):
        reader_for(form).probe(source)


@pytest.mark.parametrize("form", WRITERS)
def test_reading_changes_nothing(tmp_path: Path, form: str) -> None:
    source = written(tmp_path, form)
    before = source.path.read_bytes()
    list(reader_for(form).read(source, LAYOUT))
    assert source.path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [source.path.name]


def test_text_of_sqlite_that_is_no_utf8_costs_its_row(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (text, raw)")
        connection.execute("INSERT INTO t VALUES (CAST(x'ff41' AS TEXT), x'ff')")
        connection.execute("INSERT INTO t VALUES ('fine', x'ff')")
    (batch,) = reader_for("sqlite").read(
        Input(path.as_posix(), path, "sqlite"), ReadLayout("text", ("text",), ("raw",))
    )
    assert batch.content.to_pylist() == ["fine"]
    assert batch.fields.to_pydict() == {"raw": ["/w=="]}
    assert [reject["reason"] for reject in batch.rejects.to_pylist()] == ["invalid UTF-8"]


def test_types_of_avro_are_written_as_those_of_arrow(tmp_path: Path) -> None:
    fields = [
        {"name": "text", "type": "string"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "raw", "type": "bytes"},
        {"name": "more", "type": {"type": "map", "values": ["null", "double", "string"]}},
    ]
    path = tmp_path / "a.avro"
    at = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    row = {"text": "t", "at": at, "raw": b"\xff", "more": {"n": 1.5, "s": "x", "nan": float("nan")}}
    with path.open("wb") as stream:
        fastavro.writer(stream, {"type": "record", "name": "r", "fields": fields}, [row])
    layout = ReadLayout("text", ("text",), ("at", "raw", "more"))
    (batch,) = reader_for("avro").read(Input(path.as_posix(), path, "avro"), layout)
    assert batch.fields.to_pylist() == [
        {"at": "2020-01-01T00:00:00Z", "raw": "/w==", "more": '{"n":1.5,"s":"x","nan":null}'}
    ]


def test_without_its_library_a_format_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(tmp_path, "avro")
    monkeypatch.setitem(sys.modules, "fastavro", None)
    with pytest.raises(MisuseError, match="fastavro is needed") as caught:
        reader_for("avro").probe(source)
    assert "prov-ledger[avro]" in str(caught.value.hint)


def test_the_reader_that_the_documents_show_is_the_one_that_reads() -> None:
    page = (ROOT / "docs" / "how-to" / "add-a-reader.md").read_text(encoding="utf-8")
    shown = page.partition("```python\nclass Orc")[2].partition("```")[0]
    assert len(shown.splitlines()) > 20
    assert f"class Orc{shown}" in (
        ROOT / "provenance" / "io" / "readers" / "columnar" / "orc.py"
    ).read_text("utf-8")


@pytest.mark.parametrize("codec", ["null", "deflate", "bzip2", "xz"])
def test_a_damaged_block_of_avro_ends_what_is_read(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "a.avro"
    fields = [{"name": "text", "type": "string"}]
    rows = [{"text": f"{n} {n * n}"} for n in range(400)]
    with path.open("wb") as stream:
        schema = {"type": "record", "name": "r", "fields": fields}
        fastavro.writer(stream, schema, rows, codec=codec, sync_interval=1_000)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = b"\xff" * 40
    path.write_bytes(data)
    batches = list(
        reader_for("avro").read(Input(path.as_posix(), path, "avro"), ReadLayout("text", ("text",)))
    )
    assert 0 < sum(len(batch.rows) for batch in batches) < 400
    assert [each["reason"][:6] for each in batches[-1].rejects.to_pylist()] == ["file: "]


@pytest.mark.parametrize("name", ["name", "type"])
def test_a_schema_of_avro_that_lacks_a_word_is_refused(tmp_path: Path, name: str) -> None:
    source = written(tmp_path, "avro")
    data = source.path.read_bytes()
    damaged = data.replace(f'"{name}"'.encode(), f'"{name[:-1]}_"'.encode())
    assert damaged != data
    source.path.write_bytes(damaged)
    with pytest.raises(InputError, match="not a readable Avro file"):
        reader_for("avro").probe(source)


def test_columns_of_sqlite_whose_names_are_no_text_are_refused(tmp_path: Path) -> None:
    source = written(tmp_path, "sqlite")
    data = source.path.read_bytes()
    source.path.write_bytes(data.replace(b"model TEXT", b"m\xfcdel TEXT"))
    with pytest.raises(InputError, match="not a readable SQLite database"):
        reader_for("sqlite").probe(source)
