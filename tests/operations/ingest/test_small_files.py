"""Small files are written together: nothing but the time tells that from one after the other."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from provenance.io.discovery.discover import discover
from provenance.operations.ingest import worker
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.worker import run_unit
from provenance.operations.ingest.worker_contract import FileTask, UnitResult, UnitTask
from provenance.store.layout import Layout

NAMES = uuid.UUID(int=7)


def files(folder: Path) -> Path:
    """Texts with and without marks, lines of two shapes, rejects, and one file that fails."""
    folder.mkdir()
    for number in range(40):
        front = "---\ngenerator: gpt-4\nid: f1\n---\n" if number % 7 == 3 else ""
        (folder / f"t{number}.txt").write_text(f"{front}text number {number}, long enough\n")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "broken.txt").write_bytes(b"\xff\xfe\xff")
    for number in range(8):
        rows: list[dict[str, Any]] = [
            {"id": f"{number}-{row}", "text": f"line {row} of {number}"} for row in range(5)
        ]
        if number % 2:
            rows = [{**row, "model": "gpt-4", "lang": "en"} for row in rows]
        lines = [json.dumps(row) for row in rows]
        if number == 4:
            lines[2] = "{not JSON"
        (folder / f"j{number}.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "k.jsonl").write_text("".join(json.dumps({"text": f"k{n}"}) + "\n" for n in range(9)))
    (folder / "mostly.jsonl").write_text('{"text": "one"}\n' + "{bad\n" * 300)
    return folder


def run(folder: Path, places: Path, names: tuple[str, ...] = (), **asked: Any) -> UnitResult:
    """All of them, or those that are named, as one worker."""
    layout = Layout(places)
    layout.data.mkdir(parents=True)
    layout.quarantine.mkdir()
    found = discover([str(folder / name) for name in names] or [str(folder)]).inputs
    tasks = tuple(
        FileTask(item, uuid.uuid5(NAMES, item.uri), stat.st_size, stat.st_mtime_ns)
        for item in found
        for stat in [item.path.stat()]
    )
    options = IngestOptions(source="small", max_rejects=asked.pop("most", "50%"), **asked)
    return run_unit(UnitTask(layout, uuid.UUID(int=1), options, tasks))


def rows(result: UnitResult, table: str) -> Counter[str]:
    """What stands in the parts of a table."""
    parts = [pq.read_table(part.path) for part in result.parts if part.table == table]
    return Counter(repr(row) for part in parts for row in part.to_pylist())


def said(result: UnitResult) -> list[Any]:
    """What is known of every file."""
    names = ("kind", "content", "attributes", "fingerprint", "read", "kept", "rejected")
    names += ("reasons", "recognisers", "rejects")
    return [
        (file.task.source.uri, str(file.failure), *(getattr(file, name) for name in names))
        for file in result.files
    ]


def test_small_files_together_are_what_they_are_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = files(tmp_path / "files")
    together = run(folder, tmp_path / "together")
    monkeypatch.setattr(worker, "SMALL_BATCH_ROWS", -1)
    alone = run(folder, tmp_path / "alone")
    assert said(together) == said(alone)
    assert any(file.recognisers for file in alone.files)
    assert {bool(file.failure) for file in alone.files} == {True, False}
    assert all(file.read == file.kept + file.rejected for file in alone.files)
    for table in ("sightings", "evidence"):
        assert rows(together, table) == rows(alone, table) != Counter()


def test_small_files_of_rejects_alone_name_no_parents(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    line = '{"text": "a", "id": "1", "of": 2}\n'
    (folder / "bad.jsonl").write_text('{"text": "", "id": "0", "of": "1"}\n')
    (folder / "good.jsonl").write_text(line)
    alone = run(folder, tmp_path / "alone", parent_field="of", names=("bad.jsonl",), most="100%")
    assert [(file.read, file.rejected) for file in alone.files] == [(1, 1)]
    assert not [part for part in alone.parts if part.table == "edges"]
    both = run(folder, tmp_path / "both", parent_field="of")
    assert sum(rows(both, "edges").values()) == 1
