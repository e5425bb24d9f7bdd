"""Tables that people fill claim nothing and ask nothing: no column says a word of a machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.asking import ask

CASES = Path(__file__).resolve().parents[2] / "cases" / "recognisers" / "ordinary-tables.jsonl"
TABLES: dict[str, dict[str, Any]] = {
    table["table"]: table for table in map(json.loads, CASES.read_text("utf-8").splitlines())
}


@pytest.mark.parametrize("name", TABLES)
def test_an_ordinary_table_says_nothing(name: str) -> None:
    assert ask(TABLES[name]["rows"], TABLES[name]["content"]) == []


@pytest.mark.parametrize("name", TABLES)
def test_nor_where_everything_is_text(name: str) -> None:
    """As a file of delimited values has it."""
    texts = [
        {
            field: value if isinstance(value, str | None) else json.dumps(value)
            for field, value in row.items()
        }
        for row in TABLES[name]["rows"]
    ]
    assert ask(texts, TABLES[name]["content"]) == []


@pytest.mark.parametrize("name", TABLES)
def test_one_mark_in_it_is_heard_all_the_same(name: str) -> None:
    rows = [*TABLES[name]["rows"], {**TABLES[name]["rows"][0], "generator": "zorp"}]
    assert {claim["index"] for claim in ask(rows, TABLES[name]["content"])} == {len(rows) - 1}


def test_there_are_enough_of_them() -> None:
    assert len(TABLES) >= 40
