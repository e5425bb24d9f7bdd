"""Text beside the content is named by its values, whatever its column is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.datafiles import cap, policy, texts, write_jsonl

import provenance
from provenance.ledger import Ledger
from provenance.operations.ingest import IngestOptions

POOL = texts("h", 4)
SAID = "Nobody told them that the ferry had left."
NAMES = (
    *("translation", "target", "explanation", "solution", "selftext", "post", "comments"),
    *("utterance", "description", "docstring", "func", "sql", "feedback", "notes", "author"),
    *("source", "title", "model", "zzz"),
)
VALUES: dict[str, Any] = {
    "object": {"any": SAID},
    "object in object": {"any": {"deep": SAID}},
    "texts": [SAID, SAID],
    "texts in lists": [[SAID]],
    "turns": [{"speaker": "a", "utterance": SAID}],
    "objects": [{"any": SAID}],
}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return provenance.init(str(tmp_path_factory.mktemp("beside") / "ledger"))


def beside(ledger: Ledger, folder: Path, columns: dict[str, list[Any]]) -> set[tuple[str, ...]]:
    """Columns of text that are named beside ``text``, of rows as lines and as a table."""
    rows = [
        {"text": row["text"], **{name: values[n] for name, values in columns.items()}}
        for n, row in enumerate(POOL)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet")
    if not any(isinstance(value, bytes) for values in columns.values() for value in values):
        write_jsonl(folder / "a.jsonl", rows)
    found = ledger.audit_files([str(folder)], policy(cap("1")), IngestOptions(source="audit"))
    assert all(shape.content == ("text",) for shape in found.judged)
    named = {shape.other_text for shape in found.judged}
    said = {item.subject for item in found.findings if item.code == "unjudged-text"}
    assert said == {f"{', '.join(each)} beside text" for each in named if each}
    return named


def test_texts_are_named_whatever_they_are_called(ledger: Ledger, tmp_path: Path) -> None:
    columns = {name: [SAID, None, SAID, "short"] for name in NAMES}
    (found,) = beside(ledger, tmp_path, columns)
    assert set(found) == set(NAMES)


@pytest.mark.parametrize("kind", VALUES)
def test_texts_are_named_wherever_they_are(ledger: Ledger, tmp_path: Path, kind: str) -> None:
    assert beside(ledger, tmp_path, {"meta": [VALUES[kind]] * 4}) == {("meta",)}


def test_bytes_are_named(ledger: Ledger, tmp_path: Path) -> None:
    assert beside(ledger, tmp_path, {"raw": [SAID.encode()] * 4}) == {("raw",)}


def test_words_numbers_and_marks_are_not_named(ledger: Ledger, tmp_path: Path) -> None:
    columns = {
        "model": ["m", "m", "n", "n"],
        "n": [1, 2, 3, 4],
        "tags": [["a", "b"]] * 4,
        "source": ["Old Letters"] * 4,
        "meta": [{"id": "x", "ok": True}] * 4,
        "Content-Length": ["12"] * 4,
    }
    assert beside(ledger, tmp_path, columns) == {()}
