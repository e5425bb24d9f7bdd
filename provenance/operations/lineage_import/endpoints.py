"""Parse edge endpoints by column: record ids, named nodes, external ids of a source (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from provenance.lineage import node_id
from provenance.model.edge import NodeKind

NAMED_KINDS: tuple[NodeKind, ...] = ("source", "release", "model", "entity")
"""Kinds of nodes that are identified by name."""

_RECORD = "^(?:record:)?(?:sha256:)?[0-9a-f]{64}$"
_CUT = "^record:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_NAMED = f"^(?:{'|'.join(NAMED_KINDS)}):."


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The child or parent endpoints of edges.

    Attributes:
        id: 16 bytes; null for an external id, which is resolved at query time.
        ref: ``sha256:…``, ``model:NAME``, or the external id; null if only the first half of a
            record digest is known.
        source: source of an external id; null otherwise.
        kind: the kind of the node.
    """

    id: pa.Array
    ref: pa.Array
    source: pa.Array
    kind: pa.Array

    @property
    def unidentified(self) -> pa.Array:
        """Mask of endpoints that are neither an id nor an external id of a source."""
        return pc.and_(pc.is_null(self.id), pc.is_null(self.source))


def parse_endpoints(values: pa.Array, sources: pa.Array, default: str | None) -> Endpoints:
    """Parse texts without nulls; a text with a source in its row is an external id of it."""
    free = pc.is_null(sources)
    record = pc.and_(free, pc.match_substring_regex(values, _RECORD))
    cut = pc.and_(free, pc.match_substring_regex(values, _CUT))
    named = pc.and_(free, pc.match_substring_regex(values, _NAMED))
    digits = pc.utf8_slice_codeunits(values.filter(record), -64)
    names = values.filter(named)
    ids = pa.nulls(len(values), pa.binary(16))
    ids = pc.replace_with_mask(ids, record, _from_hex(pc.utf8_slice_codeunits(digits, 0, 32)))
    half = pc.replace_substring(pc.utf8_slice_codeunits(values.filter(cut), 7), "-", "")
    ids = pc.replace_with_mask(ids, cut, _from_hex(half))
    ids = pc.replace_with_mask(ids, named, _named_ids(names))
    refs = pc.replace_with_mask(values, record, pc.binary_join_element_wise("sha256", digits, ":"))
    refs = pc.if_else(cut, pa.scalar(None, pa.string()), refs)
    prefix = pc.struct_field(pc.extract_regex(names, "^(?P<kind>[a-z]+):"), "kind")
    kinds = pa.repeat(pa.scalar("record"), len(values))
    return Endpoints(
        id=ids,
        ref=refs,
        source=pc.if_else(
            pc.is_valid(ids), pa.scalar(None, pa.string()), pc.fill_null(sources, default)
        )
        if default is not None
        else sources,
        kind=pc.replace_with_mask(kinds, named, prefix),
    )


def parse_node_name(node: str) -> tuple[NodeKind, str]:
    """Split a node name into kind and name; any other text is an entity of that name.

    >>> parse_node_name("model:ours-7b"), parse_node_name("http://example.org/report")
    (('model', 'ours-7b'), ('entity', 'http://example.org/report'))
    """
    for kind in NAMED_KINDS:
        if node.startswith(f"{kind}:") and len(node) > len(kind) + 1:
            return kind, node[len(kind) + 1 :]
    return "entity", node


def endpoint_texts(nodes: pa.Array) -> pa.Array:
    """Convert node ids of an exchanged graph to endpoints for ``parse_endpoints``."""
    known = pc.match_substring_regex(nodes, f"{_RECORD}|{_CUT}|{_NAMED}")
    return pc.if_else(known, nodes, pc.binary_join_element_wise("entity", nodes, ":"))


def _from_hex(digits: pa.Array) -> pa.Array:
    """Convert texts of 32 hexadecimal digits to 16 bytes each."""
    whole = pa.ListArray.from_arrays(pa.array([0, len(digits)], pa.int32()), digits)
    raw = bytes.fromhex(pc.binary_join(whole, "")[0].as_py())
    return pa.Array.from_buffers(pa.binary(16), len(digits), [None, pa.py_buffer(raw)])


def _named_ids(names: pa.Array) -> pa.Array:
    """Compute the ids of named nodes; each name is hashed once."""
    coded = names.dictionary_encode()
    ids = [node_id(*parse_node_name(name)).bytes for name in coded.dictionary.to_pylist()]
    return pa.array(ids, pa.binary(16)).take(coded.indices)
