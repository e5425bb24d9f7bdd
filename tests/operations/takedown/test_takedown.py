"""Takedowns: what is named, what follows from it, what is left out, and how it is undone."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError
from support.datafiles import cap, ingest, policy, texts, write_jsonl
from support.takedowns import ANYTHING, BY_JO, JO, OTHER, asked, attribute, library, selector

import provenance
from provenance.errors import GateError, MisuseError, NotFoundError, ReadOnlyError
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.source import Source
from provenance.model.takedown import Selector, Takedown, blinded
from provenance.operations.ingest import IngestOptions
from provenance.operations.lineage_import.import_options import ImportOptions
from provenance.operations.models import Model


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger that tests only look at."""
    return library(tmp_path_factory.mktemp("library"))


@pytest.fixture
def ledger(shelf: Ledger, tmp_path: Path) -> Ledger:
    """The same, for a test of its own."""
    return provenance.open(str(shutil.copytree(shelf.url, tmp_path / "ledger")))


def own_ids(ledger: Ledger) -> set[str]:
    rows = ledger.query(
        "SELECT DISTINCT external_id AS id FROM sightings SEMI JOIN revoked USING (record_id)"
    )
    return {row["id"] for row in rows.to_pylist()}


def everything(ledger: Ledger) -> list[dict[str, object]]:
    ledger_views = "SELECT * EXCLUDE (reading_id) FROM sightings JOIN origins USING (record_id)"
    return ledger.query(f"{ledger_views} ORDER BY ALL").to_pylist()


@pytest.mark.slow
def test_what_is_named_and_all_that_was_made_from_it(ledger: Ledger) -> None:
    plan = ledger.plan_revocation(BY_JO)
    assert (plan.event, plan.reach.named.records, plan.reach.derived.records) == ("plan", 20, 3)
    assert plan.reach.hops == {1: 2, 2: 1}
    assert [(item.name, item.records) for item in plan.reach.releases] == [("r1", 23)]
    assert (plan.reach.sightings, plan.reach.files, plan.reach.sources) == (23, 3, ("jo",))
    assert own_ids(ledger) == set()
    ledger.revoke(BY_JO, "asked for")
    # The reply of a person was not made from the text, that of a machine was.
    assert own_ids(ledger) == {f"jo-no-{n}" for n in range(20)} | {"m1", "m2", "m3"}
    assert [(r.hops, r.reason) for r in ledger.show("m2").revoked] == [(2, "asked for")]
    assert ledger.show("h1").revoked == ()
    assert ledger.status().revoked == 23


def test_the_dry_run_and_the_receipt_list_the_same(ledger: Ledger) -> None:
    plan = ledger.plan_revocation(BY_JO)
    receipt = ledger.revoke(BY_JO, "asked for", "a lawyer")
    assert receipt.reach == plan.reach
    assert (receipt.event, receipt.reason, receipt.requested_by) == (
        "revoke",
        "asked for",
        "a lawyer",
    )
    rows = ledger.query("SELECT digest FROM revoked WHERE hops = 0 ORDER BY 1").to_pylist()
    listed = tuple(row["digest"] for row in rows)
    assert receipt.reach.named.digests == listed
    text = "".join(f"{digest}\n" for digest in listed)
    assert receipt.reach.named.sha256 == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    stored = ledger.query("SELECT receipt FROM revocations").to_pylist()[0]["receipt"]
    assert type(receipt).model_validate_json(stored).reach == plan.reach


@pytest.mark.parametrize(
    ("selectors", "named"),
    [
        ([selector("external_id", "jo-no-3", "al4")], 2),
        ([selector("source", "al")], 20),
        ([attribute("author", JO, OTHER)], 40),
        ([attribute("author", JO), selector("source", "al")], 0),
        ([attribute("author", JO), selector("external_id", "jo-no-1", "al1")], 1),
        ([attribute("url", "https://example.org/jo")], 20),
        ([attribute("domain", "quimby.example")], 20),
        ([attribute("domain", "Blog.Quimby.example.")], 20),
        ([attribute("domain", "imby.example")], 0),
        ([attribute("domain", "example.org", "quimby.example")], 40),
        ([attribute("lang", "en")], 0),
        ([attribute('it\'s a "name"/~', "x' OR TRUE --")], 0),
        ([selector("external_id", "'; DROP TABLE x; --")], 0),
    ],
)
def test_selectors(shelf: Ledger, selectors: list[Selector], named: int) -> None:
    takedown = asked(*selectors)
    if named:
        assert shelf.plan_revocation(takedown).reach.named.records == named
        words = takedown.personal
        blind = takedown.blind(words)
        assert blind.personal == frozenset()
        assert shelf.plan_revocation(blind).reach.named.records == named
    else:
        with pytest.raises(NotFoundError, match="no record matches"):
            shelf.plan_revocation(takedown)


def test_records_and_files_by_any_of_their_names(shelf: Ledger) -> None:
    digest = shelf.show("jo-no-3").digest
    for name in ("jo-no-3", digest, digest[:20], digest.removeprefix("sha256:")[:10]):
        assert shelf.takedown(records=name) == asked(selector("record", digest))
    plan = shelf.plan_revocation(asked(selector("record", digest)))
    assert (plan.reach.named.digests, plan.reach.hops) == ((digest,), {1: 1, 2: 1})
    of_file = shelf.takedown(files=Path(shelf.url).parent / "al.jsonl")
    assert shelf.plan_revocation(of_file).reach.named.records == 20
    with pytest.raises(NotFoundError):
        shelf.takedown(records="nobody")


def test_a_licence_of_the_record_or_of_its_source(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    ledger.source_set(Source(name="web", licence="CC-BY-4.0"))
    rows = [*texts("a", 3), *texts("b", 2, licence="MIT")]
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", rows), "web")
    # A record is under both: what ends for its source ends for it.
    for licence, count in (("CC-BY-4.0", 5), ("MIT", 2)):
        found = ledger.plan_revocation(asked(attribute("licence", licence)))
        assert found.reach.named.records == count


@pytest.mark.slow
def test_what_a_replaced_version_of_a_file_held_is_found(tmp_path: Path) -> None:
    ledger = library(tmp_path)
    rows = texts("new", 3, author=OTHER)
    ingest(ledger, write_jsonl(tmp_path / "jo.jsonl", rows), "jo", attributes={"author": "author"})
    found = ledger.plan_revocation(BY_JO).reach
    assert (found.named.records, found.releases[0].records) == (20, 23)


@pytest.mark.slow
def test_assemblies_leave_it_out_and_restoring_brings_it_back(ledger: Ledger) -> None:
    before = everything(ledger)
    sealed = ledger.assemble("r1", ANYTHING, Selection()).body_digest
    receipt = ledger.revoke(BY_JO, "asked for")
    plan = ledger.assemble("r1", ANYTHING, Selection(), dry_run=True)
    assert (plan.records, plan.candidates, plan.revoked) == (21, 21, 23)
    with pytest.raises(MisuseError, match="already exists with different members or policy"):
        ledger.assemble("r1", ANYTHING, Selection())
    assert ledger.restore(receipt.revocation, "a mistake").event == "restore"
    again = ledger.assemble("r1", ANYTHING, Selection())
    assert (again.unchanged, again.body_digest, again.revoked) == (True, sealed, 0)
    assert everything(ledger) == before
    assert ledger.status().revoked == 0


@pytest.mark.slow
def test_one_is_restored_and_the_others_stay(ledger: Ledger) -> None:
    ledger.revoke(BY_JO, "the author asked")
    other = ledger.revoke(asked(selector("external_id", "jo-no-3")), "the record is wrong")
    assert len(ledger.show("jo-no-3").revoked) == 2
    ledger.restore(BY_JO.revocation)
    assert [item.revocation for item in ledger.show("jo-no-3").revoked] == [other.revocation]
    assert own_ids(ledger) == {"jo-no-3", "m1", "m2"}
    ledger.revoke(BY_JO, "asked again")
    assert ledger.status().revoked == 23
    assert {item.reason for item in ledger.show("jo-no-3").revoked} == {
        "asked again",
        "the record is wrong",
    }


def test_every_event_is_idempotent(ledger: Ledger) -> None:
    first = ledger.revoke(BY_JO, "asked for")
    second = ledger.revoke(BY_JO, "asked for again")
    assert second.unchanged
    assert second.model_copy(update={"unchanged": False}) == first
    ledger.restore(first.revocation[:6])
    assert ledger.restore(first.revocation).unchanged
    events = "SELECT count(*) AS n FROM commits WHERE verb IN ('revoke', 'restore')"
    assert ledger.query(events).to_pylist() == [{"n": 2}]


@pytest.mark.slow
def test_what_cannot_be_done_is_said(ledger: Ledger) -> None:
    for act in (ledger.restore, ledger.purge):
        with pytest.raises(NotFoundError, match="no revocation `rv-0`"):
            act("rv-0")
    receipt = ledger.revoke(BY_JO, "asked for")
    ledger.restore(receipt.revocation)
    with pytest.raises(MisuseError, match="was restored"):
        ledger.purge(receipt.revocation)
    ledger.revoke(BY_JO, "asked for")
    ledger.purge(receipt.revocation)
    with pytest.raises(MisuseError, match="was purged"):
        ledger.restore(receipt.revocation)
    ledger.revoke(asked(selector("source", "al")), "asked for")
    with pytest.raises(MisuseError, match="matches 2 revocations"):
        ledger.restore("rv-")


def test_a_ledger_that_cannot_be_written_plans_and_does_not_revoke(ledger: Ledger) -> None:
    lock = ledger.store.layout.lock
    lock.unlink()
    lock.mkdir()
    try:
        assert ledger.plan_revocation(BY_JO).reach.named.records == 20
    finally:
        with pytest.raises(ReadOnlyError, match="cannot be written"):
            ledger.revoke(BY_JO, "asked for")
    lock.rmdir()
    assert ledger.status().revoked == 0


@pytest.mark.slow
def test_what_comes_later_is_revoked_too(ledger: Ledger, tmp_path: Path) -> None:
    ledger.revoke(BY_JO, "asked for")
    ledger.revoke(asked(selector("source", "al")), "the licence ended")
    late = [
        *texts("late", 2, author=JO),
        {"id": "m9", "text": "a machine says again what m2 said", "from": "m2"},
        {"id": "free", "text": "a text that has nothing to do with it"},
    ]
    path = write_jsonl(tmp_path / "late.jsonl", late)
    options = {"parent_field": "from", "process": "rephrase", "attributes": {"author": "author"}}
    ingest(ledger, path, "jo", **options)
    found = own_ids(ledger)
    assert {"late0", "late1", "m9"} <= found
    assert "free" not in found
    assert [(r.hops, r.reason) for r in ledger.show("m9").revoked] == [(3, "asked for")]
    # What arrives while a revocation is undone, and falls under it when it is asked for again.
    ledger.restore(BY_JO.revocation)
    ingest(
        ledger,
        write_jsonl(tmp_path / "more.jsonl", texts("more", 1, author=JO)),
        "jo",
        attributes={"author": "author"},
    )
    assert "more0" not in own_ids(ledger)
    ledger.revoke(BY_JO, "asked again")
    assert {"more0", "late0", "m9"} <= own_ids(ledger)


@pytest.mark.slow
def test_edges_and_models_that_come_later_reach_further(ledger: Ledger, tmp_path: Path) -> None:
    ledger.revoke(BY_JO, "asked for")
    ledger.revoke(asked(*BY_JO.selectors, through_models=True), "asked for all of it")
    path = write_jsonl(tmp_path / "o.jsonl", texts("o", 1))
    ingest(ledger, path, "out", label="synthetic", generator="ours", process="generate")
    assert ledger.show("o0").revoked == ()
    ledger.model_set(Model(name="ours", trained_on="r1"))
    assert [item.reason for item in ledger.show("o0").revoked] == ["asked for all of it"]
    pair = f"{ledger.show('al3').digest},{ledger.show('jo-no-3').digest}"
    edges = tmp_path / "edges.csv"
    edges.write_text(f"child,parent,process\n{pair},rephrase\n", "utf-8")
    ledger.lineage_import([str(edges)], ImportOptions())
    assert {item.hops for item in ledger.show("al3").revoked} == {1}


def test_an_ingest_pays_for_no_commit_where_nothing_was_revoked(
    ledger: Ledger, tmp_path: Path
) -> None:
    ingest(ledger, write_jsonl(tmp_path / "n.jsonl", texts("n", 2)), "new")
    verbs = ledger.query("SELECT DISTINCT verb FROM commits").to_pylist()
    assert "follow" not in {row["verb"] for row in verbs}


@pytest.mark.slow
def test_through_a_model_only_when_asked_for(ledger: Ledger, tmp_path: Path) -> None:
    ledger.model_set(Model(name="ours", trained_on="r1"))
    path = write_jsonl(tmp_path / "o.jsonl", texts("o", 3))
    ingest(ledger, path, "out", label="synthetic", generator="ours", process="generate")
    ledger.assemble("r2", ANYTHING, Selection(sources=("out",)))
    plan = ledger.plan_revocation(BY_JO).reach
    assert [(item.name, item.trained_on) for item in plan.models] == [("ours", "r1")]
    assert (plan.through_models.records, plan.named.records, plan.derived.records) == (3, 20, 3)
    hit = [(item.name, item.records, item.through_models) for item in plan.releases]
    assert hit == [("r1", 23, 0), ("r2", 0, 3)]
    ledger.revoke(BY_JO, "asked for")
    assert not own_ids(ledger) & {"o0", "o1", "o2"}
    further = asked(*BY_JO.selectors, through_models=True)
    assert further.revocation != BY_JO.revocation
    ledger.revoke(further, "asked for")
    assert {"o0", "o1", "o2"} <= own_ids(ledger)


@pytest.mark.slow
def test_audits_report_what_was_revoked(ledger: Ledger, tmp_path: Path) -> None:
    def said(found: list[tuple[str, str, str]], severity: str) -> list[str]:
        return [subject for code, how, subject in found if code == "revoked" and how == severity]

    def audit(release: str | None) -> list[tuple[str, str, str]]:
        judgement = ledger.audit(ANYTHING, release)
        return [(item.code, item.severity, item.subject) for item in judgement.findings]

    assert said(audit("r1"), "error") == []
    receipt = ledger.revoke(BY_JO, "asked for")
    listed = {*receipt.reach.named.digests, *receipt.reach.derived.digests}
    assert set(said(audit("r1"), "error")) == listed
    assert ledger.audit(ANYTHING, "r1").verdict == "pass"
    assert said(audit(None), "note") == [f"revocation {receipt.revocation}"]
    assert said(audit(None), "warning") == ["release r1"]
    facts = ledger.facts("r1")
    assert sum(item.code == "revoked" for item in facts.findings) == 23
    mixed = write_jsonl(tmp_path / "mixed.jsonl", [*texts("jo-no-", 2), *texts("fresh", 2)])
    options = IngestOptions(source="audit")
    findings = ledger.audit_files([str(mixed)], ANYTHING, options).findings
    assert sum(item.code == "revoked" and item.severity == "error" for item in findings) == 2


@pytest.mark.slow
def test_no_more_findings_than_anybody_reads(tmp_path: Path) -> None:
    ledger = library(tmp_path, 130)
    ledger.revoke(BY_JO, "asked for")
    found = [item for item in ledger.audit(ANYTHING, "r1").findings if item.code == "revoked"]
    assert len(found) == 101
    assert "33 more" in found[-1].reason


def test_accumulating_excuses_what_was_revoked(ledger: Ledger) -> None:
    keeping = policy({"accumulate": "r1"}, cap("1"))
    ledger.revoke(BY_JO, "asked for")
    plan = ledger.assemble("r2", keeping, Selection(), dry_run=True)
    assert (plan.verdict, plan.budgets[0].denominator) == ("pass", 21)
    ledger.restore(BY_JO.revocation)
    assert ledger.assemble("r2", keeping, Selection(), dry_run=True).budgets[0].denominator == 41


def test_an_export_of_revoked_records_has_to_be_allowed(ledger: Ledger, tmp_path: Path) -> None:
    ledger.revoke(BY_JO, "asked for")
    with pytest.raises(GateError, match="contains 23 revoked records"):
        ledger.export("r1", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert ledger.export("r1", tmp_path / "out", allow_revoked=True).rows == 44


values = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
    min_size=1,
    max_size=4,
)


@given(values, values)
def test_the_order_of_a_request_does_not_matter(first: list[str], second: list[str]) -> None:
    there = Takedown(selectors=(attribute("author", *first), selector("file", *second)))
    back = Takedown(selectors=(selector("file", *second[::-1]), attribute("author", *first[::-1])))
    assert there == back
    assert there.revocation == back.revocation
    blind = there.blind(there.personal)
    assert blind.blind(there.personal) == blind
    assert all(value == blinded(value) for value in blind.selectors[0].values)


@pytest.mark.parametrize(
    "members",
    [
        {"kind": "attribute", "values": ["x"]},
        {"kind": "source", "name": "author", "values": ["x"]},
        {"kind": "source", "values": []},
        {"kind": "source", "values": [""]},
        {"kind": "source", "values": ["a\0b"]},
        {"kind": "record", "values": ["sha256:abc"]},
    ],
)
def test_a_selector_that_says_nothing_is_refused(members: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Selector.model_validate(members)
