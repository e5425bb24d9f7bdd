"""Members are read again wherever they are now; what is nowhere, and why, is said."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.datafiles import cap, ingest, policy, write_jsonl

import provenance
from provenance.errors import InputError, IntegrityError, NotFoundError
from provenance.io.contract.reader import Batch
from provenance.io.readers.columnar import parquet
from provenance.io.readers.columnar.batches import ColumnBatches, end_of_file
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.takedown import Selector, Takedown

ANYTHING = policy(cap("1"), indeterminate="warn")


def letter(number: int) -> str:
    return f"Letter number {number} from the coast, kept in the drawer by the door."


def shards(folder: Path, *cuts: range) -> Path:
    """Letters in shards of these numbers; what was in the folder is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    for place, cut in enumerate(cuts):
        name = f"train-{place:05}-of-{len(cuts):05}.jsonl"
        write_jsonl(folder / name, [{"text": letter(n), "n": n} for n in cut])
    return folder


def exported(ledger: Ledger, release: str, folder: Path, **options: Any) -> list[dict[str, Any]]:
    ledger.export(release, folder, **options)
    return [
        row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Six letters in two shards, and a release of them."""
    ledger = provenance.init(str(tmp_path / "ledger"))
    ingest(ledger, shards(tmp_path / "d", range(3), range(3, 6)), "s", label="human")
    assert ledger.assemble("old", ANYTHING, Selection()).sealed
    return ledger


@pytest.mark.slow
def test_members_of_a_source_that_was_cut_anew_are_found(ledger: Ledger, tmp_path: Path) -> None:
    again = shards(tmp_path / "d", range(2), range(2, 4), range(4, 6))
    with pytest.raises(
        NotFoundError, match="the file is missing; 3 members were read from it"
    ) as gone:
        ledger.export("old", tmp_path / "early")
    assert "ingest the data again" in gone.value.hint
    ingest(ledger, again, "s", label="human")
    plan = ledger.assemble("new", ANYTHING, Selection())
    assert (plan.sealed, plan.findings) == (True, ())
    for release in ("old", "new"):
        rows = exported(ledger, release, tmp_path / release)
        assert [(row["text"], row["n"]) for row in rows] == [(letter(n), n) for n in range(6)]
        assert {row["prov_label"] for row in rows} == {"human"}


@pytest.mark.slow
def test_what_upstream_dropped_is_told_and_named(ledger: Ledger, tmp_path: Path) -> None:
    ingest(ledger, shards(tmp_path / "d", range(1), range(1, 2), range(2, 4)), "s", label="human")
    lost = ["sha256:" + hashlib.sha256(letter(n).encode()).hexdigest() for n in (4, 5)]
    plan = ledger.assemble("new", ANYTHING, Selection())
    for findings in (
        plan.findings,
        ledger.audit(ANYTHING).findings,
        ledger.audit(ANYTHING, "old").findings,
    ):
        (found,) = (each for each in findings if each.code == "dropped-upstream")
        assert (found.severity, found.subject) == ("warning", "s")
        assert found.reason.startswith("2 records are only in files that were deleted")
        assert all(digest in found.reason for digest in lost)
        assert "prov revoke --record" in str(found.remedy)
    with pytest.raises(NotFoundError, match="2 of 3 are in no other file") as refused:
        ledger.export("old", tmp_path / "out")
    assert all(digest in refused.value.message for digest in lost)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_records_that_were_revoked_are_not_told_again(ledger: Ledger, tmp_path: Path) -> None:
    ingest(ledger, shards(tmp_path / "d", range(1), range(1, 2), range(2, 5)), "s", label="human")
    plan = ledger.assemble("new", ANYTHING, Selection(), dry_run=True)
    (found,) = plan.findings
    digest = "sha256:" + hashlib.sha256(letter(5).encode()).hexdigest()
    assert digest in found.reason
    named = Selector(kind="record", values=(digest,))
    ledger.revoke(Takedown(selectors=(named,)), reason="upstream dropped it")
    assert ledger.assemble("new", ANYTHING, Selection()).findings == ()
    codes = {each.code for each in ledger.audit(ANYTHING, "old").findings}
    assert "dropped-upstream" not in codes


@pytest.mark.slow
def test_data_that_is_not_here_was_not_dropped(ledger: Ledger, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "d" / "more.jsonl", [{"text": letter(9)}])
    ingest(ledger, tmp_path / "d" / "more.jsonl", "s", label="human")
    shutil.rmtree(tmp_path / "d")
    assert ledger.audit(ANYTHING).findings == ()
    # Nor was what another source of the same folder never had.
    shards(tmp_path / "d", range(3))
    ingest(ledger, tmp_path / "d", "other", label="human")
    assert ledger.audit(ANYTHING).findings == ()


@pytest.mark.slow
@pytest.mark.parametrize("again", [True, False])
def test_rows_that_moved_within_their_file_are_found(
    ledger: Ledger, tmp_path: Path, *, again: bool
) -> None:
    path = tmp_path / "d" / "train-00000-of-00002.jsonl"
    write_jsonl(path, [{"text": letter(n), "n": n} for n in (7, 2, 1, 0, 0)])
    if again:
        ingest(ledger, tmp_path / "d", "s", label="human")
    rows = exported(ledger, "old", tmp_path / "out")
    assert sorted((row["text"], row["n"]) for row in rows) == [(letter(n), n) for n in range(6)]


@pytest.mark.slow
def test_a_copy_in_another_source_is_the_record(ledger: Ledger, tmp_path: Path) -> None:
    rows = [{"body": letter(n), "of": "a copy"} for n in range(6)]
    ingest(ledger, write_jsonl(tmp_path / "copy.jsonl", rows), "c", content=("body",))
    shutil.rmtree(tmp_path / "d")
    found = exported(ledger, "old", tmp_path / "out")
    assert [row["body"] for row in found] == [letter(n) for n in range(6)]
    assert {row["prov_source"] for row in found} == {"s"}
    (tmp_path / "copy.jsonl").unlink()
    with pytest.raises(NotFoundError, match="3 members"):
        ledger.export("old", tmp_path / "none")


@pytest.mark.slow
def test_members_are_found_after_the_file_was_read_for_other_content(tmp_path: Path) -> None:
    ledger = provenance.init(str(tmp_path / "ledger"))
    rows = [{"text": letter(n), "title": f"About letter {n}, in other words."} for n in range(3)]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    ingest(ledger, path, "s", label="human", content=("text",))
    assert ledger.assemble("texts", ANYTHING, Selection()).sealed
    ingest(ledger, path, "s", label="human", content=("title",), replace=True)
    found = exported(ledger, "texts", tmp_path / "out")
    assert [row["text"] for row in found] == [letter(n) for n in range(3)]


def test_roots_hold_for_places_that_are_found_by_content(ledger: Ledger, tmp_path: Path) -> None:
    ingest(ledger, shards(tmp_path / "d", range(2), range(2, 6), range(0)), "s", label="human")
    (tmp_path / "d").rename(tmp_path / "moved")
    with pytest.raises(NotFoundError):
        ledger.export("old", tmp_path / "out")
    roots = {str(tmp_path / "d"): str(tmp_path / "moved")}
    assert len(exported(ledger, "old", tmp_path / "out", path_map=roots)) == 6


def test_tokens_of_members_that_moved_are_counted(ledger: Ledger, tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    model = tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    rules = policy(cap("1"), unit="tokens", tokenizer="tokenizer.json")
    before = ledger.audit(rules, "old", policy_dir=tmp_path).budgets[0].denominator
    ingest(ledger, shards(tmp_path / "d", range(2), range(2, 4), range(4, 6)), "s", label="human")
    after = ledger.audit(rules, "old", policy_dir=tmp_path).budgets[0].denominator
    assert before == after > 0


def table_release(folder: Path) -> Ledger:
    ledger = provenance.init(str(folder / "ledger"))
    pq.write_table(pa.table({"text": [letter(n) for n in range(4)]}), folder / "a.parquet")
    ingest(ledger, folder / "a.parquet", "s", label="human")
    assert ledger.assemble("r", ANYTHING, Selection()).sealed
    return ledger


def test_what_a_library_cannot_read_is_not_called_a_changed_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = table_release(tmp_path)

    def read(self: Any, source: Any, layout: Any, part: Any = None, *, original: bool) -> Any:
        reason = "Function 'array_take' has no kernel matching input types"
        yield end_of_file(layout, reason, original=original)

    monkeypatch.setattr(parquet.Parquet, "read", read)
    with pytest.raises(InputError, match="although the file is unchanged: file: Function") as gap:
        ledger.export("r", tmp_path / "out")
    assert gap.value.exit_code == 10
    assert "reads the file differently" in gap.value.hint
    # Of a file that did change, it is.
    pq.write_table(pa.table({"text": [letter(n) for n in range(3)]}), tmp_path / "a.parquet")
    with pytest.raises(IntegrityError, match="4 of 4 members are missing in the file"):
        ledger.export("r", tmp_path / "out")


def test_a_gap_in_some_rows_is_told_by_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = table_release(tmp_path)
    batches = ColumnBatches.batches

    def some(self: Any, *given: Any) -> Iterator[Batch]:
        for batch in batches(self, *given):
            yield Batch(
                rows=batch.rows.slice(1),
                content=batch.content.slice(1),
                fields=batch.fields.slice(1),
                rejects=end_of_file(self.layout, "odd", original=False, row=1).rejects,
                typed=batch.typed.slice(1) if batch.typed else None,
            )

    monkeypatch.setattr(ColumnBatches, "batches", some)
    with pytest.raises(InputError, match="1 of 4 members cannot be read"):
        ledger.export("r", tmp_path / "out")


def test_a_file_that_holds_something_else_by_now_is_refused(tmp_path: Path) -> None:
    ledger = table_release(tmp_path)
    pq.write_table(pa.table({"text": ["x", "y", "z", "w"]}), tmp_path / "a.parquet")
    with pytest.raises(IntegrityError, match=r"rows 1, 2, 3, 4: the content differs") as refused:
        ledger.export("r", tmp_path / "out")
    assert refused.value.exit_code == 13
    (tmp_path / "a.parquet").write_text(json.dumps({"text": letter(1)}))
    with pytest.raises(InputError):
        ledger.export("r", tmp_path / "out")
