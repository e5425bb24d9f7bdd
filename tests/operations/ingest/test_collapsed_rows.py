"""Different rows stay different records: what a content loses of them is found in all of a file."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st
from support.datafiles import cap, ingest, policy, write_jsonl

import provenance
from provenance.errors import AmbiguousError, MisuseError
from provenance.io.records.other_fields import other_texts
from provenance.ledger import Ledger
from provenance.model.finding import Verdict
from provenance.model.manifest import Selection
from provenance.operations.audit.run_audit import audit_files
from provenance.operations.ingest import IngestOptions, split_work
from provenance.operations.ingest.collapsed_rows import MOST_COLLAPSED
from provenance.operations.ingest.repeat_counts import MAX_COUNTED, Repeats, merge_repeats

Row = dict[str, Any]

HUMAN_ONLY = policy(cap("0"))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def answers(distinct: int, same: int, **beside: str) -> list[Row]:
    """Texts, and behind them one text again and again beside other members each time."""
    rows: list[Row] = [{"text": f"Letter number {n} of the drawer."} for n in range(distinct)]
    return rows + [
        {"text": "Yes, it is.", **{name: f"{value} {n}" for name, value in beside.items()}}
        for n in range(same)
    ]


def write(rows: list[Row], path: Path) -> Path:
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    if path.name.endswith(".jsonl.gz"):
        path.write_bytes(gzip.compress(lines.encode()))
    elif path.suffix == ".jsonl":
        path.write_text(lines)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    elif path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
    else:
        table = pa.table({n: [row.get(n) for row in rows] for n in names})
        pq.write_table(table, path, row_group_size=50)
    return path


FORMS = ("rows.jsonl", "rows.jsonl.gz", "rows.json", "rows.csv", "rows.parquet")


@pytest.mark.parametrize("form", FORMS)
def test_a_content_that_loses_rows_is_an_error_that_names_what_differs(
    ledger: Ledger, form: str, tmp_path: Path
) -> None:
    path = write(answers(300, 60, prompt="Is this number a prime:", id="a"), tmp_path / form)
    file = ingest(ledger, path, "s", label="human").files[0]
    assert file.exit_code == 10
    assert str(path) in (file.error or "")
    assert "59 of 360 different rows have the same text" in (file.error or "")
    assert "differ in prompt only" in (file.error or "")
    assert "`--content text --content prompt` tells them apart" in (file.hint or "")
    assert ledger.status().records == 0
    told = ingest(ledger, path, "s", content=("text", "prompt"))
    assert (told.kept, ledger.status().records, told.files[0].notes) == (360, 360, ())


@pytest.mark.parametrize("form", ["rows.jsonl.gz", "rows.parquet"])
def test_a_file_in_parts_is_judged_as_a_whole(
    ledger: Ledger, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = answers(200, 40, prompt="Is this number a prime:")
    path = write([row for n in range(40) for row in rows[n::40]], tmp_path / form)
    monkeypatch.setattr(split_work, "UNIT_BYTES", 2_000)
    monkeypatch.setattr(split_work, "SHARED_FROM", 500)
    other = write_jsonl(tmp_path / "other.jsonl", answers(50, 1))
    summary = ledger.ingest([str(path), str(other)], IngestOptions(source="s", workers=2))
    (failed,) = summary.failed
    assert "39 of 240 different rows" in (failed.error or "")
    assert ledger.status().records == 51
    assert ingest(ledger, path, "s", content=("text",), workers=2).files[0].notes


@pytest.mark.parametrize("content", [("text",), ("*",)])
def test_a_content_that_somebody_names_is_taken_with_a_note(
    ledger: Ledger, content: tuple[str, ...], tmp_path: Path
) -> None:
    path = write(answers(10, 20, prompt="Is this number a prime:"), tmp_path / "rows.jsonl")
    file = ingest(ledger, path, "s", content=content).files[0]
    assert (file.kept, file.error) == (30, None)
    whole = content == ("*",)
    assert [("differ in prompt only" in note) for note in file.notes] == ([] if whole else [True])
    assert ledger.status().records == (30 if whole else 11)


@pytest.mark.parametrize(
    "beside",
    [
        {},
        {"id": "a", "url": "https://a.example.org/", "date": "2024-01-"},
        {"title": "About the letter", "source": "the box in the attic", "score": "0."},
        {"metadata_note": "somebody looked at it and said", "label": "good and fine enough"},
        {"image": "pictures/of/it-"},
    ],
)
def test_copies_are_no_loss(ledger: Ledger, beside: dict[str, str], tmp_path: Path) -> None:
    path = write(answers(10, 30, **beside), tmp_path / "rows.jsonl")
    file = ingest(ledger, path, "s").files[0]
    assert (file.kept, file.error, file.notes) == (40, None, ())
    assert ledger.status().records == 11


def test_pictures_tell_rows_of_one_text_apart(ledger: Ledger, tmp_path: Path) -> None:
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    pictures = [{"bytes": b"\x89PNG\r\n\x1a\n%d" % n, "path": f"{n}.png"} for n in range(20)]
    path = tmp_path / "rows.parquet"

    def written(rows: list[dict[str, Any]]) -> None:
        texts = ["A mill by the river."] * len(rows)
        pq.write_table(pa.table({"caption": texts, "image": pa.array(rows, kind)}), path)

    written(pictures)
    (file,) = ingest(ledger, path, "s").files
    assert (file.exit_code, "differ in image.bytes only" in (file.error or "")) == (10, True)
    assert ingest(ledger, path, "s", content=("caption", "image.bytes")).kept == 20
    assert ledger.status().records == 20
    written([{**row, "bytes": pictures[0]["bytes"]} for row in pictures])
    assert ingest(ledger, path, "copies").files[0].error is None


def test_an_audit_refuses_what_an_ingest_does(tmp_path: Path) -> None:
    path = write(answers(30, 60, prompt="Is this number a prime:"), tmp_path / "rows.jsonl")
    with pytest.raises(AmbiguousError, match="differ in prompt only"):
        audit_files(None, [str(path)], HUMAN_ONLY, IngestOptions(source="s"))


@pytest.mark.parametrize("asked", [("text", "promt"), ("promt",)])
def test_a_field_that_no_row_has(ledger: Ledger, asked: tuple[str, ...], tmp_path: Path) -> None:
    path = write(answers(3, 6, prompt="Is this number a prime:"), tmp_path / "rows.jsonl")
    (file,) = ingest(ledger, path, "s", content=asked).files
    assert (file.exit_code, "no field 'promt' in the file" in (file.error or "")) == (11, True)


def test_a_few_rows_of_many_are_no_loss(ledger: Ledger, tmp_path: Path) -> None:
    few = int(200 * MOST_COLLAPSED)
    path = write(answers(200, few, prompt="Is it so, number"), tmp_path / "rows.jsonl")
    assert ingest(ledger, path, "s").files[0].error is None
    path = write(answers(200, few + 13, prompt="Is it so, number"), tmp_path / "more.jsonl")
    assert ingest(ledger, path, "s").files[0].error


def test_one_file_that_loses_rows_costs_no_other(ledger: Ledger, tmp_path: Path) -> None:
    for name in ("a", "c"):
        write_jsonl(tmp_path / "d" / f"{name}.jsonl", [{"text": f"The letter {name}."}])
    for name in ("b", "d"):
        write(answers(1, 9, question="Is it so, number"), tmp_path / "d" / f"{name}.jsonl")
    summary = ingest(ledger, tmp_path / "d", "s")
    assert [Path(file.uri).stem for file in summary.failed] == ["b", "d"]
    assert ledger.status().records == 2


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"text": "a", "messages": [{"role": "user", "content": "Hi"}]}, {"messages"}),
        ({"text": "a", "turns": ["It was a long day.", "It was a short one."]}, {"turns"}),
        ({"text": "a", "inner": {"prompt": "b", "id": "c", "text": "d"}},
         {"inner.prompt", "inner.text"}),
        ({"text": "a", "commit": {"text": "b"}, "n": 1, "prov_text": "It was a long day."},
         {"commit.text"}),
        ({"text": "a", "metadata": {"prompt": "It was a long day."}, "tags": ["b", "c"]}, set()),
        ({"text": "a", "parts": [{"title": "b", "text": "…"}], "picks": ["b", "c"]},
         {"parts", "picks"}),
        ({"text": "a", "given": '[{"name": "b"}]', "more": '{"b": "c"}', "not": "[so]"},
         {"given", "more"}),
        ({"text": "a", "weights": [0.1, 2], "coded": "[1, 2]", "mask": [[True], []]}, set()),
        ({"text": "a", "images": ["b.png"], "scores": '["b"]', "doc_ids": ["b"]}, set()),
    ],
)  # fmt: skip
def test_texts_beside_the_content(row: Row, found: set[str]) -> None:
    assert set(other_texts(row, ["text"])) == found


@settings(max_examples=40)
@given(st.lists(st.lists(st.integers(0, 40), max_size=30), min_size=1, max_size=5))
def test_repeats_of_parts_are_those_of_the_whole(parts: list[list[int]]) -> None:
    whole = [number for part in parts for number in part]
    counted: Repeats | None = None
    for part in parts:
        one = Repeats()
        one.add(np.array(part, np.uint64))
        counted = merge_repeats(counted, one)
    assert counted is not None
    assert (counted.rows, counted.distinct) == (len(whole), len(set(whole)))
    assert set(counted.repeated) == {n for n in whole if whole.count(n) > 1}


@pytest.mark.parametrize("seed", range(3))
def test_repeats_of_many_rows_are_estimated(seed: int) -> None:
    draw = np.random.default_rng(seed)
    ids = draw.integers(0, (1 << 64) - 1, 12 * MAX_COUNTED, np.uint64)
    frequent = ids[7]
    ids = draw.permutation(np.concatenate([ids, np.full(4 * MAX_COUNTED, frequent)]))
    counted: Repeats | None = None
    for part in np.array_split(ids, 37):
        one = Repeats()
        one.add(part)
        counted = merge_repeats(counted, one)
    assert counted is not None
    assert abs(counted.distinct / (12 * MAX_COUNTED) - 1) < 0.03
    assert int(frequent) in counted.repeated


def chat(n: int) -> list[Row]:
    return [{"role": "user", "content": f"Is {n} a prime?"}, {"role": "assistant", "content": "No"}]


SETS: dict[str, list[Row]] = {
    "preference": [
        {"conversations": [{"from": "human", "value": f"Is {n} a prime?"}],
         "chosen": {"from": "gpt", "value": "Yes."}, "rejected": {"from": "gpt", "value": "No."}}
        for n in range(5)
    ],
    "history": [
        {"instruction": "And then?", "input": "", "output": "Paris.", "history": [[f"{n}?", "Yes"]]}
        for n in range(5)
    ],
    "late": [
        {"messages": chat(1 if n > 110 else n), **({"system": f"Be {n}."} if n > 110 else {})}
        for n in range(130)
    ],
    "text": [{"messages": json.dumps(chat(n)), "tools": "[]"} for n in range(5)],
    "nested": [{"did": "did:plc:a", "a": {"b": {"text": f"Post number {n}."}}} for n in range(5)],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "form"),
    list(zip(SETS, ["jsonl", "parquet", "jsonl", "parquet", "jsonl"], strict=True)),
)
def test_an_export_of_all_parts_is_known_to_its_ledger(
    ledger: Ledger, name: str, form: Any, tmp_path: Path
) -> None:
    rows = SETS[name]
    ingest(ledger, write(rows, tmp_path / "rows.jsonl"), "s", label="human")
    assert ledger.status().records == len(rows)
    assert ledger.assemble("r", HUMAN_ONLY, Selection()).sealed
    ledger.export("r", str(tmp_path / "out"), form)
    audited = ledger.audit_files(
        [str(tmp_path / "out" / f"data.{form}")], HUMAN_ONLY, IngestOptions(source="s")
    )
    assert audited.verdict is Verdict.PASS
    assert audited.budgets[0].denominator == len(rows)


def test_replace_reads_what_was_read_by_older_rules(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(SETS["preference"], tmp_path / "rows.jsonl")
    whole = IngestOptions(source="s").settings
    older = whole.replace(',"turns":true', "")
    assert older != whole
    with monkeypatch.context() as patch:
        patch.setattr(IngestOptions, "settings", older)
        ingest(ledger, path, "s", label="synthetic")
    (again,) = ingest(ledger, path, "s").files
    assert again.unchanged
    read = ingest(ledger, path, "s", replace=True)
    assert (read.kept, read.unchanged_files, ledger.status().records) == (5, 0, 5)
    assert ledger.status().labels["synthetic"] == 5
    assert ingest(ledger, path, "s", replace=True).unchanged_files == 1


def test_another_content_of_a_known_file_asks_for_replace(ledger: Ledger, tmp_path: Path) -> None:
    path = write(SETS["preference"], tmp_path / "rows.jsonl")
    ingest(ledger, path, "s", content=("chosen", "rejected"))
    assert ledger.status().records == 1
    with pytest.raises(MisuseError, match="these options would replace its records") as caught:
        ingest(ledger, path, "s", content=("chosen",))
    assert "--replace" in caught.value.hint
    ingest(ledger, path, "s", replace=True)
    assert ledger.status().records == 5
