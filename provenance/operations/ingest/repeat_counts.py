"""Estimate how often contents repeat in a file, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ids = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

MAX_COUNTED = 1 << 14
"""Contents that are counted exactly; of a file with more, those with the smallest digests.

Estimates from them are off by less than 1 %.
"""

_MAX_PENDING = 1 << 14
_MAX_PICKED = 1 << 12
_NONE = np.zeros(0, np.uint64)


def ids_of(digests: pa.Array) -> Ids:
    """Convert digests (uuid or binary(32)) to integers of their first eight bytes."""
    if isinstance(digests, pa.ExtensionArray):
        digests = digests.storage
    width = digests.type.byte_width
    data = np.frombuffer(digests.buffers()[1] or b"", np.uint8)
    rows = data[width * digests.offset :][: width * len(digests)].reshape(-1, width)
    return np.ascontiguousarray(rows[:, :8]).view("<u8").reshape(-1).astype(np.uint64)


def add_repeats(owners: Sequence[tuple[Repeats | None, int]], digests: pa.Array) -> None:
    """Count the contents of the rows of several files; ``owners`` gives their numbers of rows."""
    start = 0
    for repeats, count in owners:
        if repeats is not None:
            repeats.add(ids_of(digests.slice(start, count)))
        start += count


def merge_repeats(one: Repeats | None, other: Repeats | None) -> Repeats | None:
    """Merge the counts of two ranges of a file."""
    if one is None or other is None:
        return one or other
    one.merge(other)
    return one


@dataclass(slots=True)
class Repeats:
    """Count contents by their ids: exactly up to ``MAX_COUNTED`` of them, by an even sample beyond.

    Digests are distributed evenly, so those below a bound are a uniform sample of the contents,
    wherever these are in the file. Rows are sampled as well, to catch very frequent contents.

    Attributes:
        rows: number of rows added.
    """

    rows: int = 0
    _ids: Ids = field(default_factory=lambda: _NONE)
    _counts: Counts = field(default_factory=lambda: np.zeros(0, np.int64))
    _halvings: int = 0
    _pending: list[Ids] = field(default_factory=list)
    _pending_ids: int = 0
    _picked: Ids = field(default_factory=lambda: _NONE)
    _step: int = 1

    def add(self, ids: Ids) -> None:
        """Count the contents of further rows."""
        first = -self.rows % self._step
        self._pick(ids[first :: self._step])
        self.rows += len(ids)
        mine = ids[ids <= self._bound]
        self._pending.append(mine)
        self._pending_ids += len(mine)
        if self._pending_ids >= _MAX_PENDING:
            self._count()

    def merge(self, other: Repeats) -> None:
        """Add the counts of another range."""
        self._count()
        other._count()
        self.rows += other.rows
        self._halvings = max(self._halvings, other._halvings)
        for mine, thinner in ((self, other), (other, self)):
            while mine._step < thinner._step:
                mine._picked, mine._step = mine._picked[::2], mine._step * 2
        self._pick(other._picked)
        ids = np.concatenate([self._ids, other._ids])
        self._set(ids, np.concatenate([self._counts, other._counts]))

    @property
    def distinct(self) -> int:
        """Estimated number of different contents."""
        self._count()
        return min(self.rows, len(self._ids) << self._halvings)

    @property
    def repeated(self) -> Sequence[int]:
        """Ids of repeated contents: those counted, and those frequent among the sampled rows."""
        self._count()
        picked, times = np.unique(self._picked, return_counts=True)
        found = np.union1d(self._ids[self._counts > 1], picked[times > 1])
        return [int(each) for each in found]

    @property
    def _bound(self) -> np.uint64:
        return np.uint64(((1 << 64) - 1) >> self._halvings)

    def _pick(self, ids: Ids) -> None:
        self._picked = np.concatenate([self._picked, ids])
        while len(self._picked) > _MAX_PICKED:
            self._picked, self._step = self._picked[::2], self._step * 2

    def _count(self) -> None:
        if self._pending:
            ids = np.concatenate([self._ids, *self._pending])
            more = np.ones(len(ids) - len(self._ids), np.int64)
            self._pending, self._pending_ids = [], 0
            self._set(ids, np.concatenate([self._counts, more]))

    def _set(self, ids: Ids, counts: Counts) -> None:
        found, positions = np.unique(ids, return_inverse=True)
        sums = np.zeros(len(found), np.int64)
        np.add.at(sums, positions, counts)
        while True:
            stay = found <= self._bound
            found, sums = found[stay], sums[stay]
            if len(found) <= MAX_COUNTED:
                break
            self._halvings += 1
        self._ids, self._counts = found, sums
