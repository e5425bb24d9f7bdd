"""What was read under the rule ``json-1`` stands, is known by its id, and is read again on demand."""

from __future__ import annotations

import json
import tarfile
import uuid
from pathlib import Path
from typing import Any

import pytest
from datafiles import cap, ingest, policy

import provenance
from provenance import migrate
from provenance.identity import FIRST_RULE, canonical_json, digest, write_digest
from provenance.ingest import IngestOptions
from provenance.ledger import Ledger
from provenance.model.finding import Judgement

SAMPLE = Path(__file__).parents[1] / "formats" / "schema-2.tar.gz"
"""A ledger that the last program with schema 2 wrote, with its files, of ``/srv/shelf``.

Pairs with empty inputs, a chat in Parquet, whole rows (one without members, one of empty texts), a
text made of a pair that it names by its digest, a release of all of them; of the source ``gone``
one record is purged and one revoked.
"""

FIELDS = ("instruction", "input", "output")
ANYTHING = policy(cap("1"), indeterminate="warn")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    with tarfile.open(SAMPLE) as archive:
        archive.extractall(tmp_path, filter="data")
    assert migrate.run(str(tmp_path / ".prov")) == ["canonical-rule"]
    return tmp_path


@pytest.fixture
def ledger(shelf: Path) -> Ledger:
    return provenance.open(str(shelf / ".prov"))


def pairs(shelf: Path, name: str = "pairs") -> list[dict[str, Any]]:
    lines = (shelf / f"{name}.jsonl").read_text().splitlines()
    return [{key: json.loads(line).get(key) for key in FIELDS} for line in lines]


def digests(rows: list[dict[str, Any]], rule: str = "json-2") -> set[str]:
    return {write_digest(digest(canonical_json(row, rule))) for row in rows}


def known(ledger: Ledger, source: str) -> set[str]:
    query = f"SELECT DISTINCT r.digest FROM sightings JOIN records r USING (record_id) WHERE source = '{source}'"
    return {row["digest"] for row in ledger.query(query).to_pylist()}


def moved(ledger: Ledger, shelf: Path, name: str) -> Path:
    """A file of the sample where it lies now, as if a source ``moved`` had been read there."""
    (row,) = ledger.query(f"SELECT * FROM files WHERE uri LIKE '%/{name}'").to_pylist()
    reading = {"reading_id": uuid.UUID(row["reading_id"]), "source": "moved"}
    files = [row | reading | {"uri": str(shelf / name)}]
    ledger.store.record("ingest", f"moved:{name}", {"files": files})
    return shelf / name


def audited(ledger: Ledger, path: Path) -> Judgement:
    options = IngestOptions(source="audit", content=FIELDS)
    return ledger.audit_files([str(path)], policy(cap("0")), options)


def test_nothing_is_reckoned_anew(ledger: Ledger, shelf: Path, tmp_path: Path) -> None:
    assert known(ledger, "pairs") == digests(pairs(shelf), FIRST_RULE)
    assert ledger.verify().problems == ()
    ledger.export("first", tmp_path / "out", "jsonl", {"/srv/shelf": str(shelf)})
    sealed = {
        row["digest"]
        for row in ledger.query(
            "SELECT 'sha256:' || replace(record_id::VARCHAR, '-', '') || replace(digest_rest::VARCHAR, '-', '') AS digest FROM members"
        ).to_pylist()
    }
    rows = [json.loads(line) for line in (tmp_path / "out" / "data.jsonl").read_text().splitlines()]
    assert {row["prov_id"] for row in rows} == sealed
    assert digests(pairs(shelf), FIRST_RULE) <= sealed


def test_a_file_keeps_what_it_has_until_it_is_read_again(ledger: Ledger, shelf: Path) -> None:
    path = moved(ledger, shelf, "pairs.jsonl")
    before = known(ledger, "moved")
    assert ingest(ledger, path, "moved", content=FIELDS).unchanged_files == 1
    assert known(ledger, "moved") == before == digests(pairs(shelf), FIRST_RULE)
    again = ingest(ledger, path, "moved", content=FIELDS, rehash=True)
    assert (again.kept, again.unchanged_files) == (4, 0)
    assert again.labels["synthetic"] == 4
    assert known(ledger, "moved") == digests(pairs(shelf))
    assert ingest(ledger, path, "moved", content=FIELDS, rehash=True).unchanged_files == 1


def test_audited_rows_are_known_by_their_former_ids(ledger: Ledger, shelf: Path) -> None:
    result = audited(ledger, shelf / "pairs.jsonl")
    assert result.verdict == "fail"
    assert result.budgets[0].numerator_lo == 4
    assert "older-rule" in {finding.code for finding in result.findings}
    (shared,) = [f for f in result.findings if f.code == "known-share"]
    assert "4 of 4" in shared.reason
