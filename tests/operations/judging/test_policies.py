"""Policies on ledgers, releases and files: what evidence and names do to verdicts."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.datafiles import ingest, policy, texts, write_jsonl

import provenance
from provenance.errors import ConditionError, MisuseError
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.operations.audit.run_audit import audit_files
from provenance.operations.documents import parse_sources
from provenance.operations.ingest import IngestOptions
from provenance.operations.models import Model
from provenance.policy.conditions.grammar import check, parse


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


@pytest.mark.parametrize("unit", ["records", "bytes"])
def test_repeats_do_not_meet_a_floor(ledger: Ledger, tmp_path: Path, unit: str) -> None:
    rows = texts("h", 10)
    path = write_jsonl(tmp_path / "train.jsonl", rows * 50)
    write_jsonl(tmp_path / "test.jsonl", rows[:5])
    ingest(ledger, path, "h", label="human")
    size = sum(len(row["text"]) for row in rows) if unit == "bytes" else 10
    at = {"min_human": size, "unit": unit}
    over = {"min_human": size + 1, "unit": unit}
    each = {"min_human": size + 1, "unit": unit, "repeats": "count"}
    rules = policy(at, over, each)
    plan = ledger.assemble("r", rules, Selection(weights={"h": 5000}), dry_run=True)
    assert [result.verdict for result in plan.budgets] == ["pass", "fail", "pass"]
    files = [str(path), str(tmp_path / "test.jsonl")]
    found = audit_files(ledger.store, files, rules, IngestOptions(source="audit"))
    assert [result.verdict for result in found.budgets] == ["pass", "fail", "pass"]


SPELLINGS = (
    *("gpt-4", "GPT-4", "gpt\u20114", "Gpt-4", "gpt_4", "gpt-4\u200b"),
    *("openai/gpt-4", "gpt4", "g\u0440t-4", "gpt-4 turbo"),
)
"""One model under ten names: case, dashes, what cannot be seen, letters that look alike."""


@pytest.fixture
def ten_names(ledger: Ledger, tmp_path: Path) -> Path:
    """Forty texts: twenty of a person, two of each name of one model, declared."""
    data = tmp_path / "data"
    ingest(ledger, write_jsonl(data / "h.jsonl", texts("h", 20)), "h", label="human")
    for place, name in enumerate(SPELLINGS):
        path = write_jsonl(data / f"s{place}.jsonl", texts(f"s{place}", 2))
        ingest(ledger, path, f"s{place}", label="synthetic", generator=name)
    return data


@pytest.mark.slow
def test_ten_spellings_of_one_model_are_one_group(ledger: Ledger, ten_names: Path) -> None:
    rules = policy({"by": ["generator"], "max_share": "0.3"})
    once = Selection(sources=(*(f"s{place}" for place in range(10)), "h"))
    loose = policy({"by": ["generator"], "max_share": "1"})
    assert ledger.assemble("r", loose, once).sealed
    for results in (
        ledger.audit(rules).budgets,
        ledger.audit(rules, "r").budgets,
        ledger.assemble("other", rules, Selection()).budgets,
        audit_files(ledger.store, [str(ten_names)], rules, IngestOptions(source="a")).budgets,
    ):
        shares = {(r.group or {})["generator"]: (r.numerator_lo, r.verdict) for r in results}
        assert shares == {None: (0, "pass"), "gpt-4": (20, "fail")}


@pytest.mark.slow
def test_conditions_name_a_model_in_any_spelling(ledger: Ledger, ten_names: Path) -> None:
    asked = [f"generator = '{name}'" for name in SPELLINGS]
    asked += ["generator IN ('Claude-3', 'GPT 4')", "generator LIKE 'GPT%'"]
    results = ledger.audit(policy(*({"forbid": where} for where in asked))).budgets
    assert {result.numerator_lo for result in results} == {20}
    plan = ledger.assemble("r", policy({"max_synthetic": "1"}), Selection(where=asked[0]))
    assert plan.records == 20
    (other,) = ledger.audit(policy({"forbid": "generator <> 'OPENAI/GPT-4'"})).budgets
    assert other.numerator_lo == 20


@pytest.fixture
def licensed(ledger: Ledger, tmp_path: Path) -> Path:
    """Six letters of a proprietary source; each but the last says that it is CC0-1.0."""
    rows = texts("letter", 6, license="CC0-1.0")
    rows[5].pop("license")
    path = write_jsonl(tmp_path / "letters.jsonl", rows)
    contract = "name: l\nlabel: human\nlicence: LicenseRef-Proprietary\n"
    (contract_source,) = parse_sources(contract, "l.yaml")
    ledger.source_set(contract_source)
    ingest(ledger, path, "l")
    return path


BOTH = "CC0-1.0 AND LicenseRef-Proprietary"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("licence = 'LicenseRef-Proprietary'", 6),
        ("licence = 'CC0-1.0'", 5),
        ("licence IN ('MIT', 'CC0-1.0')", 5),
        ("licence <> 'CC0-1.0'", 6),
        ("licence NOT IN ('CC0-1.0')", 6),
        ("licence <> 'LicenseRef-Proprietary'", 5),
        ("NOT (licence = 'CC0-1.0' OR source = 'xx')", 6),
        ("licence LIKE 'LicenseRef-%'", 6),
        (f"licence = '{BOTH}'", 5),
        (f"licence NOT IN ('{BOTH}', 'LicenseRef-Proprietary')", 0),
        ("licence IS NULL", 0),
    ],
)
def test_a_record_is_under_its_own_licence_and_its_source_s(
    ledger: Ledger, licensed: Path, where: str, found: int
) -> None:
    rules = policy({"forbid": where})
    assert ledger.audit(rules).budgets[0].numerator_hi == found
    assert ledger.assemble("r", policy({"max_synthetic": "1"}), Selection()).sealed
    assert ledger.audit(rules, "r").budgets[0].numerator_hi == found
    files = audit_files(ledger.store, [str(licensed)], rules, IngestOptions(source="a"))
    assert files.budgets[0].numerator_hi == found


@pytest.mark.slow
def test_records_are_chosen_by_all_of_their_licences(ledger: Ledger, licensed: Path) -> None:
    every = policy({"max_synthetic": "1"})
    for where, found in (
        ("licence IN ('CC0-1.0', 'MIT')", 0),
        ("licence IN ('CC0-1.0', 'LicenseRef-Proprietary')", 6),
        ("licence <> 'CC0-1.0'", 1),
    ):
        if not found:
            with pytest.raises(MisuseError, match="matches no record"):
                ledger.assemble("r", every, Selection(where=where), dry_run=True)
        else:
            plan = ledger.assemble("r", every, Selection(where=where), dry_run=True)
            assert plan.records == found
    floors = [{"min_human": 1, "where": f"licence = '{name}'"} for name in ("CC0-1.0", BOTH)]
    assert [r.numerator_lo for r in ledger.audit(policy(*floors)).budgets] == [0, 5]


@pytest.mark.slow
def test_groups_of_licences_and_several_sources(ledger: Ledger, licensed: Path) -> None:
    (other,) = parse_sources("name: m\nlabel: human\nlicence: MIT\n", "m.yaml")
    ledger.source_set(other)
    ingest(ledger, write_jsonl(licensed.parent / "m.jsonl", texts("letter", 1)), "m")
    (found,) = [policy({"by": ["licence"], "max_share": "1"})]
    groups = {(r.group or {})["licence"]: r.numerator_lo for r in ledger.audit(found).budgets}
    assert groups == {
        "CC0-1.0 AND LicenseRef-Proprietary AND MIT": 1,
        BOTH: 4,
        "LicenseRef-Proprietary": 1,
    }


@pytest.mark.slow
def test_policies_speak_of_tier_rule_and_conflict(ledger: Ledger, tmp_path: Path) -> None:
    said = "a text that two sources speak of, number"
    both = [{"text": f"{said} {n}, long enough to count"} for n in range(4)]
    data = tmp_path / "data"
    ingest(ledger, write_jsonl(data / "a.jsonl", both), "a", label="human")
    ingest(ledger, write_jsonl(data / "b.jsonl", both[:1]), "b", label="synthetic")
    ingest(ledger, write_jsonl(data / "c.jsonl", texts("none", 2)), "c")
    marked = texts("marked", 3, model_name="gpt-4", distilabel_metadata={})
    for row in marked:
        row["generation"] = row.pop("text")
    ingest(ledger, write_jsonl(data / "d.jsonl", marked), "d")
    asked = {
        "tier = 'declared'": 4,
        "tier = 'none'": 2,
        "tier IN ('tool', 'reviewed')": 3,
        "tier <> 'declared'": 5,
        "rule = 'declared-human'": 3,
        "rule LIKE 'tool-%'": 3,
        "conflict": 1,
        "NOT conflict AND tier = 'declared'": 3,
    }
    rules = policy(*({"forbid": where} for where in asked))
    assert ledger.assemble("r", policy({"max_synthetic": "1"}), Selection()).sealed
    ways = [ledger.audit(rules), ledger.audit(rules, "r")]
    for way in ways:
        found = [(r.numerator_lo, r.numerator_hi) for r in way.budgets]
        assert found == [(count, count) for count in asked.values()]
    for where, count in asked.items():
        plan = ledger.assemble(
            "x", policy({"max_synthetic": "1"}), Selection(where=where), dry_run=True
        )
        assert plan.records == count
    grouped = ledger.audit(policy({"by": ["tier"], "max_share": "1"})).budgets
    assert {(r.group or {})["tier"]: r.numerator_lo for r in grouped} == {
        "declared": 4,
        "none": 2,
        "tool": 3,
    }


@pytest.mark.parametrize(
    ("where", "hint"),
    [("tier = 'declard'", "'declared'"), ("rule IN ('part-only')", "'parts-only'")],
)
def test_a_tier_or_rule_that_there_is_not_is_refused(where: str, hint: str) -> None:
    with pytest.raises(ConditionError, match=r"is not a (tier|rule)") as refused:
        check(parse(where))
    assert hint in refused.value.hint


@pytest.mark.slow
def test_what_comes_of_a_text_of_unknown_origin_may_descend_from_any_model(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.model_set(Model(name="Ours-7B"))
    forbid = policy({"forbid": "descends_from('acme/ours_7b')"})

    def verdict(*sources: str) -> str:
        return ledger.assemble("r", forbid, Selection(sources=sources), dry_run=True).verdict

    for source, label, generator in (
        ("people", "human", None),
        ("theirs", "synthetic", "gpt-4"),
        ("nobody", "synthetic", None),
        ("found", None, None),
        ("ours", "synthetic", "OURS 7b"),
    ):
        path = write_jsonl(tmp_path / f"{source}.jsonl", texts(source, 2))
        ingest(ledger, path, source, label=label, generator=generator)
        children = texts(f"of {source}", 2)
        for n, row in enumerate(children):
            row["parent"] = f"{source}{n}"
        path = write_jsonl(tmp_path / f"{source}-child.jsonl", children)
        options = {"parent_field": "parent", "parent_source": source, "process": "rephrase"}
        ingest(ledger, path, f"of-{source}", label="synthetic", generator="claude-3", **options)
    orphans = write_jsonl(tmp_path / "orphans.jsonl", texts("orphan", 2, parent="not-here"))
    ingest(ledger, orphans, "orphans", label="synthetic", generator="gpt-4", parent_field="parent")
    assert {name: verdict(name) for name in ("people", "theirs", "nobody", "found", "ours")} == {
        "people": "pass",
        "theirs": "pass",
        "nobody": "indeterminate",
        "found": "indeterminate",
        "ours": "fail",
    }
    assert {name: verdict(f"of-{name}") for name in ("people", "theirs", "nobody", "found")} == {
        "people": "pass",
        "theirs": "pass",
        "nobody": "indeterminate",
        "found": "indeterminate",
    }
    assert verdict("of-ours") == "fail"
    assert verdict("orphans") == "indeterminate"
    child = str(tmp_path / "found-child.jsonl")
    judged = audit_files(ledger.store, [child], forbid, IngestOptions(source="a"))
    assert judged.verdict == "indeterminate"


EVERY_RULE = policy(
    {"max_synthetic": "0.45"},
    {"max_synthetic": "0.9", "by": ["generator"]},
    {"max_synthetic": "1", "per": "human"},
    {"max_synthetic": "0.5", "where": "lang = 'en'"},
    {"max_share": "0.15", "where": "generator = 'gpt-4'"},
    {"max_share": "0.15", "where": "generator_family <> 'gpt'"},
    {"max_share": "0.3", "where": "depth >= 1"},
    {"max_share": "0.3", "where": "label != 'human'"},
    {"max_share": "0.3", "by": ["generator"]},
    {"max_share": "0.6", "by": ["process", "lang"]},
    {"min_human": 4},
    {"min_human": 2, "by": ["lang"]},
    {"forbid": "generator = 'claude-3'"},
    {"forbid": "label = 'synthetic' AND lang = 'de'"},
    {"forbid": "descends_from('ours-7b')"},
    {"forbid": "NOT (process = 'edit' OR label = 'human')"},
    {"accumulate": "kept"},
)


@pytest.mark.slow
def test_evidence_turns_no_verdict_of_a_ledger_into_a_pass(ledger: Ledger, tmp_path: Path) -> None:
    ledger.model_set(Model(name="ours-7b"))
    rows = texts("h", 5, lang="en") + texts("t", 2, lang="de")
    ingest(ledger, write_jsonl(tmp_path / "h.jsonl", rows), "h", label="human")
    assert ledger.assemble("kept", policy({"max_synthetic": "0"}), Selection()).sealed
    found = texts("u", 2, lang="en")
    ingest(ledger, write_jsonl(tmp_path / "u.jsonl", found), "u")
    made = texts("s", 1, lang="en")
    ingest(
        ledger, write_jsonl(tmp_path / "s.jsonl", made), "s", label="synthetic", generator="GPT-4"
    )
    seen: list[set[str]] = []
    for n, row in enumerate([None, rows[-1], found[0], made[0], rows[0], found[1], rows[1]]):
        if row is not None:
            path = write_jsonl(tmp_path / f"z{n}.jsonl", [row])
            ingest(ledger, path, f"z{n}", label="synthetic")
        results = ledger.audit(EVERY_RULE).budgets
        bad = {r.name for r in results if r.verdict != "pass"}
        assert not [name for before in seen for name in before if name not in bad]
        seen.append(bad)
    assert 0 < len(seen[0]) < len(seen[-1]) > 13
