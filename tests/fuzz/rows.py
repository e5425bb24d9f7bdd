"""The rows that are in the files that are damaged."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

ROWS: list[dict[str, Any]] = [
    {
        "id": f"r{n}",
        "text": f"text {n} with an é, a 語 and \U0001f600, and some more words of it",
        "model": "gpt-4" if n % 3 else None,
        "n": n * 2**33,
        "share": n / 7,
        "human": bool(n % 2),
        "tags": ["a", "b"][: n % 3],
        "meta": {"lang": "en", "deep": {"x": [{"y": None}, {"y": n}]}},
    }
    for n in range(12)
]

CHATS: list[dict[str, Any]] = [
    {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": f"a{n}"}]}
    for n in range(12)
]

START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)


def lines(rows: Sequence[dict[str, Any]] = ROWS) -> bytes:
    """JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def plain_table() -> pa.Table:
    """The rows with columns that most formats of tables have."""
    more = {
        "raw": pa.array([b"\x00\xff" * n for n in range(len(ROWS))]),
        "at": pa.array([START + datetime.timedelta(days=n) for n in range(len(ROWS))]),
        "map": pa.array([[("k", n)] for n in range(len(ROWS))], pa.map_(pa.string(), pa.int64())),
    }
    return _with(pa.Table.from_pylist(ROWS), more)


def table() -> pa.Table:
    """The rows with columns of many types."""
    words = pa.array([str(row["text"]) for row in ROWS])
    more = {
        "kind": words.dictionary_encode(),
        "view": words.cast(pa.string_view()),
        "none": pa.nulls(len(ROWS)),
    }
    return _with(plain_table(), more)


def _with(rows: pa.Table, more: dict[str, pa.Array]) -> pa.Table:
    for name, column in more.items():
        rows = rows.append_column(name, column)
    return rows
