"""Ids and sizes of a batch of records, column by column (pure; design.md section 3)."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from provenance.folding import Offsets, fold
from provenance.identity import (
    ASCII_DROP,
    ASCII_FOLD,
    CanonicalError,
    canonical_json,
    normalise,
    text_parts,
)

# General punctuation (U+2000 to U+203F) and the no-break space: what most English text holds beyond
# ASCII. norm-1 drops all of it, so removing it first spares such text the Unicode tables.
_PUNCTUATION = re.compile(rb"\xe2\x80[\x80-\xbf]|\xc2\xa0")


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of each record of a batch from its content alone.

    Attributes:
        record_id, digest_rest: uuid[n], the two halves of the SHA-256.
        norm_id: uuid[n]; null for binary records.
        bytes, chars, words: int64[n], sizes of the text parts; chars and words are 0 for binary.
        refused: position in the batch to reason, for records without a canonical form; those have
            no row in the columns.
        kept: int64[n], positions in the batch that the columns stand for.
    """

    record_id: pa.Array
    digest_rest: pa.Array
    norm_id: pa.Array
    bytes: pa.Array
    chars: pa.Array
    words: pa.Array
    refused: dict[int, str]
    kept: pa.Array


def measure(content: pa.Array, kind: str) -> Measured:
    """Ids and sizes of the records in one batch.

    Args:
        content: ``text``: string; ``structured``: JSON objects as text; ``binary``: binary.
        kind: which of the three.
    """
    if kind == "structured":
        return _structured(content)
    data, offsets = buffers(content)
    first, rest = _digests(data, offsets)
    everything = pa.array(np.arange(len(content)))
    sizes = pa.array(np.diff(offsets))
    if kind == "binary":
        nothing = pa.array(np.zeros(len(content), np.int64))
        none = pa.nulls(len(content), pa.uuid())
        return Measured(first, rest, none, sizes, nothing, nothing, {}, everything)
    norm, chars, words = _normalised(content)
    return Measured(first, rest, norm, sizes, chars, words, {}, everything)


def _structured(content: pa.Array) -> Measured:
    canonical: list[bytes] = []
    spoken: list[str] = []
    breaks: list[int] = []
    kept: list[int] = []
    refused: dict[int, str] = {}
    for place, text in enumerate(content.to_pylist()):
        try:
            value = json.loads(text)
            form = canonical_json(value)
        except CanonicalError as error:
            refused[place] = str(error)
            continue
        # A line break keeps the words of two parts apart; it is taken off the sizes again.
        parts = text_parts(value) or [form.decode()]
        canonical.append(form)
        spoken.append("\n".join(parts))
        breaks.append(len(parts) - 1)
        kept.append(place)
    first, rest = _digests(*buffers(pa.array(canonical, pa.large_binary())))
    said = pa.array(spoken, pa.large_string())
    _, offsets = buffers(said)
    norm, chars, words = _normalised(said)
    joins = np.array(breaks, np.int64)
    return Measured(
        first,
        rest,
        norm,
        pa.array(np.diff(offsets) - joins),
        pc.subtract(chars, pa.array(joins)),
        words,
        refused,
        pa.array(kept, pa.int64()),
    )


def content_digests(content: pa.Array, kind: str) -> pa.Array:
    """SHA-256 of every record of a batch alone, as binary(32); null where it has no canonical form.

    Args:
        content, kind: as for ``measure``.
    """
    sha256 = hashlib.sha256
    found: list[bytes | None] = []
    if kind == "structured":
        for text in content.to_pylist():
            try:
                found.append(sha256(canonical_json(json.loads(text))).digest())
            except CanonicalError:
                found.append(None)
    else:
        data, offsets = buffers(content)
        found = [sha256(data[start:end]).digest() for start, end in pairwise(offsets.tolist())]
    return pa.array(found, pa.binary(32))


def buffers(values: pa.Array) -> tuple[memoryview, Offsets]:
    """The bytes behind a string or binary array, and int64[n + 1] where each value begins."""
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


def _normalised(texts: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """``identity.norm_id`` of every text, its code points, and its words."""
    data, offsets = buffers(texts)
    folded = fold(data, offsets)
    if folded is None:
        chars = pc.utf8_length(texts).cast(pa.int64())
        return _norm_ids(data, offsets), chars, pa.array(count_words(data, offsets))
    digest = xxhash.xxh3_128_digest
    ends = folded.ends.tolist()
    ids = [digest(folded.data[start:end]) for start, end in pairwise([0, *ends])]
    for place in folded.wide.tolist():
        ids[place] = digest(normalise(data[offsets[place] : offsets[place + 1]]))
    return _uuids(b"".join(ids)), pa.array(folded.chars), pa.array(folded.words)


def _norm_ids(data: memoryview, offsets: Offsets) -> pa.Array:
    """The ids alone, where nothing is compiled."""
    digest = xxhash.xxh3_128_digest
    ids = []
    for start, end in pairwise(offsets.tolist()):
        text = bytes(data[start:end])
        plain = text.translate(ASCII_FOLD, ASCII_DROP) if text.isascii() else _normalise_wide(text)
        ids.append(digest(plain))
    return _uuids(b"".join(ids))


def _normalise_wide(text: bytes) -> bytes:
    plain = _PUNCTUATION.sub(b"", text)
    return plain.translate(ASCII_FOLD, ASCII_DROP) if plain.isascii() else normalise(text)


def _running(flags: npt.NDArray[np.bool_], places: Offsets) -> Offsets:
    """How many flags are set before each place: popcounts of 64 at a time, then the odd ones."""
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
    """Words of every value: maximal runs of bytes above 0x20, which ASCII white space parts."""
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


def record_digest(first: uuid.UUID, rest: uuid.UUID) -> bytes:
    """The whole digest from its two halves."""
    return first.bytes + rest.bytes
