"""What was read under the rule ``json-1`` stands, is known by its id, is read again if asked."""

from __future__ import annotations

import json
import shutil
import tarfile
import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.datafiles import cap, ingest, policy

import provenance
from prov_cli.main import cli
from provenance.content.identity import FIRST_RULE, canonical_json, digest, write_digest
from provenance.ledger import Ledger
from provenance.model.finding import Judgement
from provenance.model.manifest import Selection
from provenance.model.source import Source
from provenance.operations.ingest import IngestOptions
from provenance.operations.maintenance.migrate import migrate

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
    assert migrate(str(tmp_path / ".prov")) == ["canonical-rule"]
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
    rows = ledger.query(f"""
        SELECT DISTINCT digest FROM sightings JOIN records USING (record_id)
        WHERE source = '{source}'""")
    return {row["digest"] for row in rows.to_pylist()}


def moved(ledger: Ledger, shelf: Path, name: str) -> Path:
    """A file of the sample where it lies now, as if a source ``moved`` had been read there.

    Where it lay there is another version of it, in which nothing is.
    """
    ledger.source_set(Source(name="moved"))
    (row,) = ledger.query(f"SELECT * FROM files WHERE uri LIKE '%/{name}'").to_pylist()
    here = {"reading_id": uuid.UUID(row["reading_id"]), "source": "moved"}
    files = [row | here | {"uri": str(shelf / name)}, row | {"reading_id": uuid.uuid4()}]
    ledger.store.record("ingest", f"moved:{name}", {"files": files})
    return shelf / name


def audited(ledger: Ledger, path: Path) -> Judgement:
    options = IngestOptions(source="audit", content=FIELDS)
    return ledger.audit_files([str(path)], policy(cap("0")), options)


def test_nothing_is_reckoned_anew(ledger: Ledger, shelf: Path, tmp_path: Path) -> None:
    assert known(ledger, "pairs") == digests(pairs(shelf), FIRST_RULE)
    assert ledger.verify().problems == ()
    ledger.export("first", tmp_path / "out", "jsonl", {"/srv/shelf": str(shelf)})
    members = ledger.query("SELECT record_id::VARCHAR AS id FROM members").to_pylist()
    sealed = {row["id"].replace("-", "") for row in members}
    rows = [json.loads(line) for line in (tmp_path / "out" / "data.jsonl").read_text().splitlines()]
    written = {row["prov_id"] for row in rows}
    assert {name.removeprefix("sha256:")[:32] for name in written} == sealed
    assert digests(pairs(shelf), FIRST_RULE) <= written


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


def test_a_record_that_is_known_under_both_ids_has_what_is_said_of_either(
    ledger: Ledger, shelf: Path
) -> None:
    path = Path(shutil.copy(shelf / "pairs.jsonl", shelf / "mine.jsonl"))
    ingest(ledger, path, "mine", label="human", content=FIELDS)
    assert {row["label"] for row in said_of(ledger, "mine")} == {"synthetic"}
    assert all(row["conflict"] for row in said_of(ledger, "mine"))
    assert audited(ledger, path).budgets[0].numerator_lo == 4


def said_of(ledger: Ledger, source: str) -> list[dict[str, Any]]:
    found = ledger.query(f"""
        SELECT o.label, o.conflict FROM sightings JOIN origins o USING (record_id)
        WHERE source = '{source}'""")
    return list(found.to_pylist())


def test_what_an_earlier_version_of_a_file_said_stays_in_force(ledger: Ledger, shelf: Path) -> None:
    """Reading again under another rule is no way around ``--replace``."""
    path = moved(ledger, shelf, "pairs.jsonl")
    (reading,) = ledger.query("SELECT reading_id FROM files WHERE source = 'moved'").to_pylist()
    rows = ledger.query("SELECT record_id, row FROM sightings WHERE source = 'moved'").to_pylist()
    mark = {"tier": "tool", "claim": "synthetic", "whole": True, "observer": "marker", "basis": "m"}
    own = {"reading_id": uuid.UUID(reading["reading_id"])}
    said = [
        mark | own | {"record_id": uuid.UUID(each["record_id"]), "row": each["row"]}
        for each in rows
    ]
    ledger.store.record("ingest", "marks", {"evidence": said})
    ingest(ledger, path, "moved", content=FIELDS, rehash=True, label="human")
    assert {row["label"] for row in said_of(ledger, "moved")} == {"synthetic"}


def test_edges_lead_to_what_was_read_again(ledger: Ledger, shelf: Path) -> None:
    (parent,) = digests([{"instruction": "Name a bird.", "output": "A tern."}])
    path = moved(ledger, shelf, "pairs.jsonl")
    ingest(ledger, path, "moved", content=FIELDS, rehash=True)
    edges = ledger.query("""
        SELECT r.digest FROM lineage l JOIN records r ON r.record_id = l.parent
        JOIN sightings c ON c.record_id = l.child WHERE c.external_id = 'e1'""").to_pylist()
    assert edges == [{"digest": parent}]
    assert ledger.show("e1").origin.label == "mixed"


def test_what_was_purged_or_revoked_does_not_come_back(ledger: Ledger, shelf: Path) -> None:
    path = moved(ledger, shelf, "gone.jsonl")
    again = ingest(ledger, path, "moved", content=FIELDS, rehash=True)
    assert (again.kept, again.rejected) == (2, 1)
    assert next(iter(again.files[0].reasons)).startswith("purged")
    rows = ledger.query("""
        SELECT external_id FROM sightings SEMI JOIN revoked USING (record_id)
        WHERE source = 'moved'""").to_pylist()
    assert rows == [{"external_id": "g2"}]


def test_a_digest_that_was_written_down_is_still_understood(ledger: Ledger, shelf: Path) -> None:
    ingest(ledger, moved(ledger, shelf, "chats.parquet"), "moved", rehash=True)
    (newest,) = ledger.query("""
        SELECT former_id::VARCHAR AS former, record_id::VARCHAR AS id FROM sightings
        WHERE source = 'moved' AND external_id = 'c1'""").to_pylist()
    assert newest["former"] == "52f2f532-2349-bf31-8d55-f924aad6b43f"
    assert ledger.show("sha256:" + newest["former"].replace("-", "")).record_id


def test_a_release_goes_out_by_its_own_digests_though_a_file_was_read_again(
    ledger: Ledger, shelf: Path, tmp_path: Path
) -> None:
    ingest(ledger, shelf / "pairs.jsonl", "newer", content=FIELDS)
    assert ledger.assemble("second", ANYTHING, Selection()).sealed
    path = moved(ledger, shelf, "chats.parquet")
    assert ledger.assemble("third", ANYTHING, Selection(sources=("moved",))).sealed
    ingest(ledger, path, "moved", rehash=True)
    roots = {"/srv/shelf": str(shelf)}
    ledger.export("second", tmp_path / "lines", "jsonl", roots)
    ledger.export("second", tmp_path / "columns", "parquet", roots)
    out = tmp_path / "again"
    ledger.export("third", out, "jsonl", roots)
    rows = [json.loads(line) for line in (out / "data.jsonl").read_text().splitlines()]
    assert {row["prov_id"][:15] for row in rows} == {"sha256:52f2f532", "sha256:6f25cb2a"}
    assert ledger.verify().problems == ()


def test_status_names_what_is_to_be_read_again(ledger: Ledger) -> None:
    named = {each.source: each for each in ledger.status().older_rules}
    assert set(named) == {"chats", "gone", "pairs", "whole"}
    assert {each.rule for each in named.values()} == {FIRST_RULE}
    assert named["whole"].command == (
        "prov ingest /srv/shelf/whole.jsonl --source whole --content '*' --rehash"
    )
    fresh = CliRunner().invoke(cli, ["--ledger", ledger.url, "status"])
    assert named["pairs"].command in fresh.stdout
