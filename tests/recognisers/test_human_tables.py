"""Ordinary tables claim nothing and ask nothing."""

from __future__ import annotations

import json

import pytest
from recognisers.asking import ask
from recognisers.human_tables import TABLES


@pytest.mark.parametrize("name", TABLES)
def test_an_ordinary_table_says_nothing(name: str) -> None:
    content, rows = TABLES[name]
    assert ask(rows, content) == []


@pytest.mark.parametrize("name", TABLES)
def test_nor_where_everything_is_text(name: str) -> None:
    """As a file of delimited values has it."""
    content, rows = TABLES[name]
    texts = [
        {
            field: value if isinstance(value, str | None) else json.dumps(value)
            for field, value in row.items()
        }
        for row in rows
    ]
    assert ask(texts, content) == []


def test_there_are_enough_of_them() -> None:
    assert len(TABLES) >= 40
