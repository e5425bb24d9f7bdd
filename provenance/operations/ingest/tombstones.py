"""Reject purged content on ingest, whatever source it comes from."""

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
from provenance.store.data_files import read_data_file
from provenance.store.schema import TABLES
from provenance.store.snapshot import Snapshot

_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class TombstoneIndex:
    """Tombstones sorted by the first eight bytes of an id column, for binary search."""

    heads: npt.NDArray[np.uint64]
    table: pa.Table

    @classmethod
    def of(cls, table: pa.Table, column: str) -> TombstoneIndex:
        """Index the tombstones that have an id in this column."""
        known = table.filter(pc.is_valid(_raw(table.column(column))))
        heads = _heads(known.column(column))
        order = np.argsort(heads, kind="stable")
        return cls(heads[order], known.take(pa.array(order)).combine_chunks())


def tombstone_files(snapshot: Snapshot) -> tuple[str, ...]:
    """List the data files of tombstones, which workers read themselves."""
    return snapshot.data_files("tombstones")


def refuse_purged(measured: Measured, parts: Sequence[str]) -> Measured:
    """Remove purged content from the measures of a batch; the reject reason names the revocation.

    Content counts as purged if it is equal byte by byte, or if it is long enough and equal after
    normalisation, as a record or as a part of one.
    """
    if not parts or len(measured.record_id) == 0:
        return measured
    by_record_id, by_norm_id = _indexes(tuple(parts))
    reasons: dict[int, str] = {}
    same = (("record_id", measured.record_id), ("digest_rest", measured.digest_rest))
    for row, revocation in (*_found(by_record_id, same), *_former(by_record_id, measured)):
        reasons[row] = f"purged: revocation {revocation}"
    for row, revocation in _found_by_norm_id(by_norm_id, measured.norm_id, measured.norm_chars):
        reasons.setdefault(row, f"purged: revocation {revocation} (in another dress)")
    table = measured.parts
    records, names = table.column("index").to_pylist(), table.column("part").to_pylist()
    norms = (table.column(name).combine_chunks() for name in ("norm_id", "norm_chars"))
    for row, revocation in _found_by_norm_id(by_norm_id, *norms):
        reason = f"purged: revocation {revocation} (in {names[row]})"
        reasons.setdefault(records[row], reason)
    if not reasons:
        return measured
    refused = {measured.kept[row].as_py(): reason for row, reason in reasons.items()}
    return measured.without(sorted(reasons), refused)


@functools.lru_cache(maxsize=1)
def _indexes(parts: tuple[str, ...]) -> tuple[TombstoneIndex, TombstoneIndex]:
    # A data file of the first schema has no normalised ids.
    columns = ["revocation", "record_id", "digest_rest", "norm_id"]
    schema = pa.schema([TABLES["tombstones"].field(name) for name in columns])
    read = [read_data_file(part, columns) for part in parts]
    table = pa.concat_tables([schema.empty_table(), *read], promote_options="default")
    return TombstoneIndex.of(table, "record_id"), TombstoneIndex.of(table, "norm_id")


def _former(index: TombstoneIndex, measured: Measured) -> Iterator[tuple[int, str]]:
    """Yield rows of records that were purged under their digest of an older rule."""
    rows = np.flatnonzero(measured.former_id.is_valid().to_numpy(zero_copy_only=False))
    if len(rows) == 0:
        return
    halves = (measured.former_id, measured.former_rest)
    first, rest = (half.take(pa.array(rows)) for half in halves)
    for row, revocation in _found(index, (("record_id", first), ("digest_rest", rest))):
        yield int(rows[row]), revocation


def _found_by_norm_id(
    index: TombstoneIndex, norm_id: pa.Array, norm_chars: pa.Array
) -> Iterator[tuple[int, str]]:
    """Yield rows of texts that are long enough and whose normalised text has a tombstone."""
    long = pc.fill_null(pc.greater_equal(norm_chars, KNOWN_COPY), False)
    rows = np.flatnonzero(long.to_numpy(zero_copy_only=False))
    if len(index.heads) == 0 or len(rows) == 0:
        return
    texts = norm_id.take(pa.array(rows))
    for row, revocation in _found(index, (("norm_id", texts),)):
        yield int(rows[row]), revocation


def _found(index: TombstoneIndex, ids: Sequence[tuple[str, pa.Array]]) -> Iterator[tuple[int, str]]:
    """Yield rows whose ids are those of a tombstone, with the revocation.

    Args:
        ids: columns to compare; the first is the one that the index is sorted by.
    """
    if len(index.heads) == 0:
        return
    heads = _heads(ids[0][1])
    at = np.minimum(np.searchsorted(index.heads, heads), len(index.heads) - 1)
    # Only rows whose first eight bytes match need a full comparison.
    for row in np.flatnonzero(index.heads[at] == heads).tolist():
        first, last = (
            int(np.searchsorted(index.heads, heads[row], side)) for side in ("left", "right")
        )
        candidates = index.table.slice(first, last - first)
        equal = [pc.equal(_raw(candidates.column(name)), _raw(column)[row]) for name, column in ids]
        names = candidates.column("revocation").filter(functools.reduce(pc.and_, equal))
        if len(names):
            yield row, names[0].as_py()


def _heads(ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """Convert ids to integers of their first eight bytes."""
    raw = _raw(ids)
    start = raw.offset * _ID_BYTES
    data = memoryview(raw.buffers()[1])[start : start + len(raw) * _ID_BYTES]
    return np.ascontiguousarray(np.frombuffer(data, ">u8")[::2].astype(np.uint64))


def _raw(ids: pa.Array | pa.ChunkedArray) -> pa.Array:
    whole = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    return whole.storage if isinstance(whole, pa.ExtensionArray) else whole.cast(pa.binary(16))
