"""Several records of one row: each found again, with its own origin and its parents in the row."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st
from pydantic import ValidationError

import provenance
from provenance.errors import MisuseError
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.json.lines import JsonLines
from provenance.io.readers.multi_record_rows import MultiRecordReader
from provenance.ledger import Ledger
from provenance.model.emission import Emit
from provenance.model.manifest import Selection
from provenance.model.policy import Policy
from provenance.model.source import Source
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.summary import IngestSummary

QUESTION = Emit(name="question", content="problem", label="human")
SOLUTION = Emit(
    name="solution",
    each="solutions",
    content="text",
    generator="field:model",
    process="generate",
    derived_from="question",
)
MATHS = Source(name="maths", emit=(QUESTION, SOLUTION))
ROWS = [
    {
        "id": f"q{n}",
        "problem": f"What is {n} and {n}, in words?",
        "solutions": [
            {"text": f"The answer to {n} by {model}.", "model": model}
            for model in ("gpt-4", "llama-3", "qwen-2", "mistral-7b")
        ],
    }
    for n in range(3)
]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def _lines(path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))


def _document(path: Path) -> None:
    path.write_text(json.dumps(ROWS, indent=1))


def _packed(path: Path) -> None:
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in ROWS).encode()))


def _parquet(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), path, row_group_size=2)


FORMS: dict[str, Callable[[Path], None]] = {
    "a.jsonl": _lines,
    "a.json": _document,
    "a.jsonl.gz": _packed,
    "a.parquet": _parquet,
}


def _query(ledger: Ledger, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in ledger.query(sql).to_pylist()]


def _ingest(ledger: Ledger, path: Path, source: Source = MATHS) -> IngestSummary:
    ledger.source_set(source)
    return ledger.ingest([str(path)], IngestOptions(source=source.name))


ORIGINS = """SELECT s.row, o.label, o.generator, o.depth
FROM sightings s JOIN origins o USING (record_id) ORDER BY s.row"""
EDGES = """SELECT c.row AS child, p.row AS parent, l.relation, l.process FROM lineage l
JOIN sightings c ON c.record_id = l.child JOIN sightings p ON p.record_id = l.parent ORDER BY ALL"""


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
def test_a_row_gives_a_question_and_its_solutions(
    ledger: Ledger, tmp_path: Path, name: str
) -> None:
    FORMS[name](tmp_path / name)
    summary = _ingest(ledger, tmp_path / name)
    assert (summary.read, summary.kept, summary.rejected) == (15, 15, 0)
    assert (summary.labels["human"], summary.labels["synthetic"]) == (3, 12)
    models = (None, "gpt-4", "llama-3", "qwen-2", "mistral-7b")
    assert _query(ledger, ORIGINS) == [
        (row + 1, "synthetic" if models[row % 5] else "human", models[row % 5], int(row % 5 > 0))
        for row in range(15)
    ]
    assert _query(ledger, EDGES) == [
        (child, child - (child - 1) % 5, "derived", "generate")
        for child in range(1, 16)
        if child % 5 != 1
    ]
    assert _ingest(ledger, tmp_path / name).unchanged_files == 1


@pytest.mark.slow
@pytest.mark.parametrize(("name", "form"), [("a.jsonl", "parquet"), ("a.parquet", "jsonl")])
def test_every_record_is_found_again(ledger: Ledger, tmp_path: Path, name: str, form: str) -> None:
    FORMS[name](tmp_path / name)
    _ingest(ledger, tmp_path / name)
    policy = Policy.model_validate(
        {"policy": "p", "budgets": [{"name": "a", "max_synthetic": "1"}]}
    )
    ledger.assemble("r", policy, Selection())
    ledger.export("r", tmp_path / "out", form)
    (written,) = (tmp_path / "out").glob(f"*.{form}")
    other = provenance.init(str(tmp_path / "other"))
    for field in ("problem", "text"):
        other.ingest([str(written)], IngestOptions(source=field, content=(field,)))
    ids = "SELECT DISTINCT record_id FROM sightings ORDER BY 1"
    assert _query(other, ids) == _query(ledger, ids)
    assert ledger.verify("r").problems == ()


def test_what_a_row_lacks_is_refused_by_itself(ledger: Ledger, tmp_path: Path) -> None:
    rows: list[Any] = [
        {"problem": "one", "solutions": ["a mere text", {"text": "b"}, {"no": 1}, {"text": ""}, 5]},
        {"problem": None, "solutions": [{"text": "c"}]},
        {"problem": "two", "solutions": []},
        {"problem": "three", "solutions": None},
        {"problem": "four"},
        {"problem": "five", "solutions": {"text": "d"}},
        {"other": 1},
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"problem": NaN}\n')
    summary = _ingest(ledger, path)
    assert (summary.read, summary.kept, summary.rejected) == (16, 8, 8)
    assert (
        summary.files[0].reasons
        == {
            'row 1, solution 3: no field "text"': 1,
            'row 1, solution 4: field "text" is empty': 1,
            'row 1, solution 5: field "text" is a number, not text': 1,
            'row 2, question: field "problem" is null': 1,
            'row 5, solution 1: no field "solutions"': 1,
            'row 6, solution 1: no list in field "solutions"': 1,
            'row 7: no field "problem" or "solutions"': 1,
            "row 8: NaN is not JSON": 1,
        }
        | {'row 1, solution 5: field "text" is a number, not text': 1}
        or summary
    )
    rows_kept = [row for (row,) in _query(ledger, "SELECT row FROM sightings ORDER BY row")]
    assert len(rows_kept) == 8


def test_a_row_is_named_once_where_it_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"problem": "one"}\n{"questoin": 1}\n{"problem": 5}\n')
    source = Source(name="s", emit=(Emit(name="asked", content="problem"),))
    (file,) = _ingest(ledger, path, source).files
    assert (file.kept, [r.as_line("").count("row 2") for r in file.rejects]) == (1, [1, 0])
    assert [r.as_line("").count("row 3") for r in file.rejects] == [0, 1]
    assert "asked: " in file.rejects[1].reason


@pytest.mark.parametrize("model", [{}, {"model": None}, {"model": ""}])
@pytest.mark.parametrize(
    ("said", "label"),
    [
        ({"process": "generate"}, "synthetic"),
        ({"process": "rephrase"}, "synthetic"),
        ({"process": "annotate"}, "unknown"),
        ({"process": "feedback"}, "unknown"),
        ({"process": "generate", "label": "human"}, "human"),
        ({}, "unknown"),
    ],
)
def test_a_process_that_writes_claims_so_though_no_model_is_named(
    ledger: Ledger, tmp_path: Path, model: dict[str, Any], said: dict[str, Any], label: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"problem": "one text of many", **model}) + "\n")
    named = {} if said.get("label") else {"generator": "field:model"}
    emit = Emit.model_validate({"name": "asked", "content": "problem", **named, **said})
    _ingest(ledger, path, Source(name="s", emit=(emit,)))
    assert ledger.status().labels[label] == 1


@pytest.mark.slow
def test_chats_pairs_and_critiques(ledger: Ledger, tmp_path: Path) -> None:
    row = {
        "meta": {"task": "a task", "lang": "en"},
        "samples": [{"turns": [{"role": "user", "content": f"Hi {n}"}], "no": n} for n in (1, 2)],
        "critiques": ["bad", "good"],
    }
    source = Source(
        name="s",
        emit=(
            Emit(name="task", content="meta.task", lang="meta.lang", label="human"),
            Emit(name="sample", each="samples", content=("turns", "no"), context="task"),
            Emit(name="remark", each="critiques", generator="judge", context=("task", "sample")),
            Emit(name="again", each="samples", content="turns", derived_from="sample"),
        ),
    )
    (tmp_path / "a.json").write_text(json.dumps([row]))
    summary = _ingest(ledger, tmp_path / "a.json", source)
    assert (summary.kept, summary.rejected) == (7, 0)
    assert _query(ledger, "SELECT kind, lang FROM sightings ORDER BY row") == [
        ("text", "en"),
        *[("structured", None)] * 2,
        *[("text", None)] * 2,
        *[("structured", None)] * 2,
    ]
    assert [edge[:3] for edge in _query(ledger, EDGES)] == [
        (2, 1, "context"),
        (3, 1, "context"),
        (4, 1, "context"),
        (4, 2, "context"),
        (4, 3, "context"),
        (5, 1, "context"),
        (5, 2, "context"),
        (5, 3, "context"),
        (6, 2, "derived"),
        (7, 3, "derived"),
    ]
    labels = [label for _, label, *_ in _query(ledger, ORIGINS)]
    assert labels[0] == "human"
    assert labels[3:5] == ["synthetic", "synthetic"]


def test_a_record_is_the_same_wherever_it_comes_from(ledger: Ledger, tmp_path: Path) -> None:
    _lines(tmp_path / "a.jsonl")
    _ingest(ledger, tmp_path / "a.jsonl")
    (tmp_path / "b.jsonl").write_text(json.dumps({"text": ROWS[0]["problem"]}) + "\n")
    ledger.ingest([str(tmp_path / "b.jsonl")], IngestOptions(source="other"))
    assert (ledger.status().records, ledger.status().sightings) == (15, 16)


def test_marks_in_the_rest_of_a_row_are_heard(ledger: Ledger, tmp_path: Path) -> None:
    row = {**ROWS[0], "is_synthetic": True}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    summary = _ingest(ledger, tmp_path / "a.jsonl")
    assert (summary.kept, summary.labels["human"]) == (5, 0)


@pytest.mark.slow
def test_another_emission_is_another_reading(ledger: Ledger, tmp_path: Path) -> None:
    _lines(tmp_path / "a.jsonl")
    _ingest(ledger, tmp_path / "a.jsonl")
    only = Source(name="maths", emit=(QUESTION,))
    again = _ingest(ledger, tmp_path / "a.jsonl", only)
    assert (again.unchanged_files, again.kept) == (0, 3)
    assert ledger.status().sightings == 3
    plain = Source(name="maths")
    ledger.source_set(plain)
    asked = IngestOptions(source="maths", content=("problem",), replace=True)
    whole = ledger.ingest([str(tmp_path / "a.jsonl")], asked)
    assert (whole.unchanged_files, whole.kept) == (0, 3)


def test_a_file_without_the_fields_and_options_beside_the_contract(
    ledger: Ledger, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("text,n\nhello,1\n")
    summary = _ingest(ledger, tmp_path / "a.csv")
    assert "of which the contract makes records" in str(summary.files[0].error)
    with pytest.raises(MisuseError, match="defines the records of a row under `emit`"):
        ledger.ingest([str(tmp_path / "a.csv")], IngestOptions(source="maths", content=("text",)))


@pytest.mark.parametrize(
    "emits",
    [
        [{"name": "a"}],
        [{"name": "a", "content": "x", "label": "human", "generator": "gpt-4"}],
        [{"name": "a", "content": "x", "label": "robot"}],
        [{"name": "a", "content": "x", "generator": "field:"}],
        [{"name": "a", "content": "x", "derived_from": "b"}],
        [{"name": "a", "content": "x", "derived_from": "a"}],
        [{"name": "a", "content": "x"}, {"name": "a", "content": "y"}],
        [
            {"name": "a", "content": "x", "context": "b"},
            {"name": "b", "content": "y", "derived_from": ["a"]},
        ],
    ],
)
def test_contracts_that_make_no_sense(emits: list[dict[str, Any]]) -> None:
    with pytest.raises(ValidationError):
        Source.model_validate({"name": "s", "emit": emits})


@settings(max_examples=40)
@given(rows=st.lists(st.tuples(st.text(max_size=3), st.lists(st.text(max_size=3), max_size=4))))
def test_what_is_read_adds_up(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, list[str]]]
) -> None:
    path = tmp_path_factory.mktemp("emit") / "a.jsonl"
    written = [{"problem": q, "solutions": [{"text": t} for t in texts]} for q, texts in rows]
    path.write_text("".join(json.dumps(row) + "\n" for row in written))
    reader = MultiRecordReader(JsonLines(), (QUESTION, SOLUTION))
    layout = ReadLayout("text", ("problem", "text"), ("emit:name", "emit:parents"))
    numbers: list[int] = []
    texts: dict[int, str] = {}
    for batch in reader.read(Input(path.as_posix(), path, "jsonl"), layout):
        texts |= dict(zip(batch.rows.to_pylist(), batch.content.to_pylist(), strict=True))
        numbers += batch.rows.to_pylist() + batch.rejects.column("row").to_pylist()
    expected = [text for q, solutions in rows for text in (q, *solutions) if q or any(solutions)]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert [texts[row] for row in sorted(texts)] == [text for text in expected if text]
