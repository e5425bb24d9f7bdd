"""Members of archives in a ledger: known again, read again, judged, and missed when they change."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.archives import tar_bytes, zip_bytes
from support.datafiles import cap, ingest, policy

import provenance
from provenance.errors import IntegrityError, NotFoundError
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.operations.ingest import IngestOptions

ANYTHING = policy(cap("1"), indeterminate="warn")


def lines(prefix: str, count: int) -> bytes:
    rows = [{"text": f"{prefix} text number {n}, long enough to count."} for n in range(count)]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


MEMBERS = [
    ("train/b.jsonl", lines("b", 3)),
    ("train/a.jsonl.gz", gzip.compress(lines("a", 2))),
    ("test/c.txt", b"A text that stands alone in its file."),
]
ARCHIVES = {
    "a.tar": tar_bytes,
    "a.tar.gz": lambda members: tar_bytes(members, "w:gz"),
    "a.zip": zip_bytes,
}


def exported(ledger: Ledger, release: str, folder: Path, **options: Any) -> set[str]:
    ledger.export(release, folder, **options)
    return {
        row["text"] for path in folder.glob("*.parquet") for row in pq.read_table(path).to_pylist()
    }


@pytest.fixture(params=["a.tar.gz", "a.zip"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "d" / request.param
    path.parent.mkdir()
    path.write_bytes(ARCHIVES[request.param](MEMBERS))
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


@pytest.mark.slow
def test_members_are_known_again_and_read_again(
    ledger: Ledger, archive: Path, tmp_path: Path
) -> None:
    first = ingest(ledger, archive, "s", label="human")
    assert (first.read, first.kept, first.rejected) == (6, 6, 0)
    assert {file.uri.partition("!/")[2]: file.split for file in first.files} == {
        "train/b.jsonl": "train",
        "train/a.jsonl.gz": "train",
        "test/c.txt": "test",
    }
    assert first.bytes == sum(len(data) for _, data in MEMBERS)
    assert ingest(ledger, archive, "s", label="human").unchanged_files == 3
    os.utime(archive, ns=(1, 1))
    assert ingest(ledger, archive, "s", label="human").unchanged_files == 3
    assert ingest(ledger, archive.parent, "s", label="human", rehash=True).unchanged_files == 3
    assert ledger.assemble("r", ANYTHING, Selection()).sealed
    assert len(exported(ledger, "r", tmp_path / "out")) == 6
    assert ledger.verify("r").problems == ()
    judged = ledger.audit_files([str(archive)], policy(cap("0")), IngestOptions(source="audit"))
    assert judged.verdict == "pass"
    moved = tmp_path / "moved"
    archive.parent.rename(moved)
    roots = {str(archive.parent): str(moved)}
    assert len(exported(ledger, "r", tmp_path / "again", path_map=roots)) == 6
    with pytest.raises(NotFoundError, match="the file is missing"):
        ledger.export("r", tmp_path / "gone")


def test_only_the_members_that_changed_are_read_once_more(ledger: Ledger, archive: Path) -> None:
    ingest(ledger, archive, "s")
    changed = [*MEMBERS[:2], ("test/c.txt", b"Another text that stands alone.")]
    archive.write_bytes(ARCHIVES[archive.name](changed))
    os.utime(archive, ns=(2, 2))
    again = ingest(ledger, archive, "s")
    assert (again.unchanged_files, again.read) == (2, 1)


def test_a_member_that_is_gone_is_missed(ledger: Ledger, archive: Path, tmp_path: Path) -> None:
    ingest(ledger, archive, "s", label="human")
    assert ledger.assemble("r", ANYTHING, Selection()).sealed
    archive.write_bytes(ARCHIVES[archive.name](MEMBERS[1:]))
    with pytest.raises((NotFoundError, IntegrityError), match=r"b\.jsonl"):
        ledger.export("r", tmp_path / "out")


@pytest.mark.slow
def test_a_member_that_lies_elsewhere_now_is_found(
    ledger: Ledger, archive: Path, tmp_path: Path
) -> None:
    ingest(ledger, archive, "s", label="human")
    assert ledger.assemble("r", ANYTHING, Selection()).sealed
    renamed = [(f"new/{name.rpartition('/')[2]}", data) for name, data in MEMBERS]
    archive.write_bytes(ARCHIVES[archive.name](renamed))
    ingest(ledger, archive, "s", label="human")
    assert len(exported(ledger, "r", tmp_path / "out")) == 6


def test_a_record_of_an_archive_is_the_record_of_the_file(
    ledger: Ledger, archive: Path, tmp_path: Path
) -> None:
    for name, data in MEMBERS:
        path = tmp_path / "plain" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    ingest(ledger, tmp_path / "plain", "plain", label="human")
    ingest(ledger, archive, "packed")
    counted = ledger.query(
        "SELECT count(*) AS n, count(DISTINCT record_id) AS ids FROM ledger.sightings"
    )
    assert counted.to_pylist() == [{"n": 12, "ids": 6}]


def test_an_archive_that_is_named_is_fruitful_by_its_members(
    ledger: Ledger, archive: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.tar"
    empty.write_bytes(tar_bytes([("x.jsonl", b"\n"), ("y.jsonl", b"\n")]))
    summary = ledger.ingest([str(archive), str(empty)], IngestOptions(source="s"))
    failed = {file.uri.rpartition("/")[2] for file in summary.files if file.error}
    assert failed == {"x.jsonl", "y.jsonl"}


def test_a_member_of_a_damaged_archive_costs_no_other(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(tar_bytes([*MEMBERS, ("z.jsonl", lines("z", 500))])[: 7 * 512 + 999])
    good = tmp_path / "good.jsonl"
    good.write_bytes(lines("good", 2))
    summary = ledger.ingest([str(path), str(good)], IngestOptions(source="s"))
    assert summary.read == summary.kept + summary.rejected
    assert summary.kept >= 8
    said = [file.error for file in summary.files if file.error]
    said += [reject.reason for file in summary.files for reject in file.rejects]
    assert any("cut off" in each for each in said)


def test_samples_are_exported_whole(ledger: Ledger, tmp_path: Path) -> None:
    members = []
    for number in range(3):
        members += [
            (f"{number:05}.jpg", b"\xff\xd8\xff\xe0" + bytes([number])),
            (f"{number:05}.txt", f"A caption of picture number {number}.".encode()),
        ]
    path = tmp_path / "shard-000.tar"
    path.write_bytes(tar_bytes(members))
    assert ingest(ledger, path, "s", label="human").kept == 3
    assert ledger.assemble("r", ANYTHING, Selection()).sealed
    ledger.export("r", tmp_path / "out", "jsonl")
    rows = [
        json.loads(line)
        for file in (tmp_path / "out").glob("*.jsonl")
        for line in file.read_text().splitlines()
    ]
    assert {(row["__key__"], row["txt"], row["jpg"]) for row in rows} == {
        ("00000", "A caption of picture number 0.", "/9j/4AA="),
        ("00001", "A caption of picture number 1.", "/9j/4AE="),
        ("00002", "A caption of picture number 2.", "/9j/4AI="),
    }
