"""Folders that the tools of Hugging Face make: the data in them is read, and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pytest
from datasets import Dataset, DatasetDict

from provenance.io.discovery.discover import Discovery, discover, split_of
from provenance.io.discovery.file_names import Refused, Skipped

LINE = '{"text": "a"}\n'
REVISIONS = ("a" * 40, "b" * 40)


def _read(found: Discovery, folder: Path) -> list[str]:
    return sorted(os.path.relpath(each.uri, folder) for each in found.inputs)


def _left(found: list[Skipped] | list[Refused], folder: Path) -> set[str]:
    return {os.path.relpath(each.path, folder) for each in found}


def _saved(folder: Path) -> Path:
    rows = [{"text": f"letter {n}"} for n in range(6)]
    saved = DatasetDict({"train": Dataset.from_list(rows[:4]), "test": Dataset.from_list(rows[4:])})
    saved.save_to_disk(str(folder))
    return folder


def _table(path: Path) -> None:
    table = pa.table({"text": ["another"]})
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)


def test_of_a_saved_set_those_files_are_data_that_its_state_names(tmp_path: Path) -> None:
    folder = _saved(tmp_path / "d")
    _table(folder / "train" / "old.arrow")
    _table(folder / "train" / "cache-0a.arrow")
    found = discover([str(folder)])
    data = ["test/data-00000-of-00001.arrow", "train/data-00000-of-00001.arrow"]
    assert _read(found, folder) == data
    assert [split_of(each.uri) for each in found.inputs] == ["test", "train"]
    reasons = {os.path.relpath(each.path, folder): each.reason for each in found.skipped}
    assert "state.json" in reasons["train/old.arrow"]
    assert reasons["train/cache-0a.arrow"] == "cache of data beside it"
    assert reasons["dataset_dict.json"] == "metadata file"
    assert not found.refused


@pytest.mark.parametrize("member", ["_indices_data_files", "_indices_files"])
def test_chosen_rows_are_not_read_as_all_rows(tmp_path: Path, member: str) -> None:
    folder = _saved(tmp_path / "d")
    _table(folder / "train" / "indices.arrow")
    state = json.loads((folder / "train" / "state.json").read_text())
    state[member] = [{"filename": "indices.arrow"}]
    (folder / "train" / "state.json").write_text(json.dumps(state))
    found = discover([str(folder)])
    assert _read(found, folder) == ["test/data-00000-of-00001.arrow"]
    (refused,) = found.refused
    assert "chosen and ordered by indices.arrow" in refused.error.message
    assert "flatten_indices" in refused.error.hint


def test_a_file_that_the_state_names_and_that_is_not_there_is_missed(tmp_path: Path) -> None:
    folder = _saved(tmp_path / "d")
    (folder / "train" / "data-00000-of-00001.arrow").unlink()
    (refused,) = discover([str(folder)]).refused
    assert "it is not here" in refused.error.message


@pytest.mark.parametrize("state", ["", "[]", '{"_data_files": 1}', '{"_data_files": [1, {}]}'])
def test_a_state_of_another_kind_names_nothing(tmp_path: Path, state: str) -> None:
    (tmp_path / "state.json").write_text(state)
    (tmp_path / "dataset_info.json").write_text("{}")
    (tmp_path / "a.jsonl").write_text(LINE)
    found = discover([str(tmp_path)])
    assert _read(found, tmp_path) == ["a.jsonl"]
    assert not found.refused


def _hub(folder: Path, *revisions: str, main: str = "") -> Path:
    """A cache of the hub with one data set, its files links to blobs, and one model."""
    repository = folder / "datasets--ada--letters"
    for name in ("blobs", "refs", "snapshots"):
        (repository / name).mkdir(parents=True)
    for number, revision in enumerate(revisions):
        blob = repository / "blobs" / f"{number:064x}"
        blob.write_text(LINE)
        file = repository / "snapshots" / revision / "data" / "train.jsonl"
        file.parent.mkdir(parents=True)
        file.symlink_to(os.path.relpath(blob, file.parent))
    if main:
        (repository / "refs" / "main").write_text(main)
    model = folder / "models--ada--small" / "snapshots" / REVISIONS[0]
    model.mkdir(parents=True)
    (model / "config.json").write_text(LINE)
    (folder / "version.txt").write_text("1")
    return folder


def test_of_the_hub_cache_the_snapshot_of_a_data_set_is_read(tmp_path: Path) -> None:
    folder = _hub(tmp_path, REVISIONS[0], main=REVISIONS[0])
    found = discover([str(folder)])
    data = f"datasets--ada--letters/snapshots/{REVISIONS[0]}/data/train.jsonl"
    assert _read(found, folder) == [data]
    left = _left(list(found.skipped), folder)
    assert {"version.txt", "models--ada--small/snapshots", "datasets--ada--letters/blobs"} <= left
    for inner in ("datasets--ada--letters", os.path.dirname(data)):
        assert _read(discover([str(folder / inner)]), folder) == [data]


def test_of_several_revisions_the_main_one_is_read_and_the_others_are_named(
    tmp_path: Path,
) -> None:
    folder = _hub(tmp_path, *REVISIONS, main=REVISIONS[1])
    found = discover([str(folder)])
    snapshots = "datasets--ada--letters/snapshots"
    assert _read(found, folder) == [f"{snapshots}/{REVISIONS[1]}/data/train.jsonl"]
    assert f"{snapshots}/{REVISIONS[0]}" in _left(list(found.skipped), folder)
    named = discover([str(folder / snapshots / REVISIONS[0])])
    assert _read(named, folder) == [f"{snapshots}/{REVISIONS[0]}/data/train.jsonl"]


def test_of_several_revisions_without_a_main_one_none_is_guessed(tmp_path: Path) -> None:
    found = discover([str(_hub(tmp_path, *REVISIONS))])
    assert not found.inputs
    assert len(found.refused) == 2
    assert REVISIONS[0] in found.refused[0].error.hint


def test_of_the_cache_of_prepared_sets_downloads_are_left_out(tmp_path: Path) -> None:
    prepared = tmp_path / "ada___letters" / "default" / "0.0.0" / ("c" * 16)
    for folder in (prepared, tmp_path / "downloads", prepared.with_name("x.incomplete")):
        folder.mkdir(parents=True)
    (tmp_path / "downloads" / f"{1:064x}.json").write_text('{"url": "u", "etag": null}')
    (prepared.with_name("x.incomplete") / "a.jsonl").write_text(LINE)
    (prepared / "dataset_info.json").write_text("{}")
    _table(prepared / "letters-train.arrow")
    _table(prepared / "cache-0a.arrow")
    found = discover([str(tmp_path)])
    assert [Path(each.uri).name for each in found.inputs] == ["letters-train.arrow"]
    assert [split_of(each.uri) for each in found.inputs] == ["train"]


def _unread(folder: Path) -> list[str]:
    found = discover([str(folder)])
    return sorted(os.path.relpath(each.path, folder) for each in found.skipped if each.holds)


@pytest.mark.parametrize(
    "name",
    [
        "datasets--ada--letters/blobs/of-nobody",
        "datasets--ada--letters/refs/x",
        "models--ada--small/snapshots/x/a.jsonl",
        "models--ada--small/blobs/a",
        "models--ada--small/refs/main",
        "spaces--ada--small/snapshots/a",
        "version.txt",
        "x.incomplete/deep/a.arrow",
        "downloads/a",
        "a.incomplete",
    ],
)
def test_data_in_what_a_tool_keeps_for_itself_is_counted(tmp_path: Path, name: str) -> None:
    _hub(tmp_path, REVISIONS[0], main=REVISIONS[0])
    (tmp_path / "ada___letters").mkdir()
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "a.json").write_text('{"url": "https://x.org/a", "etag": null}')
    assert _unread(tmp_path) == []
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(LINE * 2)
    assert _unread(tmp_path) == [name]


def test_another_revision_is_counted_unless_it_has_the_same_files(tmp_path: Path) -> None:
    snapshots = "datasets--ada--letters/snapshots"
    folder = _hub(tmp_path, *REVISIONS, main=REVISIONS[1])
    assert _unread(folder) == [f"{snapshots}/{REVISIONS[0]}/data/train.jsonl"]
    link = folder / snapshots / REVISIONS[0] / "data" / "train.jsonl"
    blob = os.path.realpath(folder / snapshots / REVISIONS[1] / "data" / "train.jsonl")
    Path(os.path.realpath(link)).unlink()
    link.unlink()
    link.symlink_to(blob)
    assert _unread(folder) == []


def test_files_beside_a_repository_are_read(tmp_path: Path) -> None:
    folder = _hub(tmp_path, REVISIONS[0], main=REVISIONS[0])
    for name in ("own.jsonl", "datasets--ada--letters/own.jsonl", "more/own.jsonl"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(LINE)
    names = [os.path.basename(path) for path in _read(discover([str(folder)]), folder)]
    assert names.count("own.jsonl") == 3
