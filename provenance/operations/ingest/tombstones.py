"""Purged content at the door: it is refused, whatever source it comes from."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.content.measure import Measured
from provenance.content.norm_rules import KNOWN_COPY
from provenance.store.data_files import read_part
from provenance.store.schema import TABLES
from provenance.store.snapshot import Snapshot

_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Graves:
    """Tombstones in the order of the first half of the id that they are looked for by."""

    heads: npt.NDArray[np.uint64]
    table: pa.Table

    @classmethod
    def by(cls, table: pa.Table, column: str) -> _Graves:
        """Those that have an id in this column."""
        known = table.filter(pc.is_valid(_raw(table.column(column))))
        heads = _heads(known.column(column))
        order = np.argsort(heads, kind="stable")
        return cls(heads[order], known.take(pa.array(order)).combine_chunks())


def tombstone_parts(snapshot: Snapshot) -> tuple[str, ...]:
    """The data files that hold tombstones: workers are given their paths, and read them."""
    return snapshot.data_files("tombstones")


def refuse_purged(measured: Measured, parts: Sequence[str]) -> Measured:
    """The measures of a batch without purged content, which is refused with the revocation's id.

    Content is purged when it is the same, byte by byte, and when it is long enough and comes to the
    same text once it is normalised: as a record, or as a part of one.
    """
    if not parts or len(measured.record_id) == 0:
        return measured
    exact, dressed = _graves(tuple(parts))
    reasons: dict[int, str] = {}
    same = (("record_id", measured.record_id), ("digest_rest", measured.digest_rest))
    for place, revocation in (*_found(exact, same), *_former(exact, measured)):
        reasons[place] = f"purged: revocation {revocation}"
    for place, revocation in _dressed(dressed, measured.norm_id, measured.norm_chars):
        reasons.setdefault(place, f"purged: revocation {revocation} (in another dress)")
    table = measured.parts
    where, places = table.column("index").to_pylist(), table.column("part").to_pylist()
    norms = (table.column(name).combine_chunks() for name in ("norm_id", "norm_chars"))
    for row, revocation in _dressed(dressed, *norms):
        told = f"purged: revocation {revocation} (in {places[row]})"
        reasons.setdefault(where[row], told)
    if not reasons:
        return measured
    refused = {measured.kept[place].as_py(): reason for place, reason in reasons.items()}
    return measured.without(sorted(reasons), refused)


@functools.lru_cache(maxsize=1)
def _graves(parts: tuple[str, ...]) -> tuple[_Graves, _Graves]:
    # A part of the first schema knows no normalised text.
    columns = ["revocation", "record_id", "digest_rest", "norm_id"]
    schema = pa.schema([TABLES["tombstones"].field(name) for name in columns])
    read = [read_part(part, columns) for part in parts]
    table = pa.concat_tables([schema.empty_table(), *read], promote_options="default")
    return _Graves.by(table, "record_id"), _Graves.by(table, "norm_id")


def _former(graves: _Graves, measured: Measured) -> Iterator[tuple[int, str]]:
    """Places of records that were purged under the digest that they had by the first rule."""
    places = np.flatnonzero(measured.former_id.is_valid().to_numpy(zero_copy_only=False))
    if len(places) == 0:
        return
    halves = (measured.former_id, measured.former_rest)
    first, rest = (half.take(pa.array(places)) for half in halves)
    for place, revocation in _found(graves, (("record_id", first), ("digest_rest", rest))):
        yield int(places[place]), revocation


def _dressed(graves: _Graves, norm_id: pa.Array, norm_chars: pa.Array) -> Iterator[tuple[int, str]]:
    """Places of texts that are long enough, and that a tombstone knows in whatever dress."""
    long = pc.fill_null(pc.greater_equal(norm_chars, KNOWN_COPY), False)
    places = np.flatnonzero(long.to_numpy(zero_copy_only=False))
    if len(graves.heads) == 0 or len(places) == 0:
        return
    texts = norm_id.take(pa.array(places))
    for place, revocation in _found(graves, (("norm_id", texts),)):
        yield int(places[place]), revocation


def _found(graves: _Graves, ids: Sequence[tuple[str, pa.Array]]) -> Iterator[tuple[int, str]]:
    """Places whose ids are those of a tombstone, each with the revocation.

    Args:
        ids: columns to compare; the first is the one that the tombstones are in the order of.
    """
    if len(graves.heads) == 0:
        return
    heads = _heads(ids[0][1])
    at = np.minimum(np.searchsorted(graves.heads, heads), len(graves.heads) - 1)
    # Those whose first half is that of a tombstone: all that need a closer look.
    for place in np.flatnonzero(graves.heads[at] == heads).tolist():
        first, last = (
            int(np.searchsorted(graves.heads, heads[place], side)) for side in ("left", "right")
        )
        near = graves.table.slice(first, last - first)
        equal = [pc.equal(_raw(near.column(name)), _raw(column)[place]) for name, column in ids]
        names = near.column("revocation").filter(functools.reduce(pc.and_, equal))
        if len(names):
            yield place, names[0].as_py()


def _heads(ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """The first eight bytes of every id as a number."""
    raw = _raw(ids)
    start = raw.offset * _ID_BYTES
    data = memoryview(raw.buffers()[1])[start : start + len(raw) * _ID_BYTES]
    return np.ascontiguousarray(np.frombuffer(data, ">u8")[::2].astype(np.uint64))


def _raw(ids: pa.Array | pa.ChunkedArray) -> pa.Array:
    whole = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    return whole.storage if isinstance(whole, pa.ExtensionArray) else whole.cast(pa.binary(16))
