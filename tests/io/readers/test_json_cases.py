"""Golden cases: small files, each with one kind of defect, and exactly what comes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.reader_contract import check_reader, read_all

from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.json.document import JsonDocument
from provenance.io.readers.json.lines import JsonLines

CASES = sorted((Path(__file__).parents[2] / "cases" / "readers").glob("json-*"))


def _source(case: Path) -> Input:
    (path,) = case.glob("input.*")
    return Input(path.as_posix(), path, path.suffix[1:])


def _layout(case: Path) -> ReadLayout:
    said = json.loads((case / "layout.json").read_text())
    return ReadLayout(
        said["kind"], tuple(said["content"]), tuple(said["fields"]), said.get("records")
    )


def _written(found: dict[str, list[list[object]]]) -> str:
    """One line for each record."""
    parts = []
    for name, records in found.items():
        lines = ",".join(f"\n    {json.dumps(each, ensure_ascii=False)}" for each in records)
        parts.append(f'  "{name}": [{lines}\n  ]' if lines else f'  "{name}": []')
    return "{\n" + ",\n".join(parts) + "\n}\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path, update: bool) -> None:
    source, layout = _source(case), _layout(case)
    reader = JsonDocument() if source.format == "json" else JsonLines()
    reading = check_reader(reader, source, layout)
    found = {
        "kept": [
            [row, content, *fields]
            for row, content, fields in zip(
                reading.rows, reading.content, reading.fields, strict=True
            )
        ],
        "rejected": [
            [reject["row"], reject["offset"], reject["reason"]] for reject in reading.rejects
        ],
    }
    golden = case / "expected.json"
    if update:
        golden.write_text(_written(found), encoding="utf-8")
    assert found == json.loads(golden.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fast_path_changes_nothing(case: Path) -> None:
    source, layout = _source(case), _layout(case)
    if source.format == "jsonl":
        exact = read_all(JsonLines(fast_from=None), source, layout, original=True)
        assert read_all(JsonLines(fast_from=0), source, layout, original=True) == exact
