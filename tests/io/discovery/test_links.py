"""Links in a supplied folder lead to nothing that its supplier was never given."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from provenance.errors import InputError, NotFoundError
from provenance.io.discovery.discover import Discovery, discover

LINE = '{"text": "a"}\n'


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A folder ``given`` beside data that are none of its supplier's."""
    for name in ("given/a.jsonl", "given/inner/b.jsonl", "own/secret.jsonl", "more/c.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LINE)
    return tmp_path


def _read(found: Discovery, world: Path) -> list[str]:
    return [os.path.relpath(item.uri, world) for item in found.inputs]


def _refused(found: Discovery, world: Path) -> dict[str, int]:
    return {os.path.relpath(item.path, world): item.bytes for item in found.refused}


@pytest.mark.parametrize("target", ["../own/secret.jsonl", "{world}/own/secret.jsonl"])
@pytest.mark.parametrize("place", ["given/x.jsonl", "given/inner/x.jsonl", "given/x.txt"])
def test_a_link_that_leads_out_is_refused_and_named(world: Path, place: str, target: str) -> None:
    up = "../" if "inner" in place and target.startswith("..") else ""
    (world / place).symlink_to(up + target.format(world=world))
    for asked in (None, "jsonl"):
        found = discover([str(world / "given")], format=asked)
        assert _read(found, world) == ["given/a.jsonl", "given/inner/b.jsonl"]
        assert _refused(found, world) == {place: len(LINE)}
        assert "leads out of its folder" in found.refused[0].error.message
        assert "--follow" in found.refused[0].error.hint


def test_a_folder_that_leads_out_is_not_walked(world: Path) -> None:
    (world / "given" / "out").symlink_to(world / "own")
    found = discover([str(world / "given")])
    assert "own" not in "".join(_read(found, world))
    assert _refused(found, world) == {"given/out": 0}


def test_a_chain_of_links_is_held_to_its_end(world: Path) -> None:
    (world / "given" / "one.jsonl").symlink_to("two.jsonl")
    (world / "given" / "two.jsonl").symlink_to("../own/secret.jsonl")
    assert set(_refused(discover([str(world / "given")]), world)) == {
        "given/one.jsonl",
        "given/two.jsonl",
    }


def test_a_glob_is_held_to_its_folder(world: Path) -> None:
    (world / "given" / "x.jsonl").symlink_to(world / "own" / "secret.jsonl")
    for pattern in ("given/*.jsonl", "given/**/*.jsonl"):
        found = discover([str(world / pattern)])
        assert set(_refused(found, world)) == {"given/x.jsonl"}


def test_links_within_the_folder_are_read(world: Path) -> None:
    (world / "given" / "x.jsonl").symlink_to("inner/b.jsonl")
    (world / "given" / "deep").symlink_to(world / "given" / "inner")
    found = discover([str(world / "given")])
    assert "given/x.jsonl" in _read(found, world)
    assert not found.refused


def test_what_is_named_may_be_a_link(world: Path) -> None:
    (world / "link").symlink_to("given")
    (world / "link.jsonl").symlink_to("given/a.jsonl")
    (world / "given" / "x.jsonl").symlink_to("inner/b.jsonl")
    found = discover([str(world / "link"), str(world / "link.jsonl")])
    assert len(found.inputs) == 4
    assert not found.refused


@pytest.mark.parametrize("sign", [".git", "prov.yaml"])
@pytest.mark.parametrize("where", ["", "given"])
def test_a_project_may_link_to_itself(world: Path, sign: str, where: str) -> None:
    (world / where / sign).mkdir()
    (world / "given" / "x.jsonl").symlink_to("../own/secret.jsonl")
    found = discover([str(world / "given")])
    # What is supplied with a project of its own is that project, and no more.
    assert bool(found.refused) == bool(where)


def test_folders_to_follow(world: Path) -> None:
    (world / "given" / "x.jsonl").symlink_to("../own/secret.jsonl")
    (world / "given" / "y").symlink_to("../more")
    path = str(world / "given")
    assert set(_refused(discover([path], follow=[str(world / "more")]), world)) == {"given/x.jsonl"}
    found = discover([path], follow=[str(world / "more"), str(world / "own")])
    assert not found.refused
    assert {"given/x.jsonl", "given/y/c.jsonl"} <= set(_read(found, world))
    # A name that begins alike is another folder.
    (world / "ow").mkdir()
    assert discover([path], follow=[str(world / "ow"), str(world / "more")]).refused
    with pytest.raises(NotFoundError, match="no such folder"):
        discover([path], follow=[str(world / "nothing")])


def test_a_hub_cache_has_its_own_blobs(world: Path) -> None:
    repository = world / "hub" / "datasets--ada--letters"
    snapshot = repository / "snapshots" / "0a1b"
    (snapshot / "data").mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "blobs" / "4f2c").write_text(LINE)
    (snapshot / "data" / "a.jsonl").symlink_to("../../../blobs/4f2c")
    (snapshot / "data" / "evil.jsonl").symlink_to("../../../../../own/secret.jsonl")
    for path in (snapshot, snapshot / "data"):
        found = discover([str(path)])
        assert [os.path.basename(each.uri) for each in found.inputs] == ["a.jsonl"]
        assert [os.path.basename(each.path) for each in found.refused] == ["evil.jsonl"]


def test_a_folder_that_only_looks_like_a_cache_leads_nowhere(world: Path) -> None:
    snapshot = world / "given" / "snapshots" / "0a1b"
    snapshot.mkdir(parents=True)
    (world / "given" / "blobs").symlink_to(world / "own")
    (snapshot / "a.jsonl").symlink_to("../../blobs/secret.jsonl")
    assert [os.path.basename(e.path) for e in discover([str(snapshot)]).refused] == ["a.jsonl"]
    assert len(discover([str(world / "given")]).refused) == 2


def test_hidden_links_are_counted_and_not_read(world: Path) -> None:
    (world / "given" / ".x.jsonl").symlink_to("../own/secret.jsonl")
    (world / "given" / ".out").symlink_to("../own")
    (world / "given" / ".code").symlink_to("/bin/sh")
    found = discover([str(world / "given")])
    assert not found.refused
    held = {os.path.relpath(each.path, world) for each in found.skipped if each.holds}
    assert held == {"given/.x.jsonl", "given/.out"}


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _hollow(path: Path) -> None:
    with path.open("wb") as file:
        file.write(LINE.encode())
        file.truncate(1 << 40)


@pytest.mark.parametrize(
    ("make", "why"), [(_fifo, "not a regular file"), (_hollow, "is a sparse file")]
)
def test_special_files_end_at_once(world: Path, make: Callable[[Path], None], why: str) -> None:
    make(world / "given" / "x.jsonl")
    (world / "given" / "y.jsonl").symlink_to("x.jsonl")
    for name in ("x.jsonl", "y.jsonl"):
        with pytest.raises(InputError, match=why):
            discover([str(world / "given" / name)])
    for pattern in ("given", "given/*"):
        found = discover([str(world / pattern)])
        assert "given/a.jsonl" in _read(found, world)
        assert not {"given/x.jsonl", "given/y.jsonl"} & set(_read(found, world))
        counted = {os.path.basename(each.path) for each in (*found.refused, *found.skipped)}
        assert {"x.jsonl", "y.jsonl"} <= counted


def test_a_file_with_a_hole_in_it_is_read(world: Path) -> None:
    with (world / "given" / "x.jsonl").open("wb") as file:
        file.write(b"\n" * (1 << 20))
        file.seek(20 << 20)
        file.write(LINE.encode())
    assert "given/x.jsonl" in _read(discover([str(world / "given")]), world)
