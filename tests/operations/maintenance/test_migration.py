"""A ledger of an older schema is brought up, and answers and goes on as a new one does."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest
from support.datafiles import cap, ingest, policy, write_jsonl

import provenance
from provenance.errors import VersionError
from provenance.ledger import Ledger
from provenance.operations.maintenance.migrate import migrate, pending_migrations

SAMPLE = Path(__file__).parents[2] / "formats" / "schema-1.tar.gz"
"""A ledger that version 0.1 wrote: three sources, edges, a release and a revocation."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with tarfile.open(SAMPLE) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def migrated(folder: Path) -> Ledger:
    assert migrate(str(folder / ".prov")) == ["parts-and-fields", "canonical-rule"]
    return provenance.open(str(folder / ".prov"))


def labels(ledger: Ledger) -> dict[str, int]:
    rows = ledger.query("SELECT label, count(*) AS n FROM records GROUP BY 1").to_pylist()
    return {row["label"]: row["n"] for row in rows}


def test_it_is_refused_until_it_is_brought_up(folder: Path) -> None:
    with pytest.raises(VersionError) as caught:
        provenance.open(str(folder / ".prov")).status()
    assert "prov migrate" in caught.value.hint
    assert pending_migrations(str(folder / ".prov")) == ["parts-and-fields", "canonical-rule"]


def test_it_answers_as_before(folder: Path) -> None:
    ledger = migrated(folder)
    assert pending_migrations(str(folder / ".prov")) == []
    status = ledger.status()
    assert (status.records, status.edges, status.releases) == (6, 2, 1)
    assert labels(ledger) == {"human": 3, "synthetic": 2, "unknown": 1}
    assert ledger.verify().problems == ()
    assert ledger.audit(policy(cap("0.9")), "first").verdict == "pass"
    assert len(ledger.trace("b1").edges) == 1


def test_it_goes_on(folder: Path, tmp_path: Path) -> None:
    ledger = migrated(folder)
    rows = [{"id": "c1", "text": "The ferry goes at seven with letters and goats.", "parent": "b1"}]
    path = write_jsonl(tmp_path / "new.jsonl", rows)
    options = {"parent_field": "parent", "parent_source": "bot", "process": "summarise"}
    ingest(ledger, path, "more", **options)
    assert len(ledger.trace("c1").edges) == 2
    assert ledger.show("c1").origin.depth == 2
    # What was read by an older rule of normalisation is read again to be known by the newer one.
    shutil.copy(folder / "bot.jsonl", tmp_path / "again.jsonl")
    ingest(ledger, tmp_path / "again.jsonl", "bot")
    loud = [{"text": row} for row in ("THE FERRY DEPARTED AT SEVEN O'CLOCK CARRYING MAIL",)]
    loud[0]["text"] += " AND A PAIR OF GOATS."
    ingest(ledger, write_jsonl(tmp_path / "loud.jsonl", loud), "loud", label="human")
    assert labels(ledger)["synthetic"] == 4
