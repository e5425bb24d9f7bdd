"""Discovery: files, folders and globs, what is left out, and why."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from provenance.errors import InputError, MisuseError, NotFoundError, StorageError
from provenance.io.discovery.discover import Discovery, discover, split_of
from provenance.io.discovery.file_names import MEDIA_SKIPPED

LINE = '{"text": "a"}\n'
SPLITS = '{"splits": ["train", "test"]}'
DATA = "data-00000-of-00001.arrow"
STATE = f'{{"_data_files": [{{"filename": "{DATA}"}}], "_fingerprint": "0a", "_split": "train"}}'
INFO = '{"features": {"text": {"dtype": "string", "_type": "Value"}}, "description": "Letters."}'


def _tree(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LINE)


def _read(found: Discovery, folder: Path) -> list[str]:
    return [os.path.relpath(each.uri, folder) for each in found.inputs]


def _left(found: Discovery, folder: Path) -> dict[str, str]:
    return {os.path.relpath(each.path, folder): each.reason for each in found.skipped}


def _holding(found: Discovery, folder: Path) -> set[str]:
    """Files that are left out and hold data."""
    return {os.path.relpath(each.path, folder) for each in found.skipped if each.holds}


def test_a_folder_is_walked_by_name(tmp_path: Path) -> None:
    _tree(tmp_path, "b.jsonl", "a/2.jsonl", "a/10.jsonl", "c/d/e.jsonl", "a.jsonl")
    found = discover([str(tmp_path)])
    assert _read(found, tmp_path) == [
        "a/10.jsonl",
        "a/2.jsonl",
        "a.jsonl",
        "b.jsonl",
        "c/d/e.jsonl",
    ]
    assert not found.skipped
    assert found.inputs[0].path.is_absolute()


def test_what_is_left_out_is_listed(tmp_path: Path) -> None:
    names = ["data/a.jsonl", "_SOURCE.json", ".prov/a.jsonl", "data/.hidden.jsonl"]
    nothing = [".git/config", ".gitattributes", "_SUCCESS", ".cache/notes", "a.lock"]
    about = ["README.md", "data/readme.txt", "LICENSE", "licence.md"]
    _tree(tmp_path, *names, "data/.a.jsonl.crc", "a.jsonl.crc", "x.png", "LICENSE.jsonl")
    for name in (*nothing, *about):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("" if name == "_SUCCESS" else "A word about the data.\n")
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["data"]}')
    (tmp_path / "empty").mkdir()
    found = discover([str(tmp_path)])
    assert _read(found, tmp_path) == ["data/a.jsonl"]
    left = _left(found, tmp_path)
    hidden = {".git", ".gitattributes", ".prov", ".prov/a.jsonl", "data/.hidden.jsonl"}
    hidden |= {"_SUCCESS", "_SOURCE.json", "data/.a.jsonl.crc", ".cache"}
    assert {name for name, why in left.items() if why == "hidden"} == hidden
    assert {name for name, why in left.items() if why == "describes the data beside it"} == set(
        about
    )
    wanted = {"dataset_dict.json", "a.lock"}
    assert {name for name, why in left.items() if why == "metadata file"} == wanted
    assert left["empty"] == "empty folder"
    assert left["x.png"].startswith("media beside other data")
    assert _holding(found, tmp_path) == {
        *("_SOURCE.json", ".prov/a.jsonl", "data/.hidden.jsonl", "data/.a.jsonl.crc"),
        *("a.jsonl.crc", "x.png", "LICENSE.jsonl"),
    }


def test_a_readme_alone_is_data(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Text\n")
    assert _read(discover([str(tmp_path)]), tmp_path) == ["README.md"]


def test_pictures_are_data_where_there_is_no_other(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Pictures\n")
    for name in ("a.png", "sub/b.JPG"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\xff\xd8\xff\xe0")
    found = discover([str(tmp_path)])
    assert _read(found, tmp_path) == ["a.png", "sub/b.JPG"]
    assert {item.format for item in found.inputs} == {"image"}
    assert _left(found, tmp_path) == {"README.md": "describes the data beside it"}
    _tree(tmp_path, "c.jsonl")
    assert _read(discover([str(tmp_path)]), tmp_path) == ["c.jsonl"]
    assert _read(discover([str(tmp_path)], format="image"), tmp_path) == ["a.png", "sub/b.JPG"]
    (tmp_path / "c.jsonl").unlink()
    (tmp_path / "a.png").write_text("an error page")
    (refused,) = discover([str(tmp_path)]).refused
    assert "is named like image but its content is not" in str(refused.error)


def test_a_readme_that_is_named_is_data(tmp_path: Path) -> None:
    _tree(tmp_path, "a.jsonl", "README.md")
    found = discover([str(tmp_path / "README.md"), str(tmp_path)])
    assert _read(found, tmp_path) == ["README.md", "a.jsonl"]
    assert not found.skipped


def test_a_file_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _tree(tmp_path, "a.jsonl", "b/c.jsonl")
    monkeypatch.chdir(tmp_path)
    found = discover(["a.jsonl", str(tmp_path / "b" / ".." / "a.jsonl"), ".", "*.jsonl"])
    assert _read(found, tmp_path) == ["a.jsonl", "b/c.jsonl"]


@pytest.mark.parametrize("name", ["a*.jsonl", "a[1].jsonl", "a?.jsonl"])
def test_a_file_of_that_very_name_is_no_glob(tmp_path: Path, name: str) -> None:
    _tree(tmp_path, name, "a1.jsonl", "ab.jsonl")
    assert _read(discover([str(tmp_path / name)]), tmp_path) == [name]


def test_globs(tmp_path: Path) -> None:
    _tree(tmp_path, "a/1.jsonl", "a/b/2.jsonl", "a/.h.jsonl", "a/x.png", "a/state.json", "c.jsonl")
    assert _read(discover([str(tmp_path / "a" / "*.jsonl")]), tmp_path) == ["a/1.jsonl"]
    deep = discover([str(tmp_path / "**" / "*.jsonl")])
    assert _read(deep, tmp_path) == ["a/1.jsonl", "a/b/2.jsonl", "c.jsonl"]
    all_of_a = discover([str(tmp_path / "a" / "*")])
    assert _read(all_of_a, tmp_path) == ["a/1.jsonl", "a/b/2.jsonl"]
    assert _left(all_of_a, tmp_path) == {
        "a/state.json": "named like metadata, but holds data",
        "a/x.png": MEDIA_SKIPPED,
    }


def test_what_datasets_leaves_beside_saved_data_is_no_data(tmp_path: Path) -> None:
    data = ["train/data-00000-of-00001.arrow", "test/data-00000-of-00001.arrow"]
    metadata = ["dataset_dict.json", "train/state.json", "train/dataset_info.json"]
    caches = ["train/cache-47b1d8783c383b51.arrow", "train/cache-0a_00000_of_00002.arrow"]
    for name in (*data, *caches):
        _saved(tmp_path / name)
    _saved(tmp_path / "train" / "cache-1f.arrow", pa.table({"indices": pa.array([2, 1], "uint64")}))
    for name, text in zip(metadata, (SPLITS, STATE, INFO), strict=True):
        (tmp_path / name).write_text(text)
    found = discover([str(tmp_path)])
    assert sorted(_read(found, tmp_path)) == sorted(data)
    left = _left(found, tmp_path)
    assert {name for name, why in left.items() if why == "metadata file"} == set(metadata)
    assert _holding(found, tmp_path) == set(caches)
    left_caches = {name for name, why in left.items() if why == "cache of data beside it"}
    assert left_caches == {*caches, "train/cache-1f.arrow"}
    # Who names one means it.
    assert _read(discover([str(tmp_path / caches[0])]), tmp_path) == [caches[0]]


def _saved(path: Path, table: pa.Table | None = None) -> None:
    table = table or pa.table({"text": ["a letter"]})
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)


def test_loops_of_links_end(tmp_path: Path) -> None:
    _tree(tmp_path, "a/b/1.jsonl")
    (tmp_path / "a" / "b" / "loop").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a" / "self")
    (tmp_path / "a" / "gone").symlink_to(tmp_path / "nothing")
    (tmp_path / "a" / "linked.jsonl").symlink_to(tmp_path / "a" / "b" / "1.jsonl")
    found = discover([str(tmp_path / "a")])
    assert _read(found, tmp_path) == ["a/b/1.jsonl", "a/linked.jsonl"]
    assert _left(found, tmp_path) == {
        "a/b/loop": "folder was already walked (link)",
        "a/self": "link to nothing",
        "a/gone": "link to nothing",
    }


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    found = discover([str(tmp_path)])
    assert _left(found, tmp_path) == {"pipe.jsonl": "not a regular file"}
    with pytest.raises(InputError, match="not a regular file"):
        discover([str(tmp_path / "pipe.jsonl")])


def test_a_named_file_of_unknown_format_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0\1\2")
    with pytest.raises(InputError, match="cannot tell the format") as caught:
        discover([str(tmp_path / "a.bin")])
    assert "--format" in caught.value.hint


def test_a_format_that_is_said_is_taken(tmp_path: Path) -> None:
    _tree(tmp_path, "a.log", "b.txt")
    found = discover([str(tmp_path)], format="jsonl")
    assert [each.format for each in found.inputs] == ["jsonl", "jsonl"]
    with pytest.raises(MisuseError, match="unknown format"):
        discover([str(tmp_path)], format="xml")


@pytest.mark.parametrize("asked", [None, "jsonl"])
def test_lfs_pointers_are_refused_and_the_others_are_read(
    tmp_path: Path, asked: str | None
) -> None:
    _tree(tmp_path, "b.jsonl")
    (tmp_path / "a.jsonl").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(InputError, match="LFS pointer"):
        discover([str(tmp_path / "a.jsonl")], format=asked)
    for path in (tmp_path, tmp_path / "*.jsonl"):
        found = discover([str(path), str(path)], format=asked)
        assert _read(found, tmp_path) == ["b.jsonl"]
        assert not found.skipped
        (refused,) = found.refused
        assert refused.path == str(tmp_path / "a.jsonl")
        assert "LFS pointer" in refused.error.message


def test_a_readme_beside_refused_data_is_no_data(tmp_path: Path) -> None:
    _tree(tmp_path, "a.parquet")
    (tmp_path / "README.md").write_text("# Text\n")
    found = discover([str(tmp_path)])
    assert not found.inputs
    assert _left(found, tmp_path) == {"README.md": "describes the data beside it"}
    assert "named like parquet" in found.refused[0].error.message


@pytest.mark.parametrize("name", ["none.jsonl", "none*.jsonl", "none/", "a\0b"])
def test_what_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError):
        discover([f"{tmp_path}/{name}"])


def test_urls_of_other_kinds_are_not_read() -> None:
    with pytest.raises(InputError, match="ftp:// are not read") as caught:
        discover(["ftp://ada:secret@host/a.jsonl"])
    assert "secret" not in str(caught.value)


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9.jsonl")
    with open(path, "wb") as stream:
        stream.write(LINE.encode())
    _tree(tmp_path, "d.jsonl")
    with open(os.path.join(os.fsencode(tmp_path), b".caf\xe9"), "wb"):
        pass
    with pytest.raises(InputError, match="not valid UTF-8"):
        discover([os.fsdecode(path)])
    found = discover([str(tmp_path)])
    assert _read(found, tmp_path) == ["d.jsonl"]
    assert [each.path for each in found.refused] == [f"{tmp_path}/caf\\udce9.jsonl"]
    assert "not valid UTF-8" in found.refused[0].error.message
    assert _left(found, tmp_path) == {".caf\\udce9": "hidden"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    _tree(tmp_path, "a/b.jsonl", "c.jsonl")
    (tmp_path / "c.jsonl").chmod(0)
    with pytest.raises(StorageError, match=r"c\.jsonl"):
        discover([str(tmp_path / "c.jsonl")])
    (tmp_path / "a").chmod(0)
    with pytest.raises(StorageError, match="cannot list"):
        discover([str(tmp_path / "a")])
    with pytest.raises(StorageError, match="cannot look at"):
        discover([str(tmp_path / "a" / "b.jsonl")])
    (tmp_path / "a").chmod(0o700)


_NAME = st.from_regex(r"[a-c\[\]*? .-]{1,6}(\.jsonl|\.txt|\.bin)?", fullmatch=True).filter(
    lambda name: name not in {".", ".."} and name.strip()
)


@given(st.lists(_NAME, max_size=6, unique=True))
def test_every_file_is_read_or_left_out_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("walk")
    for name in names:
        (folder / name).write_text(LINE)
    found = discover([str(folder)])
    left = _left(found, folder)
    left.pop(".", None)  # the empty folder itself
    assert sorted([*_read(found, folder), *left]) == sorted(names)
    assert all(left.values())
    assert found == discover([str(folder)])


@pytest.mark.parametrize(
    ("uri", "split"),
    [
        ("/data/train-00000-of-00012.parquet", "train"),
        ("/data/train.jsonl", "train"),
        ("/data/squad.validation.jsonl.gz", "validation"),
        ("/data/en_val_0.jsonl", "validation"),
        ("/data/dev.tsv", "validation"),
        ("/data/test/part-0.jsonl", "test"),
        ("/data/test/en/part-0.jsonl", "test"),
        ("/home/test/data/en/part-0.jsonl", None),
        ("/data/train/test.jsonl", "test"),
        ("/data/train-test-overlap.jsonl", None),
        ("/data/latest.jsonl", None),
        ("/data/trainer.jsonl", None),
        ("/data/Training.JSONL", "train"),
    ],
)
def test_splits(uri: str, split: str | None) -> None:
    assert split_of(uri) == split
