"""Compute ids and sizes of a batch of records, column by column (pure)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from provenance.content.folding import Folded, Offsets, fold
from provenance.content.identity import CanonicalError, canonical_forms, canonical_json, text_parts
from provenance.content.norm_rules import NORM_RULE, SEEDS, normalise

PARTS = pa.schema(
    [
        pa.field("index", pa.int64(), nullable=False),
        pa.field("part", pa.string(), nullable=False),
        pa.field("role", pa.string()),
        pa.field("model_side", pa.bool_()),
        *(pa.field(name, pa.int64()) for name in ("bytes", "chars", "words")),
        pa.field("norm_id", pa.uuid()),
        pa.field("norm_chars", pa.int64()),
    ]
)
"""One row per text of a structured record; ``index`` is the record's position among those kept."""

Split = Callable[[Any], Sequence[tuple[str, str | None, bool | None, str]]]
"""Function that lists the texts of a structured record: path, speaker, model side, text."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Ids and sizes of the records of a batch.

    Attributes:
        record_id, digest_rest: uuid[n], the two halves of the SHA-256.
        norm_id: uuid[n]; null for binary records.
        bytes, chars, words: int64[n], sizes of the text parts; chars and words are 0 for binary.
        refused: position in the batch to reason, for records without a canonical form; those have
            no row in the columns.
        kept: int64[n], positions in the batch of the rows of the columns.
        norm_chars: int64[n], code points of the normalised text; null for binary.
        former_id, former_rest: uuid[n], the halves of the SHA-256 under the first rule of the
            canonical form; null where it is the same or was not requested.
        parts: schema ``PARTS``; of structured records, if they were asked for.
    """

    record_id: pa.Array
    digest_rest: pa.Array
    norm_id: pa.Array
    bytes: pa.Array
    chars: pa.Array
    words: pa.Array
    refused: dict[int, str]
    kept: pa.Array
    norm_chars: pa.Array
    former_id: pa.Array
    former_rest: pa.Array
    parts: pa.Table = field(default_factory=PARTS.empty_table)

    def without(self, gone: Sequence[int], reasons: dict[int, str]) -> Measured:
        """Remove records and note the reasons why they are refused."""
        stay = np.delete(np.arange(len(self.record_id)), gone)
        left = {name: getattr(self, name).take(pa.array(stay)) for name in _COLUMNS}
        places = np.full(len(self.record_id), -1)
        places[stay] = np.arange(len(stay))
        index = pa.array(places[self.parts.column("index").to_numpy()], pa.int64())
        parts = self.parts.set_column(0, PARTS.field("index"), index)
        parts = parts.filter(pc.greater_equal(parts.column("index"), 0))
        refused = dict(sorted({**self.refused, **reasons}.items()))
        return replace(self, **left, parts=parts, refused=refused)


_COLUMNS = (
    *("record_id", "digest_rest", "norm_id", "norm_chars"),
    *("bytes", "chars", "words", "kept", "former_id", "former_rest"),
)


class Emptiness(NamedTuple):
    """Rule by which a structured record is refused as empty.

    Attributes:
        reason: what its reject says.
        lists: whether empty lists are nothing, too: a chat without a turn is none.
    """

    reason: str = "the record is empty"
    lists: bool = False


WHOLE_ROWS = Emptiness()
"""Rule for whole rows, in which an empty list counts as content."""


def measure(
    content: pa.Array,
    kind: str,
    split: Split | None = None,
    empty: Emptiness = WHOLE_ROWS,
    *,
    former: bool = False,
) -> Measured:
    """Compute the ids and sizes of the records in a batch.

    Args:
        content: ``text``: string; ``structured``: JSON objects as text; ``binary``: binary.
        kind: which of the three.
        split: gives the parts of structured records, where they are wanted.
        empty: which structured records are refused as empty.
        former: whether the digests of the first rule are asked for as well.
    """
    if kind == "structured":
        return _structured(content, split, empty, canonical_forms if former else _newest_form)
    data, offsets = buffers(content)
    first, rest = _digests(data, offsets)
    everything = pa.array(np.arange(len(content)))
    sizes = pa.array(np.diff(offsets))
    same = (pa.nulls(len(content), pa.uuid()),) * 2
    if kind == "binary":
        nothing = pa.array(np.zeros(len(content), np.int64))
        none = pa.nulls(len(content), pa.uuid())
        unknown = pa.nulls(len(content), pa.int64())
        return Measured(first, rest, none, sizes, nothing, nothing, {}, everything, unknown, *same)
    found = _normalised(data, offsets)
    norm, norm_chars = _norm_ids(found), pa.array(found.norm_chars)
    chars, words = pa.array(found.chars), pa.array(found.words)
    return Measured(first, rest, norm, sizes, chars, words, {}, everything, norm_chars, *same)


def _newest_form(value: Any) -> tuple[bytes, None]:
    return canonical_json(value), None


def _structured(
    content: pa.Array,
    split: Split | None,
    empty: Emptiness,
    forms: Callable[[Any], tuple[bytes, bytes | None]],
) -> Measured:
    canonical: list[bytes] = []
    former: list[bytes | None] = []
    parts: list[tuple[str, str | None, bool | None, str]] = []
    ends: list[int] = [0]
    kept: list[int] = []
    refused: dict[int, str] = {}
    for position, text in enumerate(content.to_pylist()):
        try:
            value = json.loads(text)
            form, first_form = forms(value)
        except CanonicalError as error:
            refused[position] = str(error)
            continue
        if _is_empty(form, lists=empty.lists):
            refused[position] = empty.reason
            continue
        found = split(value) if split else [("", None, None, part) for part in text_parts(value)]
        parts.extend(found or [("", None, None, form.decode())])
        canonical.append(form)
        former.append(first_form)
        ends.append(len(parts))
        kept.append(position)
    first, rest = _digests(*buffers(pa.array(canonical, pa.large_binary())))
    places, roles, sides, texts = zip(*parts, strict=True) if parts else ((), (), (), ())
    data, offsets = buffers(pa.array(texts, pa.large_string()))
    folded = _normalised(data, offsets)
    sizes, bounds = np.diff(offsets), np.array(ends)
    totals = (
        _sums(column, bounds) for column in (sizes, folded.chars, folded.words, folded.norm_chars)
    )
    size, chars, words, norm_chars = map(pa.array, totals)
    norm, everything = _norm_ids(folded, ends), pa.array(kept, pa.int64())
    measured = Measured(
        *(first, rest, norm, size, chars, words, refused, everything, norm_chars),
        *_former_ids(former),
    )
    if split is None:
        return measured
    index = np.repeat(np.arange(len(kept)), np.diff(bounds))
    values = (index, places, roles, sides, sizes, folded.chars, folded.words)
    columns = [pa.array(column, kind.type) for column, kind in zip(values, PARTS, strict=False)]
    columns += [_norm_ids(folded), pa.array(folded.norm_chars)]
    table = pa.Table.from_arrays(columns, schema=PARTS)
    # A record without any text has no parts.
    spoken = pc.and_(pc.greater(table.column("bytes"), 0), pc.not_equal(table.column("part"), ""))
    return replace(measured, parts=table.filter(spoken))


def _sums(column: Offsets, bounds: Offsets) -> Offsets:
    """Sum up runs of a column."""
    running = np.zeros(len(column) + 1, np.int64)
    np.cumsum(column, out=running[1:])
    return np.diff(running[bounds])


def _is_empty(form: bytes, *, lists: bool) -> bool:
    """Check whether a canonical form has no member or, with ``lists``, only empty lists."""
    if form == b"{}":
        return True
    return (
        lists and form.endswith(b":[]}") and all(each == [] for each in json.loads(form).values())
    )


def _former_ids(forms: Sequence[bytes | None]) -> tuple[pa.Array, pa.Array]:
    """Split the digests of some forms into halves; null where there is no form."""
    if not any(forms):
        return pa.nulls(len(forms), pa.uuid()), pa.nulls(len(forms), pa.uuid())
    digests = [form and hashlib.sha256(form).digest() for form in forms]
    halves = ([each and each[:16] for each in digests], [each and each[16:] for each in digests])
    first, rest = (pa.array(half, pa.binary(16)) for half in halves)
    return (
        pa.ExtensionArray.from_storage(pa.uuid(), first),
        pa.ExtensionArray.from_storage(pa.uuid(), rest),
    )


class Digests(NamedTuple):
    """SHA-256 of the records of a batch as binary(32); null where one has no canonical form.

    Attributes:
        newest: under the newest rule of the canonical form.
        former: under the first one, where that is another; else null.
    """

    newest: pa.Array
    former: pa.Array

    def are(self, recorded: pa.Array) -> pa.Array:
        """Compare with recorded digests under either version of the canonical form; bool[n]."""
        found = (pc.fill_null(pc.equal(each, recorded), False) for each in self)
        return pc.or_(*found)

    def index_in(self, recorded: pa.Array) -> pa.Array:
        """Find the position of each among recorded digests; int32[n], null where absent."""
        newest, former = (pc.index_in(each, recorded, skip_nulls=True) for each in self)
        return pc.coalesce(newest, former)


def content_digests(content: pa.Array, kind: str) -> Digests:
    """Compute only the digests of the records in a batch.

    Args:
        content, kind: as for ``measure``.
    """
    sha256 = hashlib.sha256
    newest: list[bytes | None] = []
    former: list[bytes | None] = []
    if kind == "structured":
        for text in content.to_pylist():
            try:
                form, first = canonical_forms(json.loads(text))
            except CanonicalError:
                form, first = None, None
            newest.append(None if form is None else sha256(form).digest())
            former.append(None if first is None else sha256(first).digest())
    else:
        data, offsets = buffers(content)
        newest = [sha256(data[start:end]).digest() for start, end in pairwise(offsets.tolist())]
        former = [None] * len(newest)
    return Digests(pa.array(newest, pa.binary(32)), pa.array(former, pa.binary(32)))


def buffers(values: pa.Array) -> tuple[memoryview, Offsets]:
    """Return the bytes behind a string or binary array, and int64[n + 1] offsets of its values."""
    narrow = pa.types.is_string(values.type) or pa.types.is_binary(values.type)
    _, places, data = values.buffers()
    if places is None:
        return memoryview(b""), np.zeros(len(values) + 1, np.int64)
    whole = np.frombuffer(places, np.int32 if narrow else np.int64)
    offsets = whole[values.offset : values.offset + len(values) + 1].astype(np.int64)
    return memoryview(data) if data is not None else memoryview(b""), offsets


def _digests(data: memoryview, offsets: Offsets) -> tuple[pa.Array, pa.Array]:
    sha256 = hashlib.sha256
    places = offsets.tolist()
    joined = b"".join([sha256(data[start:end]).digest() for start, end in pairwise(places)])
    halves = np.frombuffer(joined, np.uint8).reshape(-1, 2, 16)
    return _uuids(halves[:, 0].tobytes()), _uuids(halves[:, 1].tobytes())


def _uuids(joined: bytes) -> pa.Array:
    count = len(joined) // 16
    storage = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), count, [None, pa.py_buffer(joined)]
    )
    return pa.ExtensionArray.from_storage(pa.uuid(), storage)


def _normalised(data: memoryview, offsets: Offsets) -> Folded:
    """Normalise texts by the newest rule."""
    found = fold(data, offsets)
    return _fold_plainly(data, offsets) if found is None else found


def _fold_plainly(data: memoryview, offsets: Offsets) -> Folded:
    """Normalise texts in Python, where the loop is not compiled."""
    texts = [bytes(data[start:end]) for start, end in pairwise(offsets.tolist())]
    folded = [normalise(text) for text in texts]
    norm_chars, chars = (
        np.array([_count_chars(text) for text in some], np.int64) for some in (folded, texts)
    )
    ends = np.cumsum([len(text) for text in folded], dtype=np.int64)
    joined = memoryview(b"".join(folded))
    return Folded(joined, ends, norm_chars, chars, count_words(data, offsets))


def _count_chars(text: bytes) -> int:
    return len(text) if text.isascii() else len(text.decode("utf-8", "surrogatepass"))


def _norm_ids(folded: Folded, bounds: Sequence[int] | None = None) -> pa.Array:
    """Hash folded texts or, with ``bounds``, runs of them as one text each."""
    ends = [0, *folded.ends.tolist()]
    cuts = ends if bounds is None else [ends[bound] for bound in bounds]
    data, digest, seed = folded.data, xxhash.xxh3_128_digest, SEEDS[NORM_RULE]
    return _uuids(b"".join([digest(data[start:end], seed) for start, end in pairwise(cuts)]))


def _running(flags: npt.NDArray[np.bool_], places: Offsets) -> Offsets:
    """Count the flags set before each position: popcounts of 64 at a time, then the remainder."""
    packed = np.packbits(flags, bitorder="little")
    words = np.zeros(len(packed) // 8 + 1, "<u8")
    words.view(np.uint8)[: len(packed)] = packed
    before = np.zeros(len(words) + 1, np.int64)
    np.cumsum(np.bitwise_count(words), out=before[1:])
    whole, odd = np.divmod(places, 64)
    tail = words[whole] & ((np.uint64(1) << odd.astype(np.uint64)) - np.uint64(1))
    counted: Offsets = before[whole] + np.bitwise_count(tail)
    return counted


def count_words(data: memoryview, offsets: Offsets) -> npt.NDArray[np.int64]:
    """Count the words of every value: maximal runs of bytes above 0x20."""
    if len(offsets) == 1:
        return np.zeros(0, np.int64)
    start, end = int(offsets[0]), int(offsets[-1])
    inked = np.frombuffer(data[start:end], np.uint8) > 0x20
    begins = np.empty_like(inked)
    begins[:1] = inked[:1]
    np.greater(inked[1:], inked[:-1], out=begins[1:])
    places = offsets - start
    # A value that begins inside a run has its own first word there.
    firsts = places[:-1][places[:-1] < end - start]
    begins[firsts] = inked[firsts]
    return np.diff(_running(begins, places))
