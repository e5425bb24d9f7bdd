"""Parse references to parents: a record id, ``model:NAME`` and the like, or an id of a source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from provenance.lineage.edges import node_id
from provenance.model.edge import NodeKind

_RECORD_ID = re.compile(r"(sha256:)?([0-9a-f]{64})")


_NAMED: dict[str, NodeKind] = {"source": "source", "release": "release", "model": "model"}


def parse_reference(reference: str) -> tuple[NodeKind, bytes | None]:
    """Parse a reference into the kind of node and, if the text determines it, its 16-byte id.

    >>> parse_reference("sha256:" + "0f" * 32)[1] == bytes.fromhex("0f" * 16)
    True
    >>> parse_reference("model:ours-7b")[0], parse_reference("message-17")
    ('model', ('record', None))
    """
    digest = _RECORD_ID.fullmatch(reference)
    if digest:
        return "record", bytes.fromhex(digest[2])[:16]
    kind, colon, name = reference.partition(":")
    if colon and name and kind in _NAMED:
        return _NAMED[kind], node_id(_NAMED[kind], name).bytes
    return "record", None


def plain_reference(reference: str) -> str:
    """Normalise case and space of a reference by kind and name; return any other unchanged.

    >>> plain_reference(" Model: gpt-4"), plain_reference("note: 3 ")
    ('model:gpt-4', 'note: 3 ')
    """
    kind, colon, name = (part.strip() for part in reference.partition(":"))
    kind = kind.lower()
    return f"{kind}:{name}" if colon and name and kind in _NAMED else reference


def _id(item: object) -> str:
    """Format an id from a list as text; a float with an integer value as the integer."""
    return str(int(item)) if isinstance(item, float) and item.is_integer() else str(item)


def split_references(value: str | None) -> Iterable[str]:
    """Split the value of a parent field into ids: one text, or a JSON list."""
    if not value:
        return ()
    if value.startswith("["):
        try:
            listed = json.loads(value)
        except ValueError:
            return (value,)
        return tuple(_id(item) for item in listed if item is not None and item != "")
    return (value,)
