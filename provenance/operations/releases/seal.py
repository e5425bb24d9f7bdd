"""Write the members of a release in digest order, and compute the digest over them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.content.measure import buffers
from provenance.model.base import quote_identifier
from provenance.operations.members.relation import MEMBERS
from provenance.store.connection import Database
from provenance.store.data_files import DataFile
from provenance.store.ledger_store import Store
from provenance.store.schema import TABLES

_BATCH = 100_000

_AHEAD = 2
"""Batches that may wait for the slowest consumer."""

_LINE = (
    *("record_id", "digest_rest", "source", "uri", "row", "bytes", "label"),
    *("lo_bytes", "hi_bytes", "depth", "weight", "split"),
)

_WRITTEN = tuple(name for name in TABLES["members"].names if name not in {"commit_id", "release"})

_OPEN = b'["sha256:'

_HEX = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), np.uint16)
"""The two hexadecimal digits of each byte."""

_ESCAPED = r'[\x00-\x1f"\\]'


def members_digest(connection: Database, members: str = f"FROM {MEMBERS}") -> str:
    """Compute SHA-256 over one line per member, in digest order.

    A line is a JSON array: digest, source, file, row, bytes, label, lower and upper bound of
    synthetic bytes, depth, weight, split.

    Args:
        members: SQL of the members, starting with FROM; text columns may be enums.
    """
    state = hashlib.sha256()
    for batch in _in_order(connection, members, _LINE):
        state.update(lines(batch))
    return f"sha256:{state.hexdigest()}"


def write_members(
    store: Store, connection: Database, release: str, members: str, commit_id: uuid.UUID
) -> tuple[DataFile | None, str]:
    """Write the data file of the members of a release; also return ``members_digest``."""
    state = hashlib.sha256()
    writer = store.data_file_writer("members", commit_id)

    def digested(batch: pa.RecordBatch) -> None:
        state.update(lines(batch))

    def written(batch: pa.RecordBatch) -> None:
        named = pa.repeat(pa.scalar(release), batch.num_rows)
        writer.write(pa.table(batch).append_column("release", named))

    try:
        _fan_out(_in_order(connection, members, _WRITTEN), digested, written)
        return writer.finish(), f"sha256:{state.hexdigest()}"
    except BaseException:
        writer.discard()
        raise


def _in_order(
    connection: Database, members: str, columns: Iterable[str]
) -> Iterator[pa.RecordBatch]:
    named = ", ".join(map(quote_identifier, columns))
    yield from connection.execute(
        f"SELECT {named} FROM ({members}) ORDER BY record_id, digest_rest"
    ).to_arrow_reader(_BATCH)


def _fan_out(batches: Iterable[pa.RecordBatch], *takers: Callable[[pa.RecordBatch], None]) -> None:
    """Pass each batch, in order, to every consumer, each in a thread of its own."""
    with contextlib.ExitStack() as stack:
        threads = [stack.enter_context(ThreadPoolExecutor(1)) for _ in takers]
        waiting: deque[list[Future[None]]] = deque()
        for batch in batches:
            waiting.append(
                [thread.submit(take, batch) for thread, take in zip(threads, takers, strict=True)]
            )
            if len(waiting) > _AHEAD:
                _finished(waiting.popleft())
        for futures in waiting:
            _finished(futures)


def _finished(futures: Iterable[Future[None]]) -> None:
    for future in futures:
        future.result()


def lines(batch: pa.RecordBatch) -> memoryview:
    """Format a batch of members as the lines that the digest covers."""
    text = _joined(
        _digests(batch),
        _quoted(batch.column("source")),
        _quoted(batch.column("uri")),
        _numbers(batch.column("row")),
        _numbers(batch.column("bytes")),
        _quoted(batch.column("label")),
        _numbers(batch.column("lo_bytes")),
        _numbers(batch.column("hi_bytes")),
        _numbers(batch.column("depth")),
        _numbers(batch.column("weight")),
        _quoted(batch.column("split"), "]\n"),
        ",",
    )
    data, offsets = buffers(text)
    return data[int(offsets[0]) : int(offsets[-1])]


def _joined(*pieces: pa.Array | str) -> pa.Array:
    """Join texts row by row; the last piece is the separator."""
    given = [pa.scalar(p, pa.large_string()) if isinstance(p, str) else p for p in pieces]
    return pc.binary_join_element_wise(*given)


def _digests(batch: pa.RecordBatch) -> pa.Array:
    """Format the start of each line: the digest, from both halves."""
    count = batch.num_rows
    width = len(_OPEN) + 64 + 1
    text = np.empty((count, width), np.uint8)
    text[:, : len(_OPEN)] = np.frombuffer(_OPEN, np.uint8)
    text[:, -1] = ord('"')
    halves = [_bytes(batch.column(name)) for name in ("record_id", "digest_rest")]
    text[:, len(_OPEN) : -1] = _HEX.take(np.concatenate(halves, axis=1)).view(np.uint8)
    offsets = pa.py_buffer(np.arange(count + 1, dtype=np.int64) * width)
    return pa.Array.from_buffers(pa.large_string(), count, [None, offsets, pa.py_buffer(text)])


def _bytes(ids: pa.Array) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    storage = ids.storage if isinstance(ids, pa.ExtensionArray) else ids
    data = np.frombuffer(storage.buffers()[1], np.uint8).reshape(-1, 16)
    return data[storage.offset : storage.offset + len(storage)]


def _numbers(numbers: pa.Array) -> pa.Array:
    return numbers.cast(pa.large_string()).fill_null("null")


def _quoted(words: pa.Array, end: str = "") -> pa.Array:
    """Format texts as JSON followed by ``end``; each distinct text is formatted once."""
    coded = words if pa.types.is_dictionary(words.type) else words.dictionary_encode()
    distinct = coded.dictionary.cast(pa.large_string())
    if pc.any(pc.match_substring_regex(distinct, _ESCAPED)).as_py():
        written = pa.array([f"{_escaped(word)}{end}" for word in distinct.to_pylist()])
    else:
        written = _joined('"', distinct, f'"{end}', "")
    found = written.cast(pa.large_string()).take(coded.indices)
    return found.fill_null(f"null{end}")


def _escaped(word: str) -> str:
    """Format a JSON string as DuckDB does, with upper-case hexadecimal digits."""
    text = json.dumps(word, ensure_ascii=False)
    return re.sub(r"(\\\\)|\\u00(..)", lambda m: m[1] or f"\\u00{m[2].upper()}", text)
