"""Names of members of a zip that are no names: they cost their member, wherever the zip lies."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.archives import zip_bytes

import provenance
from provenance.operations.ingest.options import IngestOptions

LINE = b'{"text": "a"}\n'


def archive(name: bytes) -> bytes:
    """One member that is named so, in both places where its name is, and a sound one."""
    return zip_bytes([("ab", LINE), ("sound.jsonl", LINE)]).replace(b"ab", name)


@pytest.mark.parametrize("name", [b"\0b", b"\0\0", b"\0/", b".\0", b"./"])
@pytest.mark.parametrize("place", ["a.zip", "below/a.zip", ".hidden/a.zip", "a.docx", "a.jsonl"])
def test_a_member_without_a_name_costs_itself(tmp_path: Path, name: bytes, place: str) -> None:
    data = tmp_path / "data"
    (data / place).parent.mkdir(parents=True)
    (data / place).write_bytes(archive(name))
    (data / "lines.jsonl").write_bytes(LINE)
    ledger = provenance.init(str(tmp_path / "ledger"))
    answer = ledger.ingest([str(data)], IngestOptions(source="s"))
    kept = {each.uri.removeprefix(f"{data}/"): each.kept for each in answer.files}
    assert kept["lines.jsonl"] == 1
    assert not any(each.trace for each in answer.files)
    assert kept.get(f"{place}!/sound.jsonl", 1) == 1
    assert answer.unread is not None
    # The folder `./` of a zip is no member.
    assert answer.unread.files >= (name != b"./" or place == ".hidden/a.zip")
