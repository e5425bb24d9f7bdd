"""What an export writes: the right bytes, one schema, types as the sources have them."""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings, strategies as st
from support.datafiles import cap, ingest, policy, write_jsonl

import provenance
from provenance.errors import IntegrityError
from provenance.io.exports import digest_check
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.operations.releases.export import ExportSummary

ANYTHING = policy(cap("1"), indeterminate="warn")


def letter(number: int, about: str = "the coast") -> str:
    return f"Letter number {number} from {about}, kept in the drawer by the door, unread."


def released(folder: Path, **sources: Any) -> Ledger:
    """A ledger with one release ``r`` of files: a path, or a path and the options of its ingest."""
    ledger = provenance.init(str(folder / "ledger"))
    for source, how in sources.items():
        path, options = how if isinstance(how, tuple) else (how, {})
        ingest(ledger, path, source, **{"label": "human", **options})
    assert ledger.assemble("r", ANYTHING, Selection()).sealed
    return ledger


def exported(folder: Path, form: Any = "parquet", **sources: Any) -> tuple[Path, ExportSummary]:
    ledger = released(folder, **sources)
    return folder / "out", ledger.export("r", folder / "out", form)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [
        row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


def own(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("prov_")}


# -- names ---------------------------------------------------------------------------------------


def test_a_column_that_differs_in_case_alone_never_hides_the_content(tmp_path: Path) -> None:
    given = [{"Text": f"TITLE {n}", "text": letter(n), "TEXT": n} for n in range(2)]
    path = write_jsonl(tmp_path / "a.jsonl", given)
    folder, summary = exported(tmp_path, s=(path, {"content": ("text",)}))
    assert [own(row) for row in rows_of(folder)] == [
        {"Text_2": f"TITLE {n}", "text": letter(n), "TEXT_3": n} for n in range(2)
    ]
    assert {(c.source, c.name) for c in summary.renamed} == {("Text", "Text_2"), ("TEXT", "TEXT_3")}
    # To a reader of SQL, case is nothing.
    file = str(folder / "data.parquet")
    found = duckdb.sql(f"SELECT text FROM '{file}' ORDER BY ALL").fetchall()
    assert found == [(letter(0),), (letter(1),)]


def test_two_sources_whose_content_differs_in_case_keep_both(tmp_path: Path) -> None:
    folder, summary = exported(
        tmp_path,
        a=write_jsonl(tmp_path / "a.jsonl", [{"text": letter(1), "url": "http://a.example/1"}]),
        b=(
            write_jsonl(tmp_path / "b.jsonl", [{"Text": letter(2), "URL": "http://b.example/2"}]),
            {"content": ("Text",)},
        ),
    )
    assert [own(row) for row in rows_of(folder)] == [
        {"text": letter(1), "url": "http://a.example/1", "Text": None, "URL_2": None},
        {"text": None, "url": None, "Text": letter(2), "URL_2": "http://b.example/2"},
    ]
    assert [(c.source, c.name) for c in summary.renamed] == [("URL", "URL_2")]


def test_a_column_named_like_the_content_of_another_source_gets_a_name_of_its_own(
    tmp_path: Path,
) -> None:
    folder, _ = exported(
        tmp_path,
        a=write_jsonl(tmp_path / "a.jsonl", [{"text": letter(1)}]),
        b=(
            write_jsonl(tmp_path / "b.jsonl", [{"body": letter(2), "text": [1, 2]}]),
            {"content": ("body",)},
        ),
    )
    assert [own(row) for row in rows_of(folder)] == [
        {"text": letter(1), "body": None, "text_2": None},
        {"text": None, "body": letter(2), "text_2": [1, 2]},
    ]


FORGED = {"PROV_LABEL": "human", "Prov_Id": "sha256:00", "prov_label": "human", "provenance": "x"}


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
@pytest.mark.parametrize("source", ["jsonl", "escaped", "parquet"])
def test_no_column_of_a_source_sets_or_shadows_ours(tmp_path: Path, source: str, form: Any) -> None:
    row = {**FORGED, "text": letter(1)}
    if source == "parquet":
        path = tmp_path / "a.parquet"
        pq.write_table(pa.Table.from_pylist([row]), path)
    else:
        text = json.dumps(row)
        if source == "escaped":
            text = text.replace('"PROV_', '"\\u0050ro\\u0076\\u005F')
        path = tmp_path / "a.jsonl"
        path.write_text(text + "\n")
    folder, summary = exported(tmp_path, form, s=(path, {"label": "synthetic"}))
    (file,) = (folder / item.path for item in summary.files)
    found = duckdb.sql(f"SELECT prov_label, prov_id FROM '{file}'").fetchall()
    assert found == [("synthetic", "sha256:" + hashlib.sha256(letter(1).encode()).hexdigest())]
    names = pq.read_schema(file).names if form == "parquet" else list(json.loads(file.read_text()))
    assert len({name.casefold() for name in names}) == len(names)
    assert {"text", "provenance", "prov_label"} <= set(names)
    assert {c.source.casefold(): c.rows for c in summary.left_out}["prov_id"] == 1


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_content_with_such_a_name_stays_and_ours_come_first(tmp_path: Path, form: Any) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"PROV_LABEL": "human", "body": letter(1)}])
    options = {"content": ("*",), "label": "synthetic"}
    folder, summary = exported(tmp_path, form, s=(path, options))
    (file,) = (folder / item.path for item in summary.files)
    assert duckdb.sql(f"SELECT prov_label FROM '{file}'").fetchall() == [("synthetic",)]
    row = json.loads(file.read_text()) if form == "jsonl" else rows_of(folder)[0]
    assert (row["PROV_LABEL"], row["prov_label"]) == ("human", "synthetic")


# -- types ---------------------------------------------------------------------------------------


def test_all_splits_have_the_schema_of_all_rows(tmp_path: Path) -> None:
    rows = [
        {
            "id": n,
            "text": letter(n),
            "score": -1 if n == 3 else n,
            "note": {"by": "Ada", "pages": [1]} if n == 3 else None,
        }
        for n in range(20)
    ]
    ledger = provenance.init(str(tmp_path / "ledger"))
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", rows), "s", label="human")
    splits = Selection(splits={"train": "0.8", "test": "0.2"})
    assert ledger.assemble("r", ANYTHING, splits).sealed
    ledger.export("r", tmp_path / "out")
    schemas = [pq.read_schema(path) for path in sorted((tmp_path / "out").glob("*.parquet"))]
    assert len(schemas) == 2
    assert schemas[0].equals(schemas[1], check_metadata=True)
    assert schemas[0].field("score").type == pa.int64()
    note = pa.struct([("by", pa.string()), ("pages", pa.list_(pa.int64()))])
    assert schemas[0].field("note").type == note
    again = {row["id"]: own(row) for row in rows_of(tmp_path / "out")}
    assert again == {row["id"]: row for row in rows}


@pytest.mark.parametrize(
    ("rows", "column", "texts", "reason"),
    [
        ([{"x": {}}, {"x": {}}], "x", ["{}", "{}"], "objects without members"),
        ([{"x": 1}, {"x": "1"}], "x", ["1", '"1"'], "values of several types"),
        ([{"x": [1, "a"]}, {}], "x", ['[1,"a"]', None], "values of several types"),
        ([{"x": "lone \ud83d"}, {}], "x", ['"lone \\ud83d"', None], "a lone surrogate"),
        ([{"x": 2**64}, {"x": 1}], "x", [str(2**64), "1"], "beyond 64 bits"),
        ([{"x": {"": 1}}, {}], "x", ['{"":1}', None], "a member without a name"),
        ([{"x": {"a": 1, "A": 2}}, {}], "x", ['{"a":1,"A":2}', None], "differ in case alone"),
    ],
)
def test_a_column_that_no_type_holds_goes_out_as_json_text_and_says_so(
    tmp_path: Path, rows: Any, column: str, texts: list[str | None], reason: str
) -> None:
    lines = [json.dumps({"text": letter(n), **row}) for n, row in enumerate(rows)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    folder, summary = exported(tmp_path, s=path)
    assert [row[column] for row in rows_of(folder)] == texts
    assert [c.name for c in summary.as_json_text] == [column]
    assert reason in summary.as_json_text[0].reason


def test_a_column_without_a_name_gets_one(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": letter(1), "": "v"}])
    folder, summary = exported(tmp_path, s=path)
    assert own(rows_of(folder)[0]) == {"text": letter(1), "unnamed": "v"}
    assert [(c.source, c.name) for c in summary.renamed] == [("", "unnamed")]


def test_tool_calls_whose_arguments_differ_keep_their_content(tmp_path: Path) -> None:
    def chat(question: str, arguments: dict[str, Any]) -> dict[str, Any]:
        call = {"function": {"name": "tool", "arguments": arguments}}
        turns = [{"role": "user", "content": question}, {"role": "assistant", "tool_calls": [call]}]
        return {"messages": turns}

    given = [
        chat("What is the time in Oslo?", {}),
        chat("What is the weather in Oslo?", {"city": "Oslo"}),
        chat("And in 5 days?", {"city": "Oslo", "days": 5}),
        chat("And in five days?", {"city": "Oslo", "days": "five"}),
    ]
    folder, summary = exported(tmp_path, s=write_jsonl(tmp_path / "a.jsonl", given))
    assert [json.loads(row["messages"]) for row in rows_of(folder)] == [
        r["messages"] for r in given
    ]
    assert [c.name for c in summary.as_json_text] == ["messages"]


DAY = dt.date(2024, 1, 2)
NOON = dt.datetime(2024, 1, 2, 12, 0, 5, 123456)  # noqa: DTZ001 (columns without a zone)
TYPES: dict[str, tuple[pa.Array, pa.DataType]] = {
    "stamp": (pa.array([NOON, None], pa.timestamp("us")), pa.timestamp("us")),
    "zoned": (
        pa.array([NOON, None], pa.timestamp("ms", "Europe/Oslo")),
        pa.timestamp("ms", "Europe/Oslo"),
    ),
    "nanos": (pa.array([1, None], pa.timestamp("ns")), pa.timestamp("ns")),
    "day": (pa.array([DAY, None]), pa.date32()),
    "time": (pa.array([dt.time(1, 2, 3), None], pa.time64("us")), pa.time64("us")),
    "span": (pa.array([dt.timedelta(seconds=5), None], pa.duration("us")), pa.duration("us")),
    "price": (
        pa.array([decimal.Decimal("1.10"), None], pa.decimal128(10, 2)),
        pa.decimal128(10, 2),
    ),
    "float": (pa.array([float("nan"), -0.5]), pa.float64()),
    "half": (pa.array([0.1, None], pa.float32()), pa.float32()),
    "long": (pa.array([-(2**62), 2**62]), pa.int64()),
    "huge": (pa.array([2**64 - 1, None], pa.uint64()), pa.uint64()),
    "byte": (pa.array([-1, None], pa.int8()), pa.int8()),
    "flag": (pa.array([True, None]), pa.bool_()),
    "bytes": (pa.array([b"\x00\xff", None]), pa.binary()),
    "picture": (
        pa.array([{"bytes": b"\x89PNG", "path": None}, None]),
        pa.struct([("bytes", pa.binary()), ("path", pa.null())]),
    ),
    "vector": (pa.array([[0.5, 1.5], None], pa.list_(pa.float32(), 2)), pa.list_(pa.float32(), 2)),
    "map": (
        pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
        pa.list_(pa.struct([("key", pa.string()), ("value", pa.int64())])),
    ),
    "code": (pa.array(["x", None]).dictionary_encode(), pa.string()),
    "view": (pa.array(["x", None], pa.string_view()), pa.string()),
    "views": (pa.array([["x"], None], pa.list_(pa.string_view())), pa.list_(pa.string())),
    "uuid": (pa.array([b"0" * 16, None], pa.uuid()), pa.string()),
    "large": (
        pa.array([["x"], None], pa.large_list(pa.large_string())),
        pa.large_list(pa.string()),
    ),
    "nothing": (pa.nulls(2), pa.null()),
}


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_types_of_typed_sources_are_kept(tmp_path: Path, form: str) -> None:
    columns = {name: array for name, (array, _) in TYPES.items()}
    texts = pa.array([letter(1), letter(2)], pa.string_view())
    table = pa.table({"text": texts, **columns})
    path = write_table(table, tmp_path / f"a.{form}")
    folder, summary = exported(tmp_path, s=(path, {"content": ("text",)}))
    assert summary.as_json_text == ()
    schema = pq.read_schema(folder / "data.parquet")
    for name, (array, kind) in TYPES.items():
        # Parquet names the items of a list otherwise, and has no other difference.
        assert spelt(schema.field(name).type) == spelt(kind), name
        found = [row[name] for row in rows_of(folder)]
        want = pc_plain(array)
        assert repr(found) == repr(want), name


def spelt(kind: pa.DataType) -> str:
    return str(kind).replace("element:", "item:")


def pc_plain(array: pa.Array) -> list[Any]:
    if pa.types.is_map(array.type):
        return [
            None if v is None else [{"key": k, "value": i} for k, i in v] for v in array.to_pylist()
        ]
    if isinstance(array.type, pa.UuidType):
        return [None if value is None else str(value) for value in array.to_pylist()]
    return array.to_pylist()


def write_table(table: pa.Table, path: Path) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
    return path


def test_the_names_of_classes_come_along(tmp_path: Path) -> None:
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
    }
    about = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    table = pa.table({"text": [letter(1), letter(2)], "label": [0, 1]})
    pq.write_table(table.replace_schema_metadata(about), tmp_path / "a.parquet")
    folder, _ = exported(tmp_path, s=tmp_path / "a.parquet")
    schema = pq.read_schema(folder / "data.parquet")
    found = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert found["label"] == {"names": ["neg", "pos"], "_type": "ClassLabel"}
    assert schema.field("label").type == pa.int64()


def test_names_of_classes_are_dropped_where_sources_say_different_things(tmp_path: Path) -> None:
    for name, classes in (("a", ["neg", "pos"]), ("b", ["pos", "neg"])):
        features = {"label": {"names": classes, "_type": "ClassLabel"}}
        about = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
        table = pa.table({"text": [letter(1, name)], "label": [0]}).replace_schema_metadata(about)
        pq.write_table(table, tmp_path / f"{name}.parquet")
    folder, _ = exported(tmp_path, a=tmp_path / "a.parquet", b=tmp_path / "b.parquet")
    assert b"ClassLabel" not in str(pq.read_schema(folder / "data.parquet").metadata).encode()


@pytest.mark.slow
def test_sources_with_and_without_types_share_columns(tmp_path: Path) -> None:
    table = pa.table({"text": [letter(1)], "n": pa.array([1], pa.int32()), "when": [NOON]})
    pq.write_table(table, tmp_path / "a.parquet")
    rows = [{"text": letter(2), "n": 2**40, "when": None}]
    folder, summary = exported(
        tmp_path, a=tmp_path / "a.parquet", b=write_jsonl(tmp_path / "b.jsonl", rows)
    )
    schema = pq.read_schema(folder / "data.parquet")
    assert (schema.field("n").type, schema.field("when").type) == (pa.int64(), pa.timestamp("us"))
    assert summary.as_json_text == ()
    rows = [{"text": letter(2), "n": "two", "when": "2024-01-02"}]
    again = tmp_path / "again"
    folder, summary = exported(
        again, a=tmp_path / "a.parquet", b=write_jsonl(again / "b.jsonl", rows)
    )
    assert {c.name for c in summary.as_json_text} == {"n", "when"}
    assert [(row["n"], row["when"]) for row in rows_of(folder)] == [
        ("1", '"2024-01-02T12:00:05.123456"'),
        ('"two"', '"2024-01-02"'),
    ]


# -- what is written is checked ------------------------------------------------------------------


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_row_that_is_written_wrongly_is_found_and_named(
    tmp_path: Path, form: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"text": letter(n)} for n in range(5)]
    ledger = released(tmp_path, s=write_jsonl(tmp_path / "a.jsonl", rows))
    check = digest_check.ExpectedDigests.check

    def spoilt(self: Any, name: str, path: Path, form: str) -> None:
        if form == "parquet":
            table = pq.read_table(path).to_pylist()
            table[3]["text"] = "Another text."
            pq.write_table(pa.Table.from_pylist(table), path)
        else:
            path.write_bytes(path.read_bytes().replace(b"number 3", b"number 8"))
        check(self, name, path, form)

    monkeypatch.setattr(digest_check.ExpectedDigests, "check", spoilt)
    digest = hashlib.sha256(letter(3).encode()).hexdigest()
    with pytest.raises(IntegrityError, match=rf"row 4 of `data.{form}`.*sha256:{digest}"):
        ledger.export("r", tmp_path / "out", form)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
@pytest.mark.parametrize("lost", [0, 4])
def test_a_row_that_is_missing_is_found(
    tmp_path: Path, form: Any, lost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = released(
        tmp_path, s=write_jsonl(tmp_path / "a.jsonl", [{"text": letter(n)} for n in range(5)])
    )
    check = digest_check.ExpectedDigests.check

    def spoilt(self: Any, name: str, path: Path, form: str) -> None:
        if form == "parquet":
            table = pq.read_table(path).to_pylist()
            pq.write_table(pa.Table.from_pylist(table[:lost] + table[lost + 1 :]), path)
        else:
            lines = path.read_bytes().splitlines(keepends=True)
            lines[lost] = b"\n"
            path.write_bytes(b"".join(lines))
        check(self, name, path, form)

    monkeypatch.setattr(digest_check.ExpectedDigests, "check", spoilt)
    with pytest.raises(IntegrityError, match=rf"row {lost + 1} of "):
        ledger.export("r", tmp_path / "out", form)


@pytest.mark.slow
def test_the_card_names_the_data_and_nothing_else(tmp_path: Path) -> None:
    rows = [{"text": letter(n)} for n in range(30)]
    ledger = released(tmp_path, s=write_jsonl(tmp_path / "a.jsonl", rows))
    splits = Selection(splits={"a-b": "0.5", "a.b": "0.5"})
    assert ledger.assemble("r2", ANYTHING, splits).sealed
    for release, want in (
        ("r", ["data.parquet"]),
        (
            "r2",
            [{"split": "a_b", "path": "a-b.parquet"}, {"split": "a_b_2", "path": "a.b.parquet"}],
        ),
    ):
        ledger.export(release, tmp_path / release)
        front = (tmp_path / release / "README.md").read_text().split("---\n")[1]
        (config,) = json.loads(front.removeprefix("configs: "))
        assert config["data_files"] == want
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == [
        "README.md",
        "_manifest",
        "data.parquet",
    ]


# -- other programs read the right bytes ---------------------------------------------------------


def by_pyarrow(folder: Path) -> Iterator[dict[str, Any]]:
    yield from rows_of(folder)


def by_duckdb(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.parquet")):
        with duckdb.connect() as connection:
            found = connection.execute(f"FROM '{path}'")
            names = [each[0] for each in found.description or ()]
            yield from (dict(zip(names, row, strict=True)) for row in found.fetchall())


def by_pandas(folder: Path) -> Iterator[dict[str, Any]]:
    pandas = pytest.importorskip("pandas")
    for path in sorted(folder.glob("*.parquet")):
        frame = pandas.read_parquet(path, dtype_backend="pyarrow")
        yield from (plain(row) for row in frame.to_dict("records"))


def by_polars(folder: Path) -> Iterator[dict[str, Any]]:
    polars = pytest.importorskip("polars")
    for path in sorted(folder.glob("*.parquet")):
        yield from polars.read_parquet(path).to_dicts()


def by_datasets(folder: Path) -> Iterator[dict[str, Any]]:
    datasets = pytest.importorskip("datasets")
    found = datasets.load_dataset(str(folder), cache_dir=str(folder.parent / "cache"))
    for split in sorted(found):
        yield from found[split]


def plain(value: Any) -> Any:
    """What pandas gives, without its arrays and its missing values."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, list):
        return [plain(item) for item in value]
    missing = type(value).__name__ in {"NAType", "NaTType"} or (
        isinstance(value, float) and math.isnan(value)
    )
    return None if missing else value


def pruned(value: Any) -> Any:
    if isinstance(value, dict):
        members = {name: pruned(item) for name, item in value.items()}
        return {name: item for name, item in members.items() if item not in (None, "", {})}
    return [pruned(item) for item in value] if isinstance(value, list) else value


def digest(row: Mapping[str, Any], content: tuple[str, ...], as_json: set[str]) -> str:
    """The digest of a row by the words of docs/design.md, without any of our code."""
    found = {
        name: json.loads(row[name]) if name in as_json and isinstance(row[name], str) else row[name]
        for name in content
    }
    if len(content) == 1 and isinstance(found[content[0]], str):
        data = found[content[0]].encode()
    else:
        data = rfc8785.dumps(pruned(found))
    return "sha256:" + hashlib.sha256(data).hexdigest()


def matrix(folder: Path) -> dict[str, tuple[Any, tuple[str, ...]]]:
    """Sources of every kind, by name: how each is ingested, and what is content in it."""
    turns = [
        [{"role": "user", "content": letter(n)}, {"role": "bot", "content": "Yes."}] for n in (1, 2)
    ]
    call = {"role": "bot", "calls": [{"name": "now", "arguments": {"days": "five"}}]}
    turn = pa.struct([("role", pa.string_view()), ("content", pa.string_view())])
    columns = {name: array for name, (array, _) in TYPES.items()}
    runs = pa.RunEndEncodedArray.from_arrays(
        pa.array([1, 2], pa.int32()), pa.array([letter(3), letter(4)])
    )
    texts = pa.array([letter(1), letter(2)], pa.string_view())
    tables = {
        "typed": pa.table({"text": texts, **columns}),
        "runs": pa.table({"text": runs, "again": runs}),
        "views": pa.table({"messages": pa.array(turns, pa.list_(turn)), "n": [1, 2]}),
        "codes": pa.table({"text": pa.array([letter(5), letter(6)]).dictionary_encode()}),
        "bytes": pa.table({"text": pa.array([letter(7).encode()], pa.large_binary())}),
    }
    lines = {
        "chats": [{"messages": turns[0]}, {"messages": [*turns[1], call]}],
        "calls": [
            {"messages": [*turns[0], {**call, "calls": [{"name": "f", "arguments": {}}]}]},
            {"messages": [*turns[0], call]},
            {"messages": [{**call, "calls": [{"name": "f", "arguments": {"days": 5}}]}]},
        ],
        "pairs": [
            {"instruction": letter(1), "output": "é \u2028 😀", "input": None, "Output": 1},
            {"instruction": letter(2), "output": "b", "input": "c", "Output": "x"},
        ],
        "cases": [{"Text": "A", "text": letter(8)}, {"Text": "B", "text": letter(9)}],
        "numbers": [
            {"q": letter(1), "a": {"n": 1, "f": 0.1, "e": [], "t": True}},
            {"q": letter(2), "a": {"n": -5, "f": 2**53, "e": [None, 1], "t": None}},
        ],
    }
    content = {
        "views": ("messages",),
        "chats": ("messages",),
        "calls": ("messages",),
        "pairs": ("instruction", "output", "input"),
        "numbers": ("q", "a"),
    }
    in_arrow = {"runs", "views"}
    paths = {
        # Arrow writes no Parquet of runs, nor of views inside others.
        name: write_table(table, folder / f"{name}.{'arrow' if name in in_arrow else 'parquet'}")
        for name, table in tables.items()
    } | {name: write_jsonl(folder / f"{name}.jsonl", rows) for name, rows in lines.items()}
    return {name: (path, content.get(name, ("text",))) for name, path in paths.items()}


SOURCES = (
    "typed",
    "runs",
    "views",
    "codes",
    "bytes",
    "chats",
    "calls",
    "pairs",
    "cases",
    "numbers",
)


@pytest.fixture(scope="module")
def folders(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], tuple[Path, ExportSummary]]:
    """The export of a source of the matrix, or of all of them together."""
    base = tmp_path_factory.mktemp("matrix")
    made: dict[str, tuple[Path, ExportSummary]] = {}

    def get(name: str) -> tuple[Path, ExportSummary]:
        if name not in made:
            folder = base / name
            folder.mkdir()
            sources = matrix(folder)
            assert set(sources) == set(SOURCES)
            wanted = {n: s for n, s in sources.items() if name in {n, "all"}}
            given = {n: (path, {"content": content}) for n, (path, content) in wanted.items()}
            made[name] = exported(folder, **given)
        return made[name]

    return get


@pytest.mark.slow
@pytest.mark.newest
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("read", [by_pyarrow, by_duckdb, by_pandas, by_polars, by_datasets])
@pytest.mark.parametrize("name", [*SOURCES, "all"])
def test_every_program_reads_the_content_of_the_manifest(
    folders: Callable[[str], tuple[Path, ExportSummary]],
    name: str,
    read: Callable[[Path], Iterator[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder, summary = folders(name)
    content = {n: fields for n, (_, fields) in matrix(tmp_path).items()}
    as_json = {column.name for column in summary.as_json_text}
    rows = list(read(folder))
    found = Counter(digest(row, content[row["prov_source"]], as_json) for row in rows)
    manifest = pq.read_table(folder / "_manifest" / "members.parquet").to_pylist()
    assert found == Counter({row["digest"]: row["weight"] for row in manifest})
    assert all(row["prov_label"] == "human" for row in rows)
    assert sorted(row["prov_id"] for row in rows) == sorted(found.elements())


# -- out and in again ----------------------------------------------------------------------------

labels = st.sampled_from(["human", "synthetic", None])
leaves = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5)
members = st.dictionaries(
    st.sampled_from(["x", "X", "Text", "a b", "", "né", "prov_depth", "PROV_LABEL"]),
    st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["k", "K", "l"]), inner, max_size=2)
        ),
        max_leaves=4,
    ),
    max_size=4,
)
drawn_rows = st.lists(members, min_size=1, max_size=6)


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
@settings(
    deadline=None,
    max_examples=5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=drawn_rows, label=labels)
def test_what_goes_out_comes_in_again_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    form: Any,
    drawn: list[dict[str, Any]],
    label: str | None,
) -> None:
    folder = tmp_path_factory.mktemp("again")
    rows = [{"text": letter(n, f"{label}"), **row} for n, row in enumerate(drawn)]
    path = write_jsonl(folder / "a.jsonl", rows)
    # A column of theirs does not go out, and what it asks goes with it.
    half = {"label": label, "content": ("text",), "ignore_fields": ("PROV_LABEL",)}
    ledger = provenance.init(str(folder / "ledger"))
    ingest(ledger, path, "s", **half)
    selection = Selection(splits={"one": "0.5", "two": "0.5"}, weights={"s": 2})
    assert ledger.assemble("r", ANYTHING, selection).sealed
    ledger.export("r", folder / "out", form)
    release = ledger.audit(ANYTHING, "r")
    files = ledger.audit_files([str(folder / "out")], ANYTHING, options(("text",)))
    assert numbers(files) == numbers(release)
    other = provenance.init(str(folder / "other"))
    ingest(other, folder / "out", "s", **half)
    ids = "SELECT digest, label FROM records ORDER BY digest"
    assert other.query(ids).to_pylist() == ledger.query(ids).to_pylist()


def options(content: tuple[str, ...]) -> Any:
    from provenance.operations.ingest import IngestOptions

    return IngestOptions(source="audit", content=content)


@pytest.mark.slow
def test_content_that_went_out_as_json_text_is_read_as_what_it_holds(tmp_path: Path) -> None:
    path, content = matrix(tmp_path)["calls"]
    ledger = released(tmp_path, s=(path, {"label": "synthetic", "content": content}))
    summary = ledger.export("r", tmp_path / "out")
    assert [column.name for column in summary.as_json_text] == ["messages"]
    release = ledger.audit(ANYTHING, "r")
    for fields in ((), content):  # found by its name, too
        files = ledger.audit_files([str(tmp_path / "out")], ANYTHING, options(fields))
        assert numbers(files) == numbers(release)
    other = provenance.init(str(tmp_path / "other"))
    ingest(other, tmp_path / "out", "s")
    ids = "SELECT digest, bytes FROM records ORDER BY digest"
    assert other.query(ids).to_pylist() == ledger.query(ids).to_pylist()
    # And out again, and the same.
    assert other.assemble("r", ANYTHING, Selection()).sealed
    other.export("r", tmp_path / "again")
    first, second = (
        [row["messages"] for row in rows_of(tmp_path / name)] for name in ("out", "again")
    )
    assert list(map(json.loads, first)) == list(map(json.loads, second))


@pytest.mark.slow
def test_content_inside_a_column_that_went_out_as_json_text_is_found(tmp_path: Path) -> None:
    rows = [{"page": {"body": {"text": letter(n)}, "x": x}} for n, x in enumerate((1, "a"))]
    how = {"content": ("page.body.text",), "label": "synthetic"}
    ledger = released(tmp_path, s=(write_jsonl(tmp_path / "a.jsonl", rows), how))
    assert [c.name for c in ledger.export("r", tmp_path / "out").as_json_text] == ["page"]
    files = ledger.audit_files([str(tmp_path / "out")], ANYTHING, options(how["content"]))
    assert numbers(files) == numbers(ledger.audit(ANYTHING, "r"))


def numbers(judgement: Any) -> list[Any]:
    return [(r.verdict, r.numerator_lo, r.numerator_hi, r.denominator) for r in judgement.budgets]
