"""The files of an export, described in Croissant, are loaded by another's loader."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.datafiles import cap, ingest, policy, texts, write_jsonl

import provenance
from provenance.errors import InputError, IntegrityError, MisuseError, NotFoundError
from provenance.ledger import Ledger
from provenance.model.manifest import Selection
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.operations.releases.inspect_export import exported_files
from provenance.operations.reporting.fill import render_report

CHATS = [
    {
        "messages": [
            {"role": "user", "content": f"ask {n}"},
            {"role": "bot", "content": f"say {n}"},
        ],
        "meta": {"turns": 2, "kind of": "chat"},
        "tags": ["a", f"b{n}"],
        "score": n / 4,
        "good": n % 2 == 0,
        "an odd name": f"odd {n}",
    }
    for n in range(6)
]

# rdflib and pandas, which the loader is made of, warn of what the loader uses of them.
pytestmark = pytest.mark.filterwarnings(
    "ignore:(ConjunctiveGraph|Dataset|The inplace keyword).* is deprecated:DeprecationWarning"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


@pytest.fixture(scope="module")
def ledger(folder: Path) -> Ledger:
    """A release of chats and texts in two splits, exported both ways, and one of texts only."""
    ledger = provenance.init(str(folder / "ledger"))
    ingest(ledger, write_jsonl(folder / "chats.jsonl", CHATS), "chats", content=("messages",))
    path = write_jsonl(folder / "made.jsonl", texts("made", 8))
    ingest(ledger, path, "made", label="synthetic", generator="scribe", process="generate")
    anything = policy(cap("1"))
    splits = Selection(splits={"train": "0.5", "test": "0.5"}, weights={"chats": 2})
    ledger.assemble("both", anything, splits)
    ledger.assemble("texts", anything, Selection(sources=("made",)))
    for release, form in (("both", "jsonl"), ("both", "parquet"), ("texts", "parquet")):
        ledger.export(release, str(folder / f"{release}-{form}"), form)
    return ledger


@pytest.fixture(scope="module")
def evidence(ledger: Ledger) -> ReleaseEvidence:
    return ledger.evidence("both")


def croissant(ledger: Ledger, folder: Path) -> Path:
    """The document beside the files that it describes."""
    path = folder / "croissant.json"
    path.write_text(str(render_report(ledger.report("both", "croissant", None, folder), "json")))
    return path


def plain(value: Any) -> Any:
    """What a loader gives, with texts as texts and the last part of every field's id."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {key.rpartition("/")[2]: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


@pytest.mark.slow
@pytest.mark.newest
@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_loader_reads_every_record_with_its_origin(
    ledger: Ledger, folder: Path, form: str
) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    dataset = mlcroissant.Dataset(jsonld=str(croissant(ledger, folder / f"both-{form}")))
    assert dataset.metadata.issues.errors == set()
    rows = [
        plain(row) | {"set": one.id}
        for one in dataset.metadata.record_sets
        for row in dataset.records(one.id)
    ]
    told = ledger.query("""
        SELECT replace(record_id::VARCHAR, '-', '') AS id, label, split, weight, source
        FROM members WHERE release = 'both'""")
    expected = [
        (row["id"], row["label"], row["split"], row["source"])
        for row in told.to_pylist()
        for _ in range(row["weight"])
    ]
    found = [(r["prov_id"][7:39], r["prov_label"], r["set"], r["prov_source"]) for r in rows]
    assert sorted(found) == sorted(expected)
    chats = [row for row in rows if row["prov_source"] == "chats"]
    for row in chats:
        n = int(row["field-6"].removeprefix("odd "))
        assert row["messages"] == CHATS[n]["messages"]
        assert row["meta"] == {"turns": 2}
        assert (row["tags"], row["score"], row["good"]) == (["a", f"b{n}"], n / 4, n % 2 == 0)
    assert len(chats) == 2 * len(CHATS)


def test_a_loader_refuses_a_file_that_was_changed(
    ledger: Ledger, folder: Path, tmp_path: Path
) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    copy = tmp_path / "copy"
    shutil.copytree(folder / "both-jsonl", copy)
    path = croissant(ledger, copy)
    lines = copy / "train.jsonl"
    lines.write_text(lines.read_text().replace("synthetic", "human"))
    dataset = mlcroissant.Dataset(jsonld=str(path))
    with pytest.raises(mlcroissant.GenerationError):
        list(dataset.records("train"))


def test_files_are_told_with_rows_splits_and_columns(
    folder: Path, evidence: ReleaseEvidence
) -> None:
    parquet, jsonl = (
        exported_files(folder / f"both-{form}", evidence) for form in ("parquet", "jsonl")
    )
    assert [one.path for one in jsonl] == ["test.jsonl", "train.jsonl"]
    assert [one.split for one in parquet] == ["test", "train"]
    assert sum(one.rows for one in parquet) == evidence.totals["records"]
    for one, other in zip(parquet, jsonl, strict=True):
        assert {column.name: column for column in one.columns} == {
            column.name: column for column in other.columns
        }


def test_a_document_elsewhere_names_files_from_there(
    ledger: Ledger, folder: Path, tmp_path: Path
) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    (tmp_path / "docs").mkdir()
    path = tmp_path / "docs" / "croissant.json"
    filled = ledger.report("texts", "croissant", None, folder / "texts-parquet", path.parent)
    path.write_text(str(render_report(filled, "json")))
    (file,) = filled.evidence.files
    assert file.path.startswith("../")
    assert file.path.endswith("/texts-parquet/data.parquet")
    assert len(list(mlcroissant.Dataset(jsonld=str(path)).records("data"))) == file.rows


def test_a_release_without_splits_is_told_so(ledger: Ledger, folder: Path) -> None:
    (file,) = ledger.evidence("texts", folder / "texts-parquet").files
    assert (file.path, file.split, file.rows) == ("data.parquet", None, 8)
    assert [column.name for column in file.columns][:2] == ["id", "text"]


def test_a_folder_that_is_not_the_export_is_refused(
    folder: Path, evidence: ReleaseEvidence, tmp_path: Path
) -> None:
    with pytest.raises(NotFoundError, match="no folder"):
        exported_files(tmp_path / "nothing", evidence)
    with pytest.raises(MisuseError, match="not the folder of an export") as refused:
        exported_files(tmp_path, evidence)
    assert "prov export both" in str(refused.value.hint)
    with pytest.raises(MisuseError, match="holds release `texts`"):
        exported_files(folder / "texts-parquet", evidence)


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_a_file_that_is_lost_or_spoilt_is_noticed(
    folder: Path, evidence: ReleaseEvidence, tmp_path: Path, form: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder / f"both-{form}", copy)
    (copy / "notes.txt").write_text("beside the data")
    assert len(exported_files(copy, evidence)) == 2
    train = copy / f"train.{form}"
    train.write_text("{not a row")
    with pytest.raises(InputError, match="cannot be read as"):
        exported_files(copy, evidence)
    train.unlink()
    with pytest.raises(IntegrityError, match="rows, and release `both` has"):
        exported_files(copy, evidence)
