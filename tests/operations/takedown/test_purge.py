"""Purging: nothing personal is left, nothing else is lost, and the content does not come back."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.datafiles import ingest, texts, write_jsonl
from support.takedowns import (
    ANYTHING,
    BY_JO,
    JO,
    OTHER,
    asked,
    attribute,
    library,
    readable,
    selector,
)

import provenance
from provenance.content.measure import measure
from provenance.errors import BusyError
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.operations.ingest.tombstones import refuse_purged
from provenance.store.data_files import write_data_file
from provenance.store.replacements import row_by_row

PERSONAL = (JO, "jo-no-3", "Blog.Quimby")
"""What nobody may find any more."""

REASON = f"{JO} asked for it, as jo quimby may"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger in which an author is revoked."""
    ledger = library(tmp_path_factory.mktemp("library"))
    ledger.revoke(BY_JO, REASON, JO)
    return ledger


@pytest.fixture
def ledger(shelf: Ledger, tmp_path: Path) -> Ledger:
    """The same, for a test of its own."""
    return provenance.open(str(shutil.copytree(shelf.url, tmp_path / "ledger")))


def facts(ledger: Ledger) -> list[dict[str, object]]:
    """What a purge must leave as it is."""
    return ledger.query(
        """SELECT o.*, s.source, s.uri, s.row, s.reading_id FROM sightings s
        JOIN origins o USING (record_id) ORDER BY ALL"""
    ).to_pylist()


def edges(ledger: Ledger) -> list[dict[str, object]]:
    return ledger.query(
        "SELECT child, parent, relation, process FROM lineage ORDER BY ALL"
    ).to_pylist()


@pytest.mark.slow
def test_nothing_personal_can_be_read_afterwards(ledger: Ledger) -> None:
    root = Path(ledger.url)
    assert all(word in readable(root) for word in PERSONAL)
    receipt = ledger.purge(BY_JO.revocation)
    left = readable(root).lower()
    assert [word for word in PERSONAL if word.lower() in left] == []
    assert receipt.purged is not None
    assert receipt.purged.tombstones == 20
    assert receipt.purged.snapshots
    assert "guess" in receipt.purged.note
    assert JO not in receipt.model_dump_json()
    assert receipt.reason == "[removed] asked for it, as [removed] may"
    assert OTHER.lower() in left


@pytest.mark.slow
def test_all_else_stays_as_it_is(ledger: Ledger) -> None:
    before = facts(ledger), edges(ledger), ledger.status()
    ledger.purge(BY_JO.revocation)
    assert (facts(ledger), edges(ledger), ledger.status()) == before
    assert ledger.verify().problems == ()
    assert [len(ledger.trace(node).nodes) for node in ("m2", "m3")] == [3, 2]
    shown = ledger.show("al3").sightings[0]
    assert (shown.external_id, shown.attributes["author"]) == ("al3", OTHER)


@pytest.mark.slow
def test_verify_still_finds_a_damaged_part(ledger: Ledger) -> None:
    ledger.purge(BY_JO.revocation)
    for table in ("sightings", "tombstones"):
        part = next(ledger.store.layout.table(table).glob("*.parquet"))
        data = part.read_bytes()
        part.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        assert any(table in problem for problem in ledger.verify().problems)
        part.write_bytes(data)
    next(ledger.store.layout.table("edges").glob("*.parquet")).unlink()
    assert any("edges" in problem for problem in ledger.verify().problems)


@pytest.mark.slow
def test_purging_again_changes_nothing(ledger: Ledger) -> None:
    ledger.purge(BY_JO.revocation)
    commits = ledger.query("SELECT count(*) AS n FROM commits").to_pylist()
    again = ledger.purge(BY_JO.revocation)
    assert again.unchanged
    assert ledger.query("SELECT count(*) AS n FROM commits").to_pylist() == commits
    assert ledger.revoke(BY_JO, "asked for").unchanged


@pytest.mark.slow
def test_the_content_does_not_come_back(ledger: Ledger, tmp_path: Path) -> None:
    ledger.purge(BY_JO.revocation)
    rows = [*texts("jo-no-", 20), *texts("jo-no-", 3, lang="en"), *texts("fresh", 5)]
    found = ingest(ledger, write_jsonl(tmp_path / "again.jsonl", rows), "elsewhere")
    assert (found.read, found.kept, found.rejected) == (28, 5, 23)
    assert found.files[0].reasons == {f"purged: revocation {BY_JO.revocation}": 23}
    assert found.files[0].quarantine is not None
    assert ledger.status().records == 49
    assert JO not in readable(Path(ledger.url))


LONG = "This text is long enough to be known by what is left when all its dress is gone."


def purged(ledger: Ledger, folder: Path, text: str) -> str:
    """Read a text, take it down and purge it; the revocation."""
    rows = [{"id": "gone", "text": text}]
    ingest(ledger, write_jsonl(folder / "gone.jsonl", rows), "gone")
    takedown = asked(selector("source", "gone"))
    ledger.revoke(takedown, "asked for")
    ledger.purge(takedown.revocation)
    return takedown.revocation


@pytest.mark.slow
def test_the_content_does_not_come_back_in_another_dress(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    told = f"purged: revocation {purged(ledger, tmp_path, LONG)}"
    dressed = [LONG.upper(), f"<p>{LONG}</p>", "\u200b".join(LONG), LONG.replace("o", "\u043e")]
    rows = [{"id": f"d{n}", "text": dress} for n, dress in enumerate([*dressed, LONG])]
    found = ingest(ledger, write_jsonl(tmp_path / "dress.jsonl", rows), "elsewhere")
    reasons = {f"{told} (in another dress)": 4, told: 1}
    assert (found.read, found.kept, found.files[0].reasons) == (5, 0, reasons)
    said = [{"role": "user", "content": "Say it again."}, {"role": "assistant", "content": LONG}]
    chats = [{"id": "c1", "messages": said[:1]}, {"id": "c2", "messages": said}]
    chats.append({"id": "c3", "messages": [said[1], {"role": "user", "content": "Thanks."}]})
    found = ingest(ledger, write_jsonl(tmp_path / "chats.jsonl", chats), "elsewhere")
    reasons = {f"{told} (in messages[1])": 1, f"{told} (in messages[0])": 1}
    assert (found.read, found.kept, found.files[0].reasons) == (3, 1, reasons)
    kept = ledger.query("SELECT part FROM ledger.parts").column(0).to_pylist()
    assert kept == ["messages[0]"]


@pytest.mark.slow
def test_short_texts_are_refused_by_their_digest_alone(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    revocation = purged(ledger, tmp_path, "Yes, of course.")
    rows = [{"id": "s1", "text": "Yes, of course."}, {"id": "s2", "text": "YES, OF COURSE."}]
    found = ingest(ledger, write_jsonl(tmp_path / "again.jsonl", rows), "elsewhere")
    assert found.files[0].reasons == {f"purged: revocation {revocation}": 1}


def test_tombstones_of_the_first_schema_are_read(ledger: Ledger, tmp_path: Path) -> None:
    measured = measure(pa.array(["one", "two"]), "text")
    names = ("record_id", "digest_rest")
    columns = {name: getattr(measured, name).slice(0, 1) for name in names}
    path = tmp_path / "tombstones.parquet"
    pq.write_table(pa.table({"revocation": ["rv-1"], **columns}), path)
    assert refuse_purged(measured, (str(path),)).refused == {0: "purged: revocation rv-1"}


@pytest.mark.slow
def test_what_was_only_derived_is_revoked_and_may_be_read_again(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.purge(BY_JO.revocation)
    rows = [{"id": "x", "text": "a machine says again what jo-no-3 said"}]
    found = ingest(ledger, write_jsonl(tmp_path / "again.jsonl", rows), "elsewhere")
    assert (found.kept, found.rejected) == (1, 0)
    assert ledger.show("x").revoked != ()


@pytest.mark.slow
def test_the_author_is_still_known_by_what_comes_later(ledger: Ledger, tmp_path: Path) -> None:
    ledger.purge(BY_JO.revocation)
    late = write_jsonl(tmp_path / "late.jsonl", texts("late", 2, author=JO))
    ingest(ledger, late, "elsewhere", attributes={"author": "author"})
    assert ledger.show("late1").revoked != ()
    receipt = ledger.purge(BY_JO.revocation)
    assert receipt.purged is not None
    assert receipt.purged.tombstones == 2
    assert JO not in readable(Path(ledger.url))


@pytest.mark.slow
def test_other_revocations_forget_the_name_too(ledger: Ledger) -> None:
    both = asked(attribute("author", JO, OTHER), selector("source", "jo"))
    other = ledger.revoke(both, "the licence ended")
    ledger.purge(BY_JO.revocation)
    assert JO not in readable(Path(ledger.url))
    kept = ledger.query("SELECT takedown FROM revocations ORDER BY seq").to_pylist()
    assert any(OTHER in row["takedown"] for row in kept)
    assert ledger.status().revoked == 23
    ledger.restore(other.revocation)
    assert ledger.status().revoked == 23


@pytest.mark.slow
def test_a_release_can_be_audited_and_verified_after_a_purge(ledger: Ledger) -> None:
    sealed = ledger.query("SELECT body_digest FROM releases").to_pylist()
    ledger.purge(BY_JO.revocation)
    findings = ledger.audit(ANYTHING, "r1").findings
    assert sum(item.code == "revoked" for item in findings) == 23
    assert ledger.verify("r1").problems == ()
    assert ledger.query("SELECT body_digest FROM releases").to_pylist() == sealed
    assert ledger.assemble("r2", ANYTHING, Selection()).records == 21


KILLED = """
import fcntl, os, sys
import provenance

left = int(sys.argv[2])
def counted(real):
    def call(*arguments):
        global left
        left -= 1
        if left == 0:
            os._exit(9)
        return real(*arguments)
    return call

os.fsync = counted(os.fsync)
fcntl.flock = counted(fcntl.flock)
os.unlink = counted(os.unlink)
provenance.open(sys.argv[1]).purge(sys.argv[3])
"""


@pytest.mark.slow
@pytest.mark.parametrize("call", [4, 12, 20, 25, 27, 29, 31, 32])
def test_a_purge_that_is_killed_can_be_done_again(ledger: Ledger, call: int) -> None:
    before = facts(ledger)
    arguments = [ledger.url, str(call), BY_JO.revocation]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert done.returncode == 9
    assert facts(ledger) == before
    assert ledger.verify().problems == ()
    ledger.purge(BY_JO.revocation)
    left = readable(Path(ledger.url))
    assert [word for word in PERSONAL if word in left] == []
    assert (ledger.verify().problems, facts(ledger)) == ((), before)


def test_purged_content_is_told_by_the_whole_digest(ledger: Ledger) -> None:
    measured = measure(pa.array(["one", "two", "three", "four"]), "text")
    assert refuse_purged(measured, ()) is measured
    ids = measured.record_id.to_pylist()
    rests = measured.digest_rest.to_pylist()
    rows: list[dict[str, object]] = [
        {"revocation": "rv-1", "record_id": ids[1], "digest_rest": rests[1]},
        {"revocation": "rv-2", "record_id": ids[3], "digest_rest": rests[3]},
        {"revocation": "rv-3", "record_id": ids[0], "digest_rest": rests[3]},
    ]
    part = write_data_file(ledger.store.layout, "tombstones", ids[0], rows)
    assert part is not None
    found = refuse_purged(measured, (part.path,))
    assert found.refused == {1: "purged: revocation rv-1", 3: "purged: revocation rv-2"}
    assert found.kept.to_pylist() == [0, 2]
    assert found.record_id.to_pylist() == [ids[0], ids[2]]
    assert found.chars.to_pylist() == [3, 5]


def test_a_part_is_not_replaced_twice(ledger: Ledger) -> None:
    layout = ledger.store.layout
    with ledger.store.snapshot(cache_small_tables=False) as connection:
        path, commit = connection.execute(
            "SELECT filename, any_value(commit_id) FROM ledger.revocations GROUP BY 1"
        ).fetchall()[0]
    row: dict[str, object] = {"revocation": "x", "event": "revoke"}
    part = write_data_file(layout, "revocations", commit, [row])
    assert part is not None
    ledger.store.commit("purge", "one", [], commit, [row_by_row(path, part)])
    other = write_data_file(layout, "revocations", commit, [row, row])
    assert other is not None
    with pytest.raises(BusyError, match="replaced by somebody else"):
        ledger.store.commit("purge", "two", [], commit, [row_by_row(path, other)])
    assert ledger.verify().problems == ()
