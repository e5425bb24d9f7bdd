"""Read tables that are one JSON object: by columns, by numbered rows, or in pandas "split" form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from provenance.content.json_reader import DefectError, shortened
from provenance.io.readers.json.json_content import kind_of

_NUMBER = re.compile(r"-?[0-9]{1,18}")
_SPLIT = frozenset({"columns", "data"})
_SPLIT_TOO = _SPLIT | {"index", "index_names", "column_names"}


def rows_of(document: Any) -> Iterator[Any]:
    """Yield the rows of an object that is a table; any other value is one row.

    Raises:
        DefectError: the columns of a table are not equally long.

    >>> list(rows_of({"text": ["a", "b"]}))
    [{'text': 'a'}, {'text': 'b'}]
    >>> list(rows_of({"0": {"text": "a"}, "1": {"text": "b"}}))
    [{'text': 'a'}, {'text': 'b'}]
    >>> list(rows_of({"text": {"0": "a", "1": "b"}}))
    [{'text': 'a'}, {'text': 'b'}]
    >>> list(rows_of({"columns": ["text"], "data": [["a"], ["b"]]}))
    [{'text': 'a'}, {'text': 'b'}]
    """
    if not isinstance(document, dict):
        yield document
    elif is_columns(document):
        sizes = {name: len(column) for name, column in document.items()}
        if len(set(sizes.values())) > 1:
            listed = ", ".join(f"{name} {size}" for name, size in sizes.items())
            raise DefectError(f"columns of unequal length: {shortened(listed)}")
        names = list(document)
        for values in zip(*document.values(), strict=True):
            yield dict(zip(names, values, strict=True))
    elif _is_split(document):
        names = document["columns"]
        yield from (dict(zip(names, values, strict=True)) for values in document["data"])
    elif _are_objects(document) and all(map(_NUMBER.fullmatch, document)):
        yield from document.values()
    elif _are_numbered_columns(document):
        names = list(document)
        for number in document[names[0]]:
            yield {name: document[name][number] for name in names}
    else:
        yield document


def sample_of(document: Any) -> Iterator[Any]:
    """Yield the rows of a table; columns of unequal length are cut to the shortest."""
    if isinstance(document, dict) and is_columns(document):
        rows = zip(*document.values(), strict=False)
        return (dict(zip(document, values, strict=True)) for values in rows)
    return rows_of(document)


def is_columns(document: dict[str, Any]) -> bool:
    """Check whether an object holds columns, and not lists such as the turns of a chat."""
    columns = list(document.values())
    if not columns or not all(isinstance(column, list) and column for column in columns):
        return False
    if _is_split(document):
        return False
    if len({len(column) for column in columns}) > 1:
        # Lists of what is not plain may well be one record.
        return not any(isinstance(value, (dict, list)) for column in columns for value in column)
    kinds = {kind_of(column) for column in columns}
    plain = any(not isinstance(value, dict) for column in columns for value in column)
    return "messages" not in kinds and plain


def _is_split(document: dict[str, Any]) -> bool:
    if not _SPLIT <= document.keys() <= _SPLIT_TOO:
        return False
    names, rows = document["columns"], document["data"]
    if not isinstance(names, list) or not isinstance(rows, list):
        return False
    named = bool(names) and all(isinstance(name, str) for name in names)
    fitting = all(isinstance(row, list) and len(row) == len(names) for row in rows)
    return named and len(set(names)) == len(names) and fitting


def _are_objects(document: dict[str, Any]) -> bool:
    return bool(document) and all(isinstance(value, dict) for value in document.values())


def _are_numbered_columns(document: dict[str, Any]) -> bool:
    """Check whether an object holds columns with the same row numbers as keys."""
    if not _are_objects(document):
        return False
    first = next(iter(document.values()))
    return bool(first) and all(
        column.keys() == first.keys() and all(map(_NUMBER.fullmatch, column))
        for column in document.values()
    )
