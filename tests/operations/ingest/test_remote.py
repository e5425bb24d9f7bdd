"""Inputs in a store or on the web: read as files are, and each goes in whole or is an error."""

from __future__ import annotations

import datetime
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import websites
from support.datafiles import texts
from support.websites import Site

import provenance
from provenance.errors import NotFoundError
from provenance.io import objects
from provenance.io.contract.reader import Input
from provenance.io.discovery.discover import discover
from provenance.io.discovery.remote import AHEAD, FetchQueue
from provenance.ledger import Ledger
from provenance.model.policy import Policy
from provenance.operations.audit.run_audit import audit_files
from provenance.operations.ingest import IngestOptions, IngestSummary

OPTIONS = IngestOptions(source="web")


def lines(name: str, count: int) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in texts(name, count)).encode()


FOLDER = {
    "a.jsonl": lines("a", 5),
    "deep/b.jsonl.gz": gzip.compress(lines("b", 3)),
    "deep/c.json": json.dumps(texts("c", 2)).encode(),
    "broken.jsonl": b'{"text": "good"}\n{"text": \n',
    "wrong.parquet": b"no parquet",
    ".hidden/d.jsonl": lines("d", 1),
    "README.md": b"# About these data",
    "dataset_info.json": b"{}",
    "picture.bin": b"\x00\x01",
}


@pytest.fixture
def site(credentials: pytest.MonkeyPatch) -> Iterator[Site]:
    """A bucket whose server can be made to misbehave."""
    files = {f"/bucket/data/{name}": content for name, content in FOLDER.items()}
    with websites.served(Site(files)) as site:
        credentials.setenv("AWS_ENDPOINT_URL", site.url)
        yield site


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def ingest(ledger: Ledger, *paths: str) -> IngestSummary:
    return ledger.ingest(list(paths), OPTIONS)


def by_name(summary: IngestSummary) -> dict[str, tuple[int, int, str | None]]:
    return {f.uri.rsplit("/data/", 1)[1]: (f.kept, f.rejected, f.error) for f in summary.files}


@pytest.mark.slow
@pytest.mark.newest
def test_a_prefix_is_read_as_the_folder_is(ledger: Ledger, site: Site, tmp_path: Path) -> None:
    for name, content in FOLDER.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    here = by_name(ingest(ledger, str(tmp_path / "data")))
    found = ingest(ledger, "s3://bucket/data/")
    there = by_name(found)
    assert {n: v[:2] for n, v in there.items()} == {n: v[:2] for n, v in here.items()}
    assert there["wrong.parquet"][2] is not None
    assert "s3://bucket/data/wrong.parquet is named like parquet" in there["wrong.parquet"][2]
    assert (found.read, found.kept, found.rejected) == (12, 11, 1)
    again = ingest(ledger, str(tmp_path / "data"))
    assert again.unread.by_reason.keys() == found.unread.by_reason.keys()
    assert (found.unread.files, found.unread.by_reason["hidden"].files) == (2, 1)
    skipped = {item.path.removeprefix("s3://bucket/data/"): item.reason for item in found.skipped}
    assert skipped == {
        ".hidden/d.jsonl": "hidden",
        "README.md": "describes the data beside it",
        "dataset_info.json": "metadata file",
        "picture.bin": "unknown format",
    }
    prints = ledger.query("SELECT fingerprint FROM files WHERE uri LIKE 's3:%'").to_pylist()
    assert all(row["fingerprint"].startswith("etag:") for row in prints)
    both = ledger.query("SELECT count(*) AS n FROM records WHERE sightings = 2").to_pylist()
    assert both == [{"n": 11}]


@pytest.mark.slow
def test_what_did_not_change_is_not_read_again(ledger: Ledger, site: Site) -> None:
    site.files = {path: content for path, content in site.files.items() if "jsonl" in path}
    ingest(ledger, "s3://bucket/data/")
    site.asked.clear()
    site.files["/bucket/data/a.jsonl"] = lines("new", 4)
    again = ingest(ledger, "s3://bucket/data/")
    assert (again.unchanged_files, again.kept) == (2, 4)
    assert site.bodies("/bucket/data/a.jsonl") == 1
    assert site.bodies("/bucket/data/broken.jsonl") == site.bodies("/bucket/data/deep/b.jsonl") == 0
    held = ledger.query("SELECT count(*) AS n FROM sightings WHERE uri LIKE '%/a.jsonl'")
    assert held.to_pylist() == [{"n": 4}]


@pytest.mark.slow
def test_a_key_that_goes_or_changes_is_an_error_of_its_own(
    ledger: Ledger, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files = {f"/bucket/data/{n}.jsonl": lines(str(n), 2) for n in range(5)}

    def meddle(path: str) -> None:
        site.files.pop("/bucket/data/1.jsonl", None)
        site.files["/bucket/data/3.jsonl"] = lines("other", 3)

    site.before = meddle
    summary = ingest(ledger, "s3://bucket/data/")
    assert (summary.read, summary.kept, summary.rejected) == (6, 6, 0)
    errors = {file.uri[-7]: file.error for file in summary.failed}
    assert errors == {
        "1": "s3://bucket/data/1.jsonl: vanished while it was read",
        "3": "s3://bucket/data/3.jsonl: changed while it was read",
    }
    assert ledger.status().files == 3


def test_patterns_and_single_objects(site: Site) -> None:
    def named(*paths: str) -> list[str]:
        return [item.uri.removeprefix("s3://bucket/data/") for item in discover(paths).inputs]

    assert named("s3://bucket/data/*.jsonl") == ["a.jsonl", "broken.jsonl"]
    assert named("s3://bucket/data/**/*.gz") == ["deep/b.jsonl.gz"]
    assert named("s3://bucket/*/[ab]*.jsonl") == ["a.jsonl", "broken.jsonl"]
    assert named("s3://bucket/data/a.jsonl", "s3://bucket/data/*l") == ["a.jsonl", "broken.jsonl"]
    assert named("s3://bucket/data/picture.bin") == ["picture.bin"]
    site.files["/bucket/data/[x].jsonl"] = lines("x", 1)
    assert named("s3://bucket/data/[x].jsonl") == ["[x].jsonl"]
    for nothing in ("s3://bucket/nothing", "s3://bucket/data/*.csv", f"{site.url}/nothing"):
        with pytest.raises(NotFoundError, match="no such object or prefix"):
            discover([nothing])


def test_a_signed_url_is_read_and_its_signature_kept_nowhere(
    ledger: Ledger, site: Site, tmp_path: Path
) -> None:
    url = f"{site.url}/bucket/data/a.jsonl"
    first = ingest(ledger, f"{url}?X-Amz-Date=1&X-Amz-Signature=5ec7e7", f"{url}?v=2")
    assert [file.kept for file in first.files] == [5, 5]
    assert ingest(ledger, f"{url}?X-Amz-Date=2&X-Amz-Signature=a11ce").unchanged_files == 1
    told = first.model_dump_json()
    for path in (tmp_path / "ledger").rglob("*"):
        told += path.read_bytes().decode("latin-1") if path.is_file() else ""
    assert "5ec7e7" not in told
    assert "a11ce" not in told
    held = {row["uri"] for row in ledger.query("SELECT uri FROM files").to_pylist()}
    assert url in held
    assert len(held) == 2


def test_files_in_a_bucket_are_judged(site: Site) -> None:
    policy = Policy.model_validate(
        {"policy": "p", "unit": "records", "budgets": [{"name": "all", "max_synthetic": 1}]}
    )
    judged = audit_files(None, ["s3://bucket/data/a.jsonl"], policy, OPTIONS)
    assert judged.budgets[0].denominator == 5


def test_files_are_fetched_ahead_and_left_nowhere(site: Site, tmp_path: Path) -> None:
    site.files = {f"/bucket/data/{n:03}.txt": b"one" for n in range(AHEAD * 3)}
    inputs = discover(["s3://bucket/data"]).inputs
    seen: list[Path] = []
    with FetchQueue(inputs) as spool:
        for place, item in enumerate(inputs):
            if place % 3 == 1:
                continue  # somebody found out that it need not be read
            with spool.opened(item, None) as found:
                assert found.path.read_bytes() == b"one"
                assert (found.uri, found.format) == (item.uri, "text")
                assert len(list(found.path.parent.iterdir())) <= AHEAD + 2 + place // 3
                seen.append(found.path)
    assert not any(path.parent.exists() for path in seen)
    local = Input("/x", tmp_path, "text")
    with FetchQueue([local]) as spool, spool.opened(local, None) as found:
        assert found is local


def test_a_store_that_is_slow_to_answer_is_waited_for(
    ledger: Ledger, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects.access, "BACKOFF", datetime.timedelta(milliseconds=1))
    site.files = {"/bucket/data/a.jsonl": lines("a", 5)}
    site.statuses = [503, 500]
    site.breaks = 1
    assert ingest(ledger, "s3://bucket/data/a.jsonl").kept == 5
