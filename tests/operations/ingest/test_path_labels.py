"""What the paths of files say: one command for many folders, and nothing that is not said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import provenance
from provenance.errors import InputError
from provenance.ledger import Ledger
from provenance.model.source import Source
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.path_labels import match_path


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return provenance.init(str(tmp_path / "ledger"))


def _write(folder: Path, path: str, *texts: str) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps([{"text": text} for text in texts]))


def _rows(ledger: Ledger, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in ledger.query(query).to_pylist()]


ORIGINS = """SELECT s.file_name, o.label, o.generator FROM (
    SELECT record_id, f.uri.split('/')[-2] AS file_name
    FROM sightings JOIN files f USING (reading_id)
) s JOIN origins o USING (record_id) ORDER BY ALL"""


@pytest.mark.slow
def test_one_command_for_many_folders(ledger: Ledger, tmp_path: Path) -> None:
    for number in range(30):
        _write(tmp_path / "in", f"results/model-{number:02}/outputs.json", f"text {number}")
    options = IngestOptions(source="s", path="results/{generator}/outputs.json")
    summary = ledger.ingest([str(tmp_path / "in")], options)
    assert (summary.kept, summary.labels["synthetic"], summary.off_path) == (30, 30, ())
    assert _rows(ledger, ORIGINS) == [
        (f"model-{n:02}", "synthetic", f"model-{n:02}") for n in range(30)
    ]
    again = ledger.ingest([str(tmp_path / "in")], options)
    assert (again.unchanged_files, again.relabelled_files) == (30, 0)


@pytest.mark.slow
def test_the_contract_of_the_source_says_it(ledger: Ledger, tmp_path: Path) -> None:
    _write(tmp_path / "in", "a/human/de/x.json", "eins")
    _write(tmp_path / "in", "a/mixed/fr/x.json", "deux")
    ledger.source_set(Source(name="s", path="{label}/{lang}/{part}.json"))
    summary = ledger.ingest([str(tmp_path / "in")], IngestOptions(source="s"))
    assert (summary.labels["human"], summary.labels["mixed"]) == (1, 1)
    found = _rows(ledger, "SELECT lang, attributes FROM sightings ORDER BY lang")
    assert found == [("de", '{"part":"x"}'), ("fr", '{"part":"x"}')]


def test_a_path_that_does_not_fit_is_named(ledger: Ledger, tmp_path: Path) -> None:
    _write(tmp_path / "in", "results/m/outputs.json", "one")
    _write(tmp_path / "in", "results/other.json", "two")
    options = IngestOptions(source="s", path="results/{generator}/outputs.json")
    summary = ledger.ingest([str(tmp_path / "in")], options)
    assert [Path(uri).name for uri in summary.off_path] == ["other.json"]
    assert summary.labels["unknown"] == 1
    with pytest.raises(InputError, match="matches none of 1 files"):
        ledger.ingest([str(tmp_path / "in/results/other.json")], options)


@pytest.mark.parametrize(
    ("pattern", "path", "said"),
    [
        ("{label}/{name}.json", "robot/a.json", "`robot` in the path is not a label"),
        ("{process}/{name}.json", "magic/a.json", "`magic` in the path is not a process"),
        (
            "{label}/{generator}.json",
            "human/gpt-4.json",
            "the path has the label human and a generator",
        ),
    ],
)
def test_words_that_are_none_name_the_file(
    ledger: Ledger, tmp_path: Path, pattern: str, path: str, said: str
) -> None:
    _write(tmp_path / "in", path, "text")
    with pytest.raises(InputError, match=said) as caught:
        ledger.ingest([str(tmp_path / "in")], IngestOptions(source="s", path=pattern))
    assert path in caught.value.message
    assert ledger.status().records == 0


@pytest.mark.slow
def test_a_later_pattern_corrects_and_records_speak_first(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "in" / "m" / "en.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"text": "a", "lang": "de"}\n{"text": "b"}\n')
    ledger.ingest([str(path)], IngestOptions(source="s"))
    plain = ledger.ingest([str(path)], IngestOptions(source="s", path="{generator}/en.jsonl"))
    assert (plain.unchanged_files, plain.relabelled_files) == (1, 1)
    more = ledger.ingest([str(path)], IngestOptions(source="s", path="{generator}/{lang}.jsonl"))
    assert (more.unchanged_files, more.kept) == (0, 2)
    assert _rows(ledger, "SELECT lang FROM sightings ORDER BY lang") == [("de",), ("en",)]


@pytest.mark.parametrize(
    ("uri", "pattern", "said"),
    [
        ("/d/r/a/train-1.json", "{model}/{split}-*.json", {"model": "a", "split": "train"}),
        ("/d/r/x/y/z/b.json", "r/**/{name}.json", {"name": "b"}),
        ("/d/r/b.json", "r/**/{name}.json", {"name": "b"}),
        ("/d/a/a.json", "{m}/{m}.json", {"m": "a"}),
        ("/d/a/b.json", "{m}/{m}.json", None),
        ("/d/xresults/a.json", "results/{m}.json", None),
        ("/d/a(1)+.json", "a(1){m}.json", {"m": "+"}),
        ("https://x.org/m/a.json", "{m}/a.json", {"m": "m"}),
    ],
)
def test_how_patterns_fit(uri: str, pattern: str, said: dict[str, str] | None) -> None:
    assert match_path(uri, pattern) == said


@pytest.mark.parametrize(
    "pattern", ["results/*.json", "{A}/x", "{}/x", "{a", "a}", "{a}{b}", "{a b}"]
)
def test_patterns_that_are_none(pattern: str) -> None:
    with pytest.raises(ValidationError):
        IngestOptions(source="s", path=pattern)


def test_the_split_of_a_path(ledger: Ledger, tmp_path: Path) -> None:
    _write(tmp_path / "in", "dev/a.json", "text")
    ledger.ingest([str(tmp_path / "in")], IngestOptions(source="s", path="{split}/a.json"))
    assert _rows(ledger, "SELECT split FROM files") == [("dev",)]
