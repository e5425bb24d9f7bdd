"""What values look like: texts, or what is none though it is long."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import InputError
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Input
from provenance.io.records.content_fields import choose_content
from provenance.io.records.value_shapes import look_of

MEASURES = (
    [101, 2023, 102],
    list(range(1_000)),
    [0.5, -1e-5, 3],
    [[True, False], []],
    {"left": 1, "right one of two": [2.5]},
    [True, None],
)


@pytest.mark.parametrize("value", MEASURES)
@pytest.mark.parametrize("write", [json.dumps, str])
def test_numbers_in_lists_are_no_text(value: Any, write: Any) -> None:
    text = write(value)
    assert look_of([text.replace("'", '"')]) == "terse"


@pytest.mark.parametrize(
    "text",
    ["[101, 2023, one more]", '["it was a", "dark night"]', '{"a": "it was a dark night"}',
     "[1] It was a dark night.", "{so} it was a dark night"],
)  # fmt: skip
def test_words_in_lists_may_be_text(text: str) -> None:
    assert look_of([text]) == "prose"


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_columns_of_tokens_are_no_content(form: str, tmp_path: Path) -> None:
    rows = [{"input_ids": [101, n, 102, 7], "attention_mask": [1, 1, 1, 0]} for n in range(4)]
    path = tmp_path / f"a.{form}"
    with path.open("w", newline="") as file:
        if form == "csv":
            table = csv.DictWriter(file, rows[0])
            table.writeheader()
            table.writerows(rows)
        else:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    shape = reader_for(form).probe(Input(str(path), path, form))
    with pytest.raises(InputError, match="no content field"):
        choose_content(shape, (), form)
