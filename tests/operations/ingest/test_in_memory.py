"""Tables in memory: whatever library holds them, they are read as the same rows in Parquet are."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import datasets
import duckdb
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, strategies as st
from support.datafiles import texts, write_jsonl
from support.servers import PostgresServer

import provenance
from provenance import InputError, Ledger, MisuseError, NotFoundError
from provenance.operations.ingest.in_memory import as_paths
from provenance.store.layout import Layout

ROWS = {"text": ["one", "two", "été", None], "n": [1, 2, 3, 4]}

POLICY = "policy: p\nunit: records\nbudgets:\n- name: b\n  max_synthetic: 0.5\n"

HOLDERS = {
    "pyarrow table": pa.table,
    "pyarrow batch": pa.RecordBatch.from_pydict,
    "pyarrow reader": lambda rows: pa.table(rows).to_reader(max_chunksize=1),
    "polars": polars.DataFrame,
    "pandas": pandas.DataFrame,
    "duckdb": lambda rows: duckdb.from_arrow(pa.table(rows)),
    "datasets": datasets.Dataset.from_dict,
    "datasets, streamed": lambda rows: datasets.Dataset.from_dict(rows).to_iterable_dataset(),
}

ODD = {
    # Columns of types that other rows of a training set have.
    "dictionary": pa.array(["a", "b", "a"]).dictionary_encode(),
    "list": pa.array([["a"], [], None], pa.list_(pa.string())),
    "struct": pa.array([{"a": 1, "b": "x"}, {"a": None, "b": "y"}, None]),
    "date": pa.array([datetime.date(2024, 1, 2), None, datetime.date(1, 1, 1)]),
    "time zone": pa.array([0, 1, None], pa.timestamp("ms", "Europe/Berlin")),
    "duration": pa.array([1, 2, None], pa.duration("s")),
    "decimal": pa.array([Decimal("0.20"), Decimal("-1.00"), None]),
    "binary": pa.array([b"\x00\xff", b"", None]),
    "float": pa.array([0.1, float("nan"), None]),
    "big": pa.array([2**63, 0, None], pa.uint64()),
    "text": pa.array(["a", "b", None], pa.large_string()),
    "fixed list": pa.array([[1, 2], [3, 4], None], pa.list_(pa.int8(), 2)),
}


def kept(folder: Path, table: Any) -> str:
    (path,) = as_paths(table, Layout(folder))
    return path


@pytest.mark.parametrize("library", HOLDERS)
def test_the_same_rows_make_the_same_file_in_every_library(library: str, tmp_path: Path) -> None:
    path = kept(tmp_path, HOLDERS[library](ROWS))
    assert pq.read_table(path).to_pydict() == ROWS
    assert path == kept(tmp_path, pa.table(ROWS))
    assert [file.name for file in (tmp_path / "tables").iterdir()] == [Path(path).name]


def test_rows_that_were_taken_out_of_a_dataset_stay_out(tmp_path: Path) -> None:
    chosen = datasets.Dataset.from_dict(ROWS).select([2, 0])
    assert pq.read_table(kept(tmp_path, chosen)).column("n").to_pylist() == [3, 1]


@given(
    values=st.lists(st.none() | st.text(max_size=3), max_size=30),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    repeat=st.sampled_from([1, 100]),
)
def test_a_file_does_not_depend_on_how_a_table_is_cut(
    tmp_path_factory: pytest.TempPathFactory, values: list[str], sizes: list[int], repeat: int
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    table = pa.table({"text": pa.array(values * repeat, pa.string())})
    batches, at = [], 0
    for place in range(table.num_rows + 1):
        size = sizes[place % len(sizes)] * repeat
        batches += table.slice(at, size).to_batches()
        at += size
    cut = pa.Table.from_batches(batches, table.schema)
    assert kept(folder, cut) == kept(folder, table)


def test_a_long_stream_is_written_in_row_groups_as_it_comes(tmp_path: Path) -> None:
    text = "x" * 1000
    peak = 0

    def batches() -> Any:
        nonlocal peak
        for number in range(300):
            peak = max(peak, pa.total_allocated_bytes() - before)
            yield pa.RecordBatch.from_pydict({"text": [f"{number} {text}"] * 1000})

    before = pa.total_allocated_bytes()
    schema = pa.schema([("text", pa.string())])
    path = kept(tmp_path, pa.RecordBatchReader.from_batches(schema, batches()))
    with pq.ParquetFile(path) as file:
        assert (file.metadata.num_rows, file.metadata.num_row_groups) == (300_000, 5)
    assert peak < 240 << 20


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """The rows of each odd column, from memory and from Parquet that somebody else wrote."""
    folder = tmp_path_factory.mktemp("odd")
    found = provenance.init(folder / "ledger")
    tables = [pa.table({name.replace(" ", "_"): column}) for name, column in ODD.items()]
    paths = []
    for name, table in zip(ODD, tables, strict=True):
        paths.append(folder / f"{name}.parquet")
        pq.write_table(table, paths[-1])
    for source, data in (("memory", tables), ("disk", paths)):
        summary = found.ingest(data, source=source, content="*", label="human", workers=1)
        assert [file.error for file in summary.files] == [None] * len(ODD)
    return found


def test_ids_are_those_of_the_same_rows_in_parquet(ledger: Ledger) -> None:
    seen = ledger.query("SELECT source, record_id, count(*) AS n FROM sightings GROUP BY ALL")
    by_source = {
        source: {(r["record_id"], r["n"]) for r in seen.to_pylist() if r["source"] == source}
        for source in ("memory", "disk")
    }
    assert by_source["memory"] == by_source["disk"]
    assert len(by_source["disk"]) >= len(ODD)


def test_a_table_is_read_again_from_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    plan = ledger.assemble(
        "all",
        provenance.Policy(
            policy="p",
            unit="records",
            budgets=[
                provenance.Budget(name="b", max_synthetic=Decimal("0.5")),
            ],
        ),
        sources="memory",
    )
    assert ledger.export("all", tmp_path / "out").rows == plan.records
    assert ledger.verify().problems == ()


def test_the_same_table_adds_nothing_and_goes_with_paths(tmp_path: Path) -> None:
    found = provenance.init(tmp_path / "ledger")
    path = write_jsonl(tmp_path / "a.jsonl", texts("a", 2))
    summary = found.ingest([pa.table(ROWS), path], source="s", content="text")
    assert [file.kept for file in summary.files] == [3, 2]
    again = found.ingest(polars.DataFrame(ROWS), source="s")
    assert (again.unchanged_files, again.read) == (1, 0)


def test_verify_and_purge_know_the_tables(tmp_path: Path) -> None:
    found = provenance.init(tmp_path / "ledger")
    summary = found.ingest(pa.table(ROWS), source="s", content="text")
    path = Path(summary.files[0].uri)
    whole = path.read_bytes()
    path.write_bytes(whole + b"!")
    assert found.verify().problems == (f"tables: `{path}` is not what was ingested",)
    path.unlink()
    assert found.verify().problems == (f"tables: `{path}` is missing",)
    path.write_bytes(whole)
    receipt = found.revoke(found.takedown(sources="s"), "asked")
    purged = found.purge(receipt.revocation).purged
    assert purged is not None
    assert str(path) in purged.note
    path.unlink()
    assert found.verify().problems == ()


def test_tables_are_judged_without_a_ledger() -> None:
    policy = "policy: p\nunit: records\nbudgets:\n- name: b\n  max_synthetic: 0.5\n"
    judgement = provenance.audit_files(pa.table(ROWS), policy, content="text")
    assert judgement.verdict == "indeterminate"
    assert judgement.judged[0].rows == 3


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (5, "neither a path nor a table"),
        (b"a.jsonl", "neither a path nor a table"),
        ([pa.table(ROWS), 5], "neither a path nor a table"),
        ([["a.jsonl"]], "neither a path nor a table"),
        (polars.LazyFrame(ROWS), "neither a path nor a table"),
        (datasets.DatasetDict(train=datasets.Dataset.from_dict(ROWS)), "several tables"),
    ],
)
def test_what_is_no_table_is_refused(data: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match=message):
        as_paths(data, Layout(tmp_path))
    assert not list(tmp_path.rglob("*.parquet"))


def test_what_has_no_named_columns_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be kept as Parquet"):
        as_paths(polars.Series([1]), Layout(tmp_path))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("original", ["moved", "copied", "linked"])
def test_a_ledger_elsewhere_reads_the_tables_in_its_own_folder(
    original: str, tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    made = provenance.init(old)
    path = Path(made.ingest(pa.table(ROWS), source="s", content="text", label="human").files[0].uri)
    made.assemble("v1", POLICY)
    if original == "linked":
        new.symlink_to(old)
    else:
        shutil.copytree(old, new)
    if original == "moved":
        shutil.rmtree(old)
    elif original == "copied":
        path.write_bytes(b"another table")
    found = provenance.open(new)
    assert found.verify().problems == ()
    again = found.ingest(pa.table(ROWS), source="s")
    assert (again.unchanged_files, again.read, found.status().records) == (1, 0, 3)
    assert found.export("v1", tmp_path / "out").rows == 3
    assert found.ingest(pa.table(ROWS), source="other", content="text").kept == 3
    receipt = found.revoke(found.takedown(sources="s"), "asked")
    purged = found.purge(receipt.revocation).purged
    assert purged is not None
    assert str(new / "tables" / path.name) in purged.note
    assert str(path) not in purged.note


def test_a_table_that_is_damaged_after_a_move_is_named_and_repaired(tmp_path: Path) -> None:
    made = provenance.init(tmp_path / "old")
    made.ingest(pa.table(ROWS), source="s", content="text")
    (tmp_path / "old").rename(tmp_path / "new")
    found = provenance.open(tmp_path / "new")
    (path,) = (tmp_path / "new" / "tables").iterdir()
    path.write_bytes(b"damaged")
    assert found.verify().problems == (f"tables: `{path}` is not what was ingested",)
    assert found.ingest(pa.table(ROWS), source="s").unchanged_files == 1
    assert found.verify().problems == ()


@pytest.mark.parametrize("damage", [b"", b"!", b"\0"])
def test_a_damaged_table_is_repaired_by_the_same_table(damage: bytes, tmp_path: Path) -> None:
    path = Path(kept(tmp_path, pa.table(ROWS)))
    whole = path.read_bytes()
    path.write_bytes(damage * (len(whole) if damage == b"\0" else 1))
    assert kept(tmp_path, pa.table(ROWS)) == str(path)
    assert path.read_bytes() == whole


class Wrapped:
    """A table of another library: all that is seen of it is its Arrow stream."""

    def __init__(self, reader: pa.RecordBatchReader) -> None:
        self.reader = reader

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.reader.__arrow_c_stream__(requested_schema)


def failing(error: BaseException) -> pa.RecordBatchReader:
    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pydict({"n": [1]})
        raise error

    return pa.RecordBatchReader.from_batches(pa.schema([("n", pa.int64())]), batches())


def failing_relation() -> duckdb.DuckDBPyRelation:
    return duckdb.sql("SELECT ('a' || range::VARCHAR)::INT AS n FROM range(3)")


@pytest.mark.parametrize(
    ("table", "message", "cause"),
    [
        (failing_relation, "Conversion Error", duckdb.Error),
        (lambda: pandas.DataFrame([[1, 2]], columns=["a", "a"]), "Duplicate column", ValueError),
        (lambda: failing(KeyError("first\nsecond")), "'first", KeyError),
        (lambda: failing(OSError("no disk")), "no disk$", OSError),
        (lambda: failing(pa.ArrowInvalid("odd")), "odd$", pa.ArrowInvalid),
        (lambda: failing(RuntimeError()), "RuntimeError$", RuntimeError),
        (lambda: Wrapped(failing(ValueError("one\ntwo"))), "Invalid: one$", pa.ArrowInvalid),
    ],
)
def test_what_a_producer_raises_is_one_error(
    table: Any, message: str, cause: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=f"^the table could not be read: {message}") as raised:
        kept(tmp_path, table())
    assert isinstance(raised.value.__cause__, cause)
    assert raised.value.hint == ""
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("wrap", [lambda reader: reader, Wrapped])
def test_an_interrupt_inside_a_table_stays_one(wrap: Any, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        kept(tmp_path, wrap(failing(KeyboardInterrupt())))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_deleted_ledger_is_not_made_again_by_a_table(tmp_path: Path) -> None:
    found = provenance.init(tmp_path / "ledger")
    shutil.rmtree(tmp_path / "ledger")
    with pytest.raises(NotFoundError, match="there is no ledger"):
        found.ingest(pa.table(ROWS), source="s")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_table_of_a_shared_ledger_lies_beside_its_data(
    postgres_cluster: PostgresServer, bucket: str
) -> None:
    found = provenance.init(postgres_cluster.url(f"s3://{bucket}/memory", "memory"))
    summary = found.ingest(pa.table(ROWS), source="s", content="text")
    assert summary.kept == 3
    assert summary.files[0].uri.startswith(f"s3://{bucket}/memory/tables/")
    assert found.ingest(pa.table(ROWS), source="s").unchanged_files == 1
    assert found.verify().problems == ()
