"""Whatever a row says of a machine is heard: any name, depth, row and format."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st
from support.datafiles import cap, policy, write_jsonl
from support.made_up_names import names, spellings

import provenance
from provenance.ledger import Ledger
from provenance.operations.ingest import IngestOptions
from provenance.operations.models import Model

Row = dict[str, Any]

MODELS = names(200)
FLAT = (
    *("generator", "generated_by", "modelName", "llm", "teacher_model", "MODEL_ID", "engine"),
    *("written_by", "aiModel", "answer_llm", "source", "author", "rephrased-by-model"),
)
DEEP = ("metadata.model", "meta.run.generator", "rollouts[].model", "info.steps[].llm_name")
WORDS = (
    *(("is_synthetic", True), ("is_human", False), ("generated", 1), ("machine_generated", "yes")),
    *(("origin", "ai-generated"), ("label", "llm"), ("class", "AI"), ("kind", "machine")),
    *(("llm_type", "A3"), ("metadata.model", "zorp"), ("model", "Golf")),
)


def put(row: Row, path: str, value: object) -> Row:
    """A row with a value at a path."""
    head, _, rest = path.partition(".")
    inner = put({}, rest, value) if rest else value
    return {**row, head.removesuffix("[]"): [inner] if head.endswith("[]") else inner}


def write_json(path: Path, rows: Sequence[Row]) -> None:
    path.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)


def as_table(rows: Sequence[Row]) -> pa.Table:
    columns = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in columns})


def write_arrow(path: Path, rows: Sequence[Row]) -> None:
    table = as_table(rows)
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)


WRITERS: Mapping[str, Callable[[Path, Sequence[Row]], object]] = {
    "jsonl": write_jsonl,
    "json": write_json,
    "csv": write_csv,
    "parquet": lambda path, rows: pq.write_table(as_table(rows), path),
    "arrow": write_arrow,
}


def rows_with(marked: Sequence[tuple[str, object]], plain: int, order: int) -> list[Row]:
    """Plain rows with marked ones among or behind them."""
    texts = [
        {"text": f"Plain letter number {n} from the house by the river."} for n in range(plain)
    ]
    said = [
        put({"text": f"Marked letter number {n} from the house by the river."}, path, value)
        for n, (path, value) in enumerate(marked)
    ]
    place = plain * order // 4
    return [*texts[:place], *said, *texts[place:]]


def labels(ledger: Ledger, source: str) -> dict[str, int]:
    with ledger.store.snapshot() as connection:
        return dict(
            connection.execute(
                "SELECT label, count(*) FROM records JOIN sightings USING (record_id) "
                "WHERE source = ? GROUP BY 1",
                [source],
            ).fetchall()
        )


MARKS = st.one_of(
    st.tuples(
        st.sampled_from(FLAT),
        st.sampled_from(MODELS).flatmap(lambda name: st.sampled_from(spellings(name))),
    ),
    st.tuples(st.sampled_from(DEEP), st.sampled_from(MODELS)),
    st.sampled_from(WORDS),
)


@pytest.mark.slow
@settings(max_examples=8)
@given(
    marks=st.lists(MARKS, min_size=1, max_size=4, unique_by=lambda mark: mark[0].partition(".")[0]),
    plain=st.integers(0, 130),
    order=st.integers(0, 4),
    form=st.sampled_from(sorted(WRITERS)),
)
def test_a_row_that_names_a_machine_is_never_human_and_never_silent(
    marks: list[tuple[str, object]], plain: int, order: int, form: str
) -> None:
    if form == "csv":  # it cannot hold what is nested
        marks = [mark for mark in marks if "." not in mark[0]] or [("generator", MODELS[0])]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"rows.{form}"
        WRITERS[form](path, rows_with(marks, plain, order))
        ledger = provenance.init(str(Path(folder) / "ledger"))
        options = IngestOptions(source="s", label="human", content=("text",))
        summary = ledger.ingest([str(path)], options)
        found = labels(ledger, "s")
        assert found.get("human", 0) == plain
        assert summary.labels["human"] == plain
        assert sum(sum(file.recognisers.values()) for file in summary.files) >= len(marks)
        judged = ledger.audit(policy(cap("0")))
        assert judged.verdict != "pass"
        assert judged.findings
        of_file = ledger.audit_files([str(path)], policy(cap("0")), IngestOptions(source="x"))
        assert of_file.verdict != "pass"


@pytest.mark.slow
@pytest.mark.parametrize("form", sorted(WRITERS))
def test_two_hundred_models_that_no_list_has_are_heard_in_every_format(
    form: str, tmp_path: Path
) -> None:
    said = [("generator", name) for name in MODELS] + [("author", name) for name in MODELS]
    path = tmp_path / f"rows.{form}"
    WRITERS[form](path, rows_with(said, 101, 4))
    ledger = provenance.init(str(tmp_path / "ledger"))
    ledger.ingest([str(path)], IngestOptions(source="s", label="human", content=("text",)))
    assert labels(ledger, "s") == {"human": 101, "synthetic": 400}


@pytest.mark.slow
def test_a_registered_model_is_known_wherever_it_is_named(tmp_path: Path) -> None:
    rows = [{"text": "A letter of nobody in particular.", "author": "Marigold"}]
    path = write_jsonl(tmp_path / "rows.jsonl", rows)
    ledger = provenance.init(str(tmp_path / "ledger"))
    ledger.ingest([str(path)], IngestOptions(source="before", label="human"))
    assert labels(ledger, "before") == {"human": 1}
    ledger.model_set(Model(name="acme/marigold"))
    judged = ledger.audit_files([str(path)], policy(cap("0")), IngestOptions(source="x"))
    assert judged.verdict == "fail"
    ledger.ingest([str(path)], IngestOptions(source="after", label="human"))
    assert labels(ledger, "after") == {"synthetic": 1}
