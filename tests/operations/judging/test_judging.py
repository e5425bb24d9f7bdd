"""Audits and assemblies: the same numbers for a ledger, a release and its exported files."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.datafiles import cap, ingest, policy, texts, thirds, write_jsonl

import provenance
from provenance.errors import IntegrityError, MisuseError, NotFoundError
from provenance.ledger import Ledger
from provenance.model.finding import Judgement
from provenance.model.manifest import Selection
from provenance.model.policy import Policy
from provenance.operations.audit.run_audit import audit_files
from provenance.operations.ingest import IngestOptions
from provenance.operations.members import of_release


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return thirds(tmp_path)


def numbers(judgement: Judgement) -> list[dict[str, Any]]:
    """Everything but the sentences, which name the set."""
    return [item.model_dump(mode="json", exclude={"reason"}) for item in judgement.budgets]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "verdict"), [("0.35", "indeterminate"), ("0.40", "pass"), ("0.29", "fail")]
)
def test_the_unknown_records_decide_between_the_two_ends(
    ledger: Ledger, limit: str, verdict: str
) -> None:
    judgement = ledger.audit(policy(cap(limit)))
    assert judgement.verdict == verdict
    result = judgement.budgets[0]
    assert (result.lo, result.hi) == (0.30, 0.40)
    assert (result.numerator_lo, result.numerator_hi, result.denominator) == (30, 40, 100)


@pytest.mark.slow
def test_every_part_of_the_set_is_judged_on_its_own(ledger: Ledger) -> None:
    judgement = ledger.audit(policy(cap("0.35", by=["lang"]), cap("0.5", by=["source"])))
    by_group = {(r.name, *(r.group or {}).values()): r.verdict for r in judgement.budgets}
    assert by_group == {
        ("b0", "en"): "indeterminate",
        ("b1", "h"): "pass",
        ("b1", "s"): "fail",
        ("b1", "u"): "indeterminate",
    }


def test_a_failure_names_budget_numbers_and_sources(ledger: Ledger) -> None:
    reason = ledger.audit(policy(cap("0.29"), unit="bytes")).budgets[0].reason
    assert "limit 0.29" in reason
    assert "from s (" in reason


@pytest.mark.slow
def test_assembly_refuses_to_seal_what_fails(ledger: Ledger) -> None:
    plan = ledger.assemble("r1", policy(cap("0.29")), Selection())
    assert (plan.verdict, plan.sealed) == ("fail", False)
    plan = ledger.assemble("r1", policy(cap("0.35")), Selection())
    assert (plan.verdict, plan.sealed) == ("indeterminate", False)
    plan = ledger.assemble("r1", policy(cap("0.35"), indeterminate="warn"), Selection())
    assert (plan.verdict, plan.sealed) == ("indeterminate", True)
    plan = ledger.assemble("r2", policy(cap("0.40")), Selection(), dry_run=True)
    assert (plan.verdict, plan.sealed) == ("pass", False)
    assert [item.name for item in ledger.releases()] == ["r1"]


def test_fit_takes_the_most_that_passes(ledger: Ledger) -> None:
    plan = ledger.assemble("r1", policy(cap("0.25")), Selection(fit=True))
    assert plan.sealed
    # 60 human and s + u others with 4 (s + u) <= 60 + s + u: twenty others.
    assert plan.records == 80
    assert sum(item.records for item in plan.left_out) == 20
    assert {item.budget for item in plan.left_out} == {"b0"}


def test_fit_that_leaves_nothing_is_a_failure(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    ingest(ledger, write_jsonl(tmp_path / "s.jsonl", texts("s", 3)), "s", label="synthetic")
    plan = ledger.assemble("r1", policy(cap("0.1")), Selection(fit=True))
    assert (plan.verdict, plan.sealed, plan.records) == ("fail", False, 0)


@pytest.mark.slow
def test_a_release_is_immutable_and_its_body_reproducible(ledger: Ledger, tmp_path: Path) -> None:
    rules = policy(cap("0.40"), unit="bytes")
    first = ledger.assemble("r1", rules, Selection(seed=3))
    again = ledger.assemble("r1", rules, Selection(seed=3))
    assert (again.unchanged, again.body_digest) == (True, first.body_digest)
    with pytest.raises(MisuseError, match="already exists with different members or policy"):
        ledger.assemble("r1", rules, Selection(sources=("h",)))
    copy = provenance.init(str(tmp_path / "copy"))
    for source, label in (("u", None), ("h", "human"), ("s", "synthetic")):
        ingest(copy, tmp_path / f"{source}.jsonl", source, label=label)
    assert copy.assemble("r1", rules, Selection(seed=3)).body_digest == first.body_digest
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_selection_by_source_where_weight_and_split(ledger: Ledger) -> None:
    rules = policy(cap("1"))
    plan = ledger.assemble("a", rules, Selection(sources=("h", "s"), where="label = 'human'"))
    assert plan.labels == {"human": 60}
    plan = ledger.assemble("b", rules, Selection(weights={"h": 2}))
    assert (plan.records, plan.totals["records"]) == (100, 160)
    splits = {"train": "0.8", "test": "0.2"}
    plan = ledger.assemble("c", rules, Selection(splits=splits, seed=1))
    assert set(plan.splits) == {"train", "test"}
    assert sum(plan.splits.values()) == 100
    assert 10 < plan.splits["test"] < 35
    with pytest.raises(NotFoundError, match="no source `x`"):
        ledger.assemble("d", rules, Selection(sources=("x",)))
    with pytest.raises(MisuseError, match=r"sum to 0\.9"):
        ledger.assemble("d", rules, Selection(splits={"a": "0.9"}))
    with pytest.raises(MisuseError, match="matches no record"):
        ledger.assemble("d", rules, Selection(where="label = 'mixed'"))


@pytest.mark.slow
def test_near_copies_stay_in_one_split(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    rows = texts("a", 40)
    loud = [{"text": row["text"].upper() + "!!"} for row in rows]
    ingest(ledger, write_jsonl(tmp_path / "a.jsonl", rows + loud), "a", label="human")
    selection = Selection(splits={"x": "0.5", "y": "0.5"}, split_by="norm_id")
    ledger.assemble("r", policy(cap("1")), selection)
    table = ledger.query(
        "SELECT count(DISTINCT split) AS splits, count(*) AS copies FROM members "
        "JOIN records USING (record_id) GROUP BY norm_id"
    )
    assert set(table.column("splits").to_pylist()) == {1}
    assert set(table.column("copies").to_pylist()) == {2}


RULES: tuple[dict[str, Any], ...] = (
    cap("0.5"),
    cap("0.5", by=["lang"], unit="bytes"),
    cap("0.9", per="human", unit="chars"),
    {"min_human": 10},
    {"max_share": Decimal("0.5"), "where": "depth >= 1", "unit": "words"},
    {"max_share": Decimal("0.5"), "by": ["generator"]},
    {"forbid": "generator = 'nobody'"},
)


def mixed_set(folder: Path) -> Ledger:
    ledger = provenance.init(str(folder / "ledger"))
    rows = [
        *texts("h", 30, lang="en", url="https://a.example"),
        *texts("e", 10, lang="fr"),
        *texts("g", 12, model="gpt-4", lang="en"),
        {
            "text": 'quotes " and \u2028 and \\ slashes',
            "lang": None,
            "extra": {"a": [1, 2.5, None]},
        },
    ]
    write_jsonl(folder / "rows.jsonl", rows[:40])
    write_jsonl(folder / "more.jsonl", rows[40:])
    ingest(ledger, folder / "rows.jsonl", "people", label="human")
    ingest(ledger, folder / "more.jsonl", "web")
    return ledger


@pytest.mark.slow
@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_an_exported_file_is_judged_like_its_release(tmp_path: Path, form: Any) -> None:
    ledger = mixed_set(tmp_path)
    rules = policy(*RULES)
    selection = Selection(weights={"web": 3}, splits={"train": "0.7", "test": "0.3"})
    assert ledger.assemble("r1", policy(cap("1")), selection).sealed
    release = ledger.audit(rules, "r1")
    summary = ledger.export("r1", tmp_path / "out", form)
    assert summary.rows == 40 + 13 * 3
    exported = audit(ledger, tmp_path / "out", rules)
    assert numbers(exported) == numbers(release)
    assert "knows 79 of 79 records" in exported.findings[0].reason
    reshard(tmp_path / "out", tmp_path / "shards", form)
    assert numbers(audit(ledger, tmp_path / "shards", rules)) == numbers(release)


def audit(ledger: Ledger | None, path: Path, rules: Policy) -> Judgement:
    store = ledger.store if ledger else None
    return audit_files(store, [str(path)], rules, IngestOptions(source="audit"))


def reshard(folder: Path, target: Path, form: str) -> None:
    """The rows of an export in another order, in files of another size, as JSON lines."""
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.glob(f"*.{form}")):
        if form == "parquet":
            rows += pq.read_table(path).to_pylist()
        else:
            rows += map(json.loads, path.read_text("utf-8").strip("\n").split("\n"))
    random.Random(1).shuffle(rows)
    for place in range(0, len(rows), 17):
        write_jsonl(target / f"part-{place}.jsonl", rows[place : place + 17])


def test_an_audit_without_a_ledger_knows_only_the_marks(tmp_path: Path) -> None:
    rows = [*texts("a", 6), *texts("g", 4, model="gpt-4"), *texts("h", 2, synthetic=False)]
    judgement = audit(None, write_jsonl(tmp_path / "a.jsonl", rows), policy(cap("0.5")))
    result = judgement.budgets[0]
    assert (result.numerator_lo, result.numerator_hi, result.denominator) == (4, 12, 12)
    assert "knows 0 of 12" in judgement.findings[0].reason


def test_marks_of_a_file_never_make_a_known_record_more_human(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [{**row, "synthetic": False} for row in texts("s", 30)]
    path = write_jsonl(tmp_path / "claims.jsonl", rows)
    assert audit(ledger, path, policy(cap("0.5"))).budgets[0].lo == 1.0
    marked = [{**row, "model": "gpt-4"} for row in texts("h", 60)]
    path = write_jsonl(tmp_path / "marks.jsonl", marked)
    assert audit(ledger, path, policy(cap("0.5"))).budgets[0].lo == 1.0


def test_repeated_rows_count_each_time(ledger: Ledger, tmp_path: Path) -> None:
    rows = texts("h", 1) * 3 + texts("s", 1)
    result = audit(ledger, write_jsonl(tmp_path / "a.jsonl", rows), policy(cap("0.5"))).budgets[0]
    assert (result.numerator_lo, result.denominator) == (1, 4)


def test_a_release_is_judged_with_the_origins_of_today(ledger: Ledger, tmp_path: Path) -> None:
    rules = policy(cap("0.40"))
    ledger.assemble("r1", rules, Selection())
    ingest(ledger, tmp_path / "h.jsonl", "h", label="synthetic")
    judgement = ledger.audit(rules, "r1")
    assert judgement.verdict == "fail"
    codes = {finding.code: finding for finding in judgement.findings}
    assert "sealed with the verdict pass" in codes["sealed-verdict"].reason
    assert (
        "60 records were sealed as human; current evidence says synthetic" in codes["drift"].reason
    )
    facts = ledger.facts("r1")
    assert facts.verdict == "pass"
    assert facts.share("records").lo == 30


def test_what_stands_as_it_was_sealed_is_judged_as_if_it_were_resolved_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = policy(cap("0.5"), cap("1", by=["source"]), indeterminate="warn")
    assert ledger.assemble("r1", rules, Selection()).sealed
    assert ledger.assemble("r2", rules, Selection(sources=("h", "u"))).sealed
    as_sealed = [ledger.audit(rules, name) for name in ("r1", "r2")]
    monkeypatch.setattr(of_release, "_sealed_origins_still_current", lambda *_: False)
    assert [ledger.audit(rules, name) for name in ("r1", "r2")] == as_sealed


@pytest.mark.slow
def test_accumulate_asks_for_the_human_records_of_a_release(ledger: Ledger, tmp_path: Path) -> None:
    ledger.assemble("r1", policy(cap("0.40")), Selection())
    keep = policy(cap("1"), {"accumulate": "r1"})
    assert ledger.assemble("r2", keep, Selection()).sealed
    plan = ledger.assemble("r3", keep, Selection(where="source != 'h'"))
    assert plan.verdict == "fail"
    assert "60" in plan.budgets[1].reason
    # Human records that are not human any more are excused.
    ingest(ledger, tmp_path / "h.jsonl", "h", label="synthetic")
    assert ledger.assemble("r4", keep, Selection(where="source != 'h'")).verdict == "pass"
    with pytest.raises(MisuseError, match="which is not in the ledger"):
        ledger.audit(policy({"accumulate": "nothing"}))


def test_export_names_the_rows_that_changed_and_writes_nothing(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.assemble("r1", policy(cap("1")), Selection())
    rows = texts("h", 60, lang="en")
    rows[4]["text"] += " changed"
    write_jsonl(tmp_path / "h.jsonl", rows)
    with pytest.raises(IntegrityError, match=r"h\.jsonl: rows 5: the content differs"):
        ledger.export("r1", tmp_path / "out")
    (tmp_path / "h.jsonl").unlink()
    with pytest.raises(NotFoundError, match=r"h\.jsonl: the file is missing; 60 members"):
        ledger.export("r1", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir() if ".tmp" in path.name] == []


def test_sources_that_moved_are_found_again(ledger: Ledger, tmp_path: Path) -> None:
    ledger.assemble("r1", policy(cap("1")), Selection())
    (tmp_path / "new").mkdir()
    for name in ("s", "h", "u"):
        shutil.move(tmp_path / f"{name}.jsonl", tmp_path / "new")
    roots = {str(tmp_path): str(tmp_path / "new")}
    assert ledger.export("r1", tmp_path / "out", "jsonl", roots).rows == 100


def test_a_damaged_release_is_found(ledger: Ledger) -> None:
    ledger.assemble("r1", policy(cap("1")), Selection())
    assert ledger.verify("r1").releases == 1
    part = next(ledger.store.layout.table("members").iterdir())
    part.write_bytes(part.read_bytes()[:-5] + b"xxxxx")
    assert any("members" in problem for problem in ledger.verify().problems)


@pytest.mark.slow
def test_two_audits_and_an_ingest_at_the_same_time(ledger: Ledger, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "new.jsonl", texts("n", 500))
    (tmp_path / "p.yaml").write_text("policy: p\nbudgets: [{name: b, max_synthetic: 1}]\n")
    prov = [sys.executable, "-m", "prov_cli.main", "--ledger", ledger.url]
    jobs = [
        [*prov, "audit", "--policy", str(tmp_path / "p.yaml")],
        [*prov, "ingest", str(tmp_path / "new.jsonl"), "--source", "n"],
        [*prov, "audit", "--policy", str(tmp_path / "p.yaml")],
    ]
    running = [subprocess.Popen(job, stdout=subprocess.DEVNULL) for job in jobs]
    assert [job.wait(60) for job in running] == [0, 0, 0]
    assert ledger.status().records == 600


def test_tokens_are_counted_by_the_tokenizer_of_the_policy(tmp_path: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    ledger = provenance.init(str(tmp_path / "ledger"))
    ingest(
        ledger, write_jsonl(tmp_path / "h.jsonl", [{"text": "one two three"}]), "h", label="human"
    )
    rows = [{"text": "one"}]
    ingest(ledger, write_jsonl(tmp_path / "s.jsonl", rows), "s", label="synthetic")
    rules = policy(cap("0.25"), unit="tokens", tokenizer="tokenizer.json")
    result = ledger.audit(rules, policy_dir=tmp_path).budgets[0]
    assert (result.numerator_lo, result.denominator, result.verdict) == (1, 4, "pass")
    plan = ledger.assemble("r", rules, Selection(), policy_dir=tmp_path)
    assert plan.totals["tokens"] == 4
    exported = ledger.export("r", tmp_path / "out", "jsonl")
    again = audit_files(
        ledger.store, [exported.directory], rules, IngestOptions(source="audit"), tmp_path
    )
    assert numbers(again)[0]["denominator"] == 4
