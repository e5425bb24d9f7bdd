"""Purged content at the door: it is refused, whatever source it comes from."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.measure import Measured
from provenance.model.base import Connection
from provenance.store.parts import read_part

_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Graves:
    """Tombstones in the order of the first half of their record id."""

    heads: npt.NDArray[np.uint64]
    table: pa.Table


def tombstone_parts(connection: Connection) -> tuple[str, ...]:
    """The parts that hold tombstones: what workers are told, since they can read them."""
    if not connection.execute("FROM ledger.tombstones LIMIT 1").fetchall():
        return ()
    # A copy that was brought near has no files.
    rows = connection.execute(
        "SELECT DISTINCT filename FROM lake.ledger.tombstones ORDER BY 1"
    ).fetchall()
    return tuple(row[0] for row in rows)


def refuse_purged(measured: Measured, parts: Sequence[str]) -> Measured:
    """The measures of a batch without purged content, which is refused with the revocation's id."""
    if not parts or len(measured.record_id) == 0:
        return measured
    graves = _graves(tuple(parts))
    refused = dict(measured.refused)
    gone: list[int] = []
    for place in _suspects(measured.record_id, graves):
        revocation = _revocation(measured, place, graves)
        if revocation is not None:
            gone.append(place)
            refused[measured.kept[place].as_py()] = f"purged: revocation {revocation}"
    if not gone:
        return measured
    stay = pa.array(np.delete(np.arange(len(measured.record_id)), gone))
    columns = ("record_id", "digest_rest", "norm_id", "bytes", "chars", "words", "kept")
    left = {name: getattr(measured, name).take(stay) for name in columns}
    return replace(measured, **left, refused=dict(sorted(refused.items())))


@functools.lru_cache(maxsize=1)
def _graves(parts: tuple[str, ...]) -> _Graves:
    columns = ["revocation", "record_id", "digest_rest"]
    table = pa.concat_tables([read_part(part, columns) for part in parts])
    heads = _heads(table.column("record_id").combine_chunks())
    order = np.argsort(heads, kind="stable")
    return _Graves(heads[order], table.take(pa.array(order)).combine_chunks())


def _suspects(record_id: pa.Array, graves: _Graves) -> list[int]:
    """Places of ids whose first half is that of a tombstone: all that need a closer look."""
    heads = _heads(record_id)
    at = np.minimum(np.searchsorted(graves.heads, heads), len(graves.heads) - 1)
    found: list[int] = np.flatnonzero(graves.heads[at] == heads).tolist()
    return found


def _revocation(measured: Measured, place: int, graves: _Graves) -> str | None:
    head = _heads(measured.record_id[place : place + 1])[0]
    first, last = (int(np.searchsorted(graves.heads, head, side)) for side in ("left", "right"))
    near = graves.table.slice(first, last - first)
    same = pc.and_(
        *(
            pc.equal(_raw(near.column(name)), _raw(getattr(measured, name))[place])
            for name in ("record_id", "digest_rest")
        )
    )
    names = near.column("revocation").filter(same)
    return names[0].as_py() if len(names) else None


def _heads(ids: pa.Array) -> npt.NDArray[np.uint64]:
    """The first eight bytes of every id as a number."""
    raw = _raw(ids)
    start = raw.offset * _ID_BYTES
    data = memoryview(raw.buffers()[1])[start : start + len(raw) * _ID_BYTES]
    return np.ascontiguousarray(np.frombuffer(data, ">u8")[::2].astype(np.uint64))


def _raw(ids: pa.Array | pa.ChunkedArray) -> pa.Array:
    whole = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    return whole.storage if isinstance(whole, pa.ExtensionArray) else whole.cast(pa.binary(16))
