"""Extract content and fields from records that are JSON values."""

from __future__ import annotations

from typing import Any

from provenance.content.identity import MAX_SAFE_INTEGER, CanonicalError, canonical_json
from provenance.content.json_reader import DefectError, parse
from provenance.content.json_writer import encode_json
from provenance.errors import MisuseError
from provenance.io.contract.reader import ReadLayout
from provenance.io.contract.record_paths import is_turn, steps_of
from provenance.io.records.batch_builder import field_of

MISSING: Any = object()
"""Result of ``lookup`` for an absent field, as opposed to null."""


def parse_object(raw: bytes) -> dict[str, Any]:
    """Parse a strict JSON text that must be an object.

    Raises:
        DefectError: as ``parse``, or the value is not an object.
    """
    value = parse(raw)
    if not isinstance(value, dict):
        raise DefectError(not_an_object(value))
    return value


def not_an_object(value: Any) -> str:
    """Word the reject reason of a value that is no object.

    >>> not_an_object("a"), not_an_object(None)
    ('a string, not an object', 'null, not an object')
    """
    return f"{_ARTICLE[kind_of(value)]}, not an object"


def lookup(record: dict[str, Any], name: str) -> Any:
    """Look a field up by name; dots go into objects where no field has that name.

    >>> lookup({"a": {"b": 1}}, "a.b"), lookup({"a.b": 2, "a": {"b": 1}}, "a.b")
    (1, 2)
    """
    if name in record:
        return record[name]
    value: Any = record
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return MISSING
        value = value[part]
    return value


def require_readable(layout: ReadLayout) -> None:
    """Refuse a layout of binary content."""
    if layout.kind == "binary":
        raise MisuseError("JSON holds no binary content", hint="choose another --content")


def extract(
    record: dict[str, Any], layout: ReadLayout, seen: dict[str, Any] | None = None
) -> tuple[str, list[str | None]]:
    """Extract the content and the further fields of a record.

    Args:
        seen: the record with its enclosing members, from which the further fields are taken.

    Raises:
        DefectError: there is no content, or it is not what the layout says.
    """
    content = _text(record, layout.content[0]) if layout.kind == "text" else _whole(record, layout)
    fields = record if seen is None else seen
    return content, [_field(fields, name, layout) for name in layout.fields]


def has_content(record: dict[str, Any], layout: ReadLayout) -> bool:
    """Check whether a record has any of the content fields, even if null."""
    return any(lookup(record, name) is not MISSING for name in layout.content)


def _text(record: dict[str, Any], name: str) -> str:
    value = lookup(record, name)
    if value is MISSING:
        raise DefectError(f'no field "{name}"')
    if value is None:
        raise DefectError(f'field "{name}" is null')
    if not isinstance(value, str):
        raise DefectError(f'field "{name}" is {_ARTICLE[kind_of(value)]}, not text')
    if not value:
        raise DefectError(f'field "{name}" is empty')
    return _storable(value, f'field "{name}"')


_ARTICLE = {
    "null": "null",
    "string": "a string",
    "number": "a number",
    "boolean": "a boolean",
    "object": "an object",
    "list": "a list",
    "messages": "a list",
}


def _whole(record: dict[str, Any], layout: ReadLayout) -> str:
    if layout.content == ("*",):
        # Whether anything is left of it the canonical form says, which is the same in all formats.
        chosen = {k: v for k, v in record.items() if v is not None and not k.startswith("prov_")}
    else:
        chosen = _chosen(record, layout.content, layout.late)
    text = encode_json(chosen)
    if _is_inexact(chosen):
        try:
            canonical_json(chosen)
        except CanonicalError as error:
            raise DefectError(str(error)) from error
    return _storable(text, "a content field")


def _chosen(
    record: dict[str, Any], names: tuple[str, ...], late: tuple[str, ...]
) -> dict[str, Any]:
    """Return the content fields of a record, at least one of which is not empty."""
    found = {name: lookup(record, name) for name in names}
    found |= {name: lookup(record, name) for name in late if name in record or "." in name}
    chosen = {k: v for k, v in found.items() if v is not MISSING and v is not None}
    if not chosen:
        null = [name for name, value in found.items() if value is None]
        if not null:
            raise DefectError("no field " + " or ".join(f'"{name}"' for name in names))
        subject = f'field "{null[0]}" is' if len(null) == 1 else "the content fields are"
        raise DefectError(f"{subject} null")
    if all(value in ("", [], {}) for value in chosen.values()):
        subject = f'field "{names[0]}" is' if len(names) == 1 else "the content fields are"
        raise DefectError(f"{subject} empty")
    return chosen


_EXACT = {str, bool, type(None)}


def _is_inexact(value: Any) -> bool:
    """Check whether the canonical form might refuse a number."""
    if isinstance(value, (dict, list)):
        items = value.values() if isinstance(value, dict) else value
        return not _EXACT.issuperset(map(type, items)) and any(map(_is_inexact, items))
    return type(value) not in _EXACT and not -MAX_SAFE_INTEGER < value < MAX_SAFE_INTEGER


def _field(record: dict[str, Any], name: str, layout: ReadLayout) -> str | None:
    text = field_of(record, steps_of(name), reference=name in layout.references)
    return text if text is None else _storable(text, f'field "{name}"')


def _storable(text: str, where: str) -> str:
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise DefectError(f"lone surrogate in {where}") from error
    return text


def kind_of(value: Any) -> str:
    """Return the kind of a value in the words of ``Shape``.

    >>> kind_of([{"role": "user", "content": "Hi"}])
    'messages'
    """
    if value is None:
        return "null"
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "messages" if value and all(map(is_turn, value)) else "list"
    return "number"
