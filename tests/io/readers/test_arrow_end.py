"""What follows the end of an Arrow stream is not passed over in silence."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pytest

from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.columnar.arrow_ipc import ArrowIpc


def stream_of(*texts: str) -> bytes:
    sink = io.BytesIO()
    table = pa.table({"text": list(texts)})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("behind", "refused"),
    [
        (b"", []),
        (bytes(4096), []),
        (stream_of("another"), ["file: more follows the end of the stream"]),
        (b'{"text": "a line"}\n', ["file: more follows the end of the stream"]),
        (bytes(1 << 21) + b"x", ["file: more follows the end of the stream"]),
    ],
)
def test_what_follows_a_stream_is_one_reject(
    tmp_path: Path, behind: bytes, refused: list[str]
) -> None:
    path = tmp_path / "a.arrow"
    path.write_bytes(stream_of("one", "two") + behind)
    layout = ReadLayout("text", ("text",))
    batches = list(ArrowIpc().read(Input(path.as_posix(), path, "arrow"), layout))
    assert [text for batch in batches for text in batch.content.to_pylist()] == ["one", "two"]
    reasons = [row["reason"] for batch in batches for row in batch.rejects.to_pylist()]
    assert reasons == refused
