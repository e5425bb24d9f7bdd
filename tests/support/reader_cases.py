"""Golden case folders: an input, a layout, and exactly what comes of them."""

from __future__ import annotations

import json
from pathlib import Path

from support.reader_contract import check_reader

from provenance.io.contract.formats import SUFFIXES, reader_for
from provenance.io.contract.reader import Input, ReadLayout

FOLDER = Path(__file__).parents[1] / "cases" / "readers"


def case_folders(prefix: str) -> list[Path]:
    """The cases of one format."""
    return sorted(FOLDER.glob(f"{prefix}-*"))


def check_case(case: Path, *, update: bool) -> None:
    """Read a case in every way, and hold it to what is expected of it."""
    (path,) = case.glob("input.*")
    said = json.loads((case / "layout.json").read_text(encoding="utf-8"))
    layout = ReadLayout(said["kind"], tuple(said["content"]), tuple(said["fields"]))
    source = Input(path.as_posix(), path, SUFFIXES[path.suffix])
    reading = check_reader(reader_for(source.format), source, layout)
    kept = zip(reading.rows, reading.content, reading.fields, strict=True)
    found: dict[str, list[list[object]]] = {
        "kept": [[row, content, *fields] for row, content, fields in kept],
        "rejected": [[each["row"], each["offset"], each["reason"]] for each in reading.rejects],
    }
    golden = case / "expected.json"
    if update:
        golden.write_text(_written(found), encoding="utf-8")
    assert found == json.loads(golden.read_text(encoding="utf-8"))


def _written(found: dict[str, list[list[object]]]) -> str:
    """One line for each record."""
    parts = []
    for name, records in found.items():
        lines = ",".join(f"\n    {json.dumps(each, ensure_ascii=False)}" for each in records)
        parts.append(f'  "{name}": [{lines}\n  ]' if lines else f'  "{name}": []')
    return "{\n" + ",\n".join(parts) + "\n}\n"
