"""What a row says counts wherever it stands: no row, no order and no format decides for another."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import pickle
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st
from support.datafiles import cap, ingest, policy, write_jsonl

import provenance
from provenance.io.columns import supported_rows
from provenance.io.contract.formats import reader_for
from provenance.io.discovery.discover import discover
from provenance.io.readers.json.lines import JsonLines
from provenance.io.records import batch_builder
from provenance.io.records.content_fields import ContentChoice
from provenance.ledger import Ledger
from provenance.model.takedown import Selector, Takedown
from provenance.operations.ingest import IngestOptions, worker
from provenance.operations.ingest.batch_fields import FieldChooser
from provenance.operations.ingest.worker import run_unit
from provenance.operations.ingest.worker_contract import FileTask, UnitTask
from provenance.store.layout import Layout

Row = dict[str, Any]

LATE: dict[str, str] = {
    "generator": "gpt-4o",
    "is_synthetic": "true",
    "id": "7",
    "uuid": "u-1",
    "lang": "en",
    "language": "de",
    "url": "https://made.example.org/1",
    "source_url": "https://other.example.org/2",
    "license": "CC-BY-4.0",
}


def make(count: int, begins: dict[str, int], gaps: Sequence[int]) -> list[Row]:
    """Rows in which each field begins at a row of its own, with gaps after it."""
    rows: list[Row] = []
    for number in range(count):
        row: Row = {"text": f"A letter from the coast, number {number}."}
        for field, first in begins.items():
            if number >= first and gaps[(number + len(field)) % len(gaps)]:
                row[field] = LATE[field] + (str(number) if field in {"id", "uuid"} else "")
        rows.append(row)
    return rows


def as_jsonl(rows: list[Row], path: Path) -> None:
    write_jsonl(path, rows)


def as_json(rows: list[Row], path: Path) -> None:
    path.write_text(json.dumps(rows))


def as_columns(rows: list[Row], path: Path) -> None:
    path.write_text(json.dumps({name: [row.get(name) for row in rows] for name in names(rows)}))


def as_csv(rows: list[Row], path: Path) -> None:
    with path.open("w", newline="") as file:
        several = len(names(rows)) > 1
        delimiter = ";" if several and len(rows) % 2 else ","
        writer = csv.DictWriter(file, names(rows), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def as_parquet(rows: list[Row], path: Path) -> None:
    pq.write_table(table(rows), path, row_group_size=5, write_statistics=len(rows) % 3 > 0)


def as_arrow(rows: list[Row], path: Path) -> None:
    whole = table(rows)
    with pa.ipc.new_file(str(path), whole.schema) as writer:
        writer.write_table(whole, max_chunksize=4)


def table(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, pa.schema({name: pa.string() for name in names(rows)}))


def names(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(["text", *itertools.chain.from_iterable(rows)]))


FORMS: dict[str, tuple[str, Callable[[list[Row], Path], None]]] = {
    "jsonl": ("jsonl", as_jsonl),
    "json": ("json", as_json),
    "columns": ("json", as_columns),
    "csv": ("csv", as_csv),
    "parquet": ("parquet", as_parquet),
    "arrow": ("arrow", as_arrow),
}


def said(folder: Path, form: str, rows: list[Row]) -> tuple[Counter[str], tuple[str, ...]]:
    """Per record id, language, attributes and claims, in no order; and the file's attributes."""
    suffix, write = FORMS[form]
    path = folder / f"a.{suffix}"
    write(rows, path)
    places = Layout(folder / f"ledger-{uuid.uuid4()}")
    places.data.mkdir(parents=True)
    places.quarantine.mkdir()
    (item,) = discover([str(path)]).inputs
    state = path.stat()
    task = FileTask(item, uuid.uuid4(), state.st_size, state.st_mtime_ns)
    result = run_unit(UnitTask(places, uuid.uuid4(), IngestOptions(source="s"), (task,)))
    (file,) = result.files
    assert file.failure is None, file.failure
    assert file.kept == len(rows)
    tables: dict[str, list[Row]] = {}
    for part in result.parts:
        tables.setdefault(part.table, []).extend(pq.read_table(part.path).to_pylist())
    claims: dict[Any, list[str]] = {}
    for claim in tables.get("evidence", []):
        words = (claim[word] for word in ("tier", "claim", "whole", "generator", "observer"))
        claims.setdefault(claim["row"], []).append(repr((*words, claim["basis"])))
    seen = Counter(
        repr(
            (
                sighting["record_id"],
                sighting["external_id"],
                sighting["lang"],
                sorted(json.loads(sighting["attributes"] or "{}").items()),
                sorted(claims.get(sighting["row"], [])),
            )
        )
        for sighting in tables["sightings"]
    )
    return seen, file.attributes


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_order_format_and_size_of_batches_decide_nothing(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 14), "rows")
    fields = data.draw(st.lists(st.sampled_from(sorted(LATE)), unique=True), "fields")
    begins = {field: data.draw(st.integers(0, count), field) for field in fields}
    gaps = data.draw(st.lists(st.booleans(), min_size=1, max_size=4), "gaps")
    rows = make(count, begins, gaps)
    shuffled = data.draw(st.permutations(rows), "order")
    form = data.draw(st.sampled_from(sorted(FORMS)), "format")
    reader = JsonLines(
        fast_from=data.draw(st.sampled_from([None, 0, 200])), block=data.draw(st.integers(40, 900))
    )
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        plain = said(Path(folder), "jsonl", rows)
        patch.setattr(batch_builder, "BATCH_ROWS", data.draw(st.integers(1, 9)))
        patch.setattr(supported_rows, "BATCH_ROWS", data.draw(st.integers(1, 9)))
        patch.setattr(worker, "SMALL_BATCH_ROWS", data.draw(st.sampled_from([0, 3, 256])))
        patch.setattr(
            worker, "reader_for", lambda name: reader if name == "jsonl" else reader_for(name)
        )
        assert said(Path(folder), form, shuffled) == plain


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


@pytest.mark.parametrize("first", [99, 100, 101, 5_000])
def test_a_mark_that_begins_late_is_read(ledger: Ledger, tmp_path: Path, first: int) -> None:
    rows: list[Row] = [{"text": f"A letter from the coast, number {n}."} for n in range(first)]
    rows.append({"text": "A letter that was made up.", "generator": "gpt-4o"})
    summary = ingest(ledger, write_jsonl(tmp_path / "a.jsonl", rows), "s", label="human")
    assert (summary.labels["human"], summary.labels["synthetic"]) == (first, 1)
    made = hashlib.sha256(b"A letter that was made up.").hexdigest()
    assert ledger.show(made).origin.conflict


@pytest.mark.slow
def test_a_file_that_becomes_machine_made_fails_its_audit(ledger: Ledger, tmp_path: Path) -> None:
    made = {"generator": "gpt-4o", "is_synthetic": True, "lang": "en"}
    rows: list[Row] = [{"text": f"Written by hand, number {n}."} for n in range(150)]
    rows += [
        {"text": f"Made up, number {n}.", "url": f"https://gen.example.org/{n}", "id": f"g{n}"}
        | made
        for n in range(50)
    ]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    ingest(ledger, path, "s", label="human")
    assert ledger.audit(policy(cap("0.1"))).verdict == "fail"
    elsewhere = provenance.init(str(tmp_path / "elsewhere"))
    judged = elsewhere.audit_files([str(path)], policy(cap("0.1")), IngestOptions(source="s"))
    assert judged.budgets[0].numerator_lo == 50
    late = Takedown(selectors=(Selector(kind="attribute", name="domain", values=("example.org",)),))
    assert ledger.revoke(late, "asked for").reach.named.records == 50
    with ledger.store.snapshot() as connection:
        found = connection.execute(
            "SELECT count(*), count(external_id), count(lang) FROM sightings "
            "WHERE json_extract_string(attributes, '/url') LIKE 'https://gen.example.org/%'"
        ).fetchone()
        kept = connection.execute("SELECT attributes FROM files").fetchall()
    assert found == (50, 50, 50)
    assert kept == [('["url"]',)]


def test_ids_and_addresses_are_taken_row_by_row(ledger: Ledger, tmp_path: Path) -> None:
    rows: list[Row] = [
        {"text": "one", "id": None, "uuid": "u1", "url": "", "link": "https://a.example/1"},
        {"text": "two", "id": 2, "uuid": "u2", "lang": {"code": "en"}, "language": "de"},
        {"text": "three", "id": ["x"], "doc_id": "d3", "lang": True, "language": "fr"},
        {"text": "four", "id": "[4] is an id"},
    ]
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", rows), "s")
    with ledger.store.snapshot() as connection:
        found = connection.execute(
            "SELECT external_id, lang, attributes FROM sightings ORDER BY row"
        ).fetchall()
    assert found == [
        ("u1", None, '{"url":"https://a.example/1"}'),
        ("2", "de", None),
        ("d3", "fr", None),
        ("[4] is an id", None, None),
    ]


def test_attributes_of_a_file_in_ranges_are_those_of_all_of_them(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provenance.operations.ingest.split_work.UNIT_BYTES", 1_000)
    rows: list[Row] = [{"text": f"Text number {n}.", "license": "CC0-1.0"} for n in range(100)]
    rows += [{"text": f"Text number {n}.", "url": "https://a.example"} for n in range(100, 200)]
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", rows), "s", workers=1)
    with ledger.store.snapshot() as connection:
        assert connection.execute("SELECT attributes FROM files").fetchall() == [
            ('["licence", "url"]',)
        ]


def test_small_files_of_different_fields_are_written_together(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Batches that differ in their fields alternate: each is written with its like."""
    for number in range(60):
        more = [{}, {"generator": "gpt-4"}, {"url": f"https://a.example/{number}"}][number % 3]
        write_jsonl(tmp_path / "d" / f"{number}.jsonl", [{"text": f"Text {number}.", **more}])
    summary = ingest(ledger, tmp_path / "d", "s")
    assert summary.labels["synthetic"] == 20
    with ledger.store.snapshot() as connection:
        assert connection.execute(
            "SELECT count(*), count(attributes) FROM sightings"
        ).fetchone() == (60, 20)


def test_a_table_of_semicolons_is_read_and_said(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text;generator\nThe first, a letter;gpt-4o\nThe second;gpt-4o\n")
    summary = ingest(ledger, path, "s", label="human")
    assert summary.labels["synthetic"] == 2
    assert summary.files[0].content == "text"
    assert summary.files[0].notes == ("its columns are parted by semicolons",)


def test_a_map_of_columns_is_an_object(ledger: Ledger, tmp_path: Path) -> None:
    maps = [[("where", "Bergen"), ("doc", "d1")], None]
    schema = pa.schema({"text": pa.string(), "about": pa.map_(pa.string(), pa.string())})
    rows = {"text": ["One letter.", "Another."], "about": maps}
    pq.write_table(pa.table(rows, schema=schema), tmp_path / "a.parquet")
    listed = [{"key": key, "value": value} for key, value in maps[0] or ()]
    write_jsonl(
        tmp_path / "b.jsonl",
        [{"text": "One letter.", "about": listed}, {"text": "Another."}],
    )
    asked = {"id_field": "about.doc", "attributes": {"place": "about.where"}}
    for name in ("a.parquet", "b.jsonl"):
        ingest(ledger, tmp_path / name, name, **asked)
    with ledger.store.snapshot() as connection:
        found = connection.execute(
            "SELECT source, external_id, attributes FROM sightings ORDER BY source, row"
        ).fetchall()
    assert [row[1:] for row in found] == [("d1", '{"place":"Bergen"}'), (None, None)] * 2


PAIR = [{"text": "One letter from the coast."}, {"text": "Another letter from the hills."}]


@pytest.mark.parametrize(
    ("document", "records", "field"),
    [
        ({"model": "gpt-4", "data": PAIR}, "data", "^.model"),
        ({"data": PAIR, "metadata": {"is_synthetic": True}}, "data", "^.metadata.is_synthetic"),
        ([{"rows": PAIR, "generator": "gpt-4"}], "rows", "^.generator"),
        ({"generator": "gpt-4", "a": {"b": [{"rows": PAIR}]}}, "a.b.rows", "^.^.^.generator"),
    ],
)
@pytest.mark.parametrize("content", [(), ("*",)])
@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_marks_beside_nested_records_are_theirs(
    ledger: Ledger,
    tmp_path: Path,
    document: Any,
    records: str,
    field: str,
    content: tuple[str, ...],
    suffix: str,
) -> None:
    path = tmp_path / f"a.{suffix}"
    rows = document if isinstance(document, list) else [document]
    path.write_text(json.dumps(document if suffix == "json" else rows[0]))
    asked = {"records": records, "content": content, "label": "human"}
    summary = ingest(ledger, path, "s", **asked)
    assert (summary.labels["human"], summary.labels["synthetic"]) == (0, 2)
    found = ledger.query("SELECT DISTINCT field FROM evidence WHERE field IS NOT NULL")
    assert found.column(0).to_pylist() == [field]


def test_nested_records_have_language_and_licence_from_their_holders(
    ledger: Ledger, tmp_path: Path
) -> None:
    own = {"text": "Noch ein Brief von der See.", "lang": "de", "license": "CC0-1.0"}
    inner = {"license": "MIT", "rows": [PAIR[0], own]}
    (tmp_path / "a.json").write_text(
        json.dumps({"id": "whole", "lang": "en", "license": "GPL-2.0", "a": inner})
    )
    ingest(ledger, tmp_path / "a.json", "s", records="a.rows")
    found = ledger.query("SELECT external_id, lang, attributes FROM sightings ORDER BY row")
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        (None, "en", '{"licence":"MIT"}'),
        (None, "de", '{"licence":"CC0-1.0"}'),
    ]


def test_a_reply_to_a_machine_is_not_a_machine_by_that(ledger: Ledger, tmp_path: Path) -> None:
    reply = {"text": "Thank you, said the fisherman.", "replies": []}
    made = {"text": "The tide comes in at six.", "generator": "gpt-4", "replies": [reply]}
    write_jsonl(tmp_path / "a.jsonl", [{"prompt": {**PAIR[0], "replies": [made]}}])
    summary = ingest(ledger, tmp_path / "a.jsonl", "s", records="prompt.replies", label="human")
    assert (summary.labels["human"], summary.labels["synthetic"]) == (2, 1)


@pytest.mark.parametrize("dense", [False, True])
def test_marks_in_a_column_of_several_types_are_read(
    ledger: Ledger, tmp_path: Path, dense: bool
) -> None:
    kinds = pa.array([0, 1], pa.int8())
    sides = [pa.array(["gpt-4", ""]), pa.array([0, 7])]
    column = (
        pa.UnionArray.from_dense(kinds, pa.array([0, 1], pa.int32()), sides, ["generator", "n"])
        if dense
        else pa.UnionArray.from_sparse(kinds, sides, ["generator", "n"])
    )
    whole = pa.table({"text": [row["text"] for row in PAIR], "about": column})
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), whole.schema) as writer:
        writer.write_table(whole)
    summary = ingest(ledger, tmp_path / "a.arrow", "s", label="human")
    assert (summary.labels["human"], summary.labels["synthetic"]) == (1, 1)


def test_a_chooser_goes_to_other_processes() -> None:
    options = IngestOptions(source="s", id_field="n", attributes={"lang": "l", "stars": "r"})
    chooser = FieldChooser.of(options, ContentChoice("text", ("text",), ""))
    again = pickle.loads(pickle.dumps(chooser))
    shape = {"generator": "string", "id": "number", "text": "string", "url": "string"}
    assert again(shape) == chooser(shape)
    assert set(chooser(shape)) >= {"n", "l", "r", "url", "generator"}
    assert "id" not in chooser(shape)
    assert chooser.references == ("n",)
