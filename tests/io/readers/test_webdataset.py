"""WebDataset: members of one name are one record, and what is no sample is said to be none."""

from __future__ import annotations

import gzip
import json
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from support.archives import digests, tar_bytes
from support.reader_contract import check_reader, read_all

from provenance.content.identity import digest
from provenance.errors import NotFoundError
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.discovery.detect import detect
from provenance.io.discovery.discover import discover
from provenance.io.readers.webdataset.webdataset import WebDataset
from provenance.io.records.content_fields import choose_content

PICTURE = b"\xff\xd8\xff\xe0"


def shard(folder: Path, members: list[tuple[str, bytes]], name: str = "shard.tar") -> Input:
    path = folder / name
    data = tar_bytes(members)
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return Input(path.as_posix(), path, "webdataset", "gz" if name.endswith(".gz") else "")


def pairs(count: int, *ends: str) -> list[tuple[str, bytes]]:
    """So many samples with members of these ends."""
    made = {
        "jpg": lambda n: PICTURE + bytes([n]),
        "txt": lambda n: b"caption %d" % n,
        "cls": lambda n: b"%d" % n,
        "json": lambda n: json.dumps({"caption": f"said {n}", "url": f"u{n}"}).encode(),
    }
    return [(f"a/{n:05}.{end}", made[end](n)) for n in range(count) for end in ends]


@pytest.mark.parametrize(
    ("ends", "content", "first"),
    [
        (("jpg", "txt"), "txt", "caption 0"),
        (("jpg", "txt", "json"), "txt", "caption 0"),
        (("jpg", "json"), "json.caption", "said 0"),
        (("txt", "json"), "txt", "caption 0"),
        (("jpg", "cls"), "payload", PICTURE + b"\0"),
    ],
)
@pytest.mark.parametrize("name", ["shard.tar", "shard.tar.gz", "shard"])
def test_the_content_of_samples(
    tmp_path: Path, ends: tuple[str, ...], content: str, first: str | bytes, name: str
) -> None:
    source = shard(tmp_path, pairs(3, *ends), name)
    assert detect(source.path) == ("webdataset", source.compression)
    shape = WebDataset().probe(source)
    choice = choose_content(shape, (), "webdataset")
    assert choice.content == (content,)
    assert "one record" in shape.notes[0]
    fields = ("__key__", "json.url") if "json" in ends else ("__key__",)
    reading = check_reader(WebDataset(), source, ReadLayout(choice.kind, choice.content, fields))
    assert (reading.rows, reading.content[0]) == ([1, 2, 3], first)
    assert reading.fields[1] == (("a/00001", "u1") if "json" in ends else ("a/00001",))


def test_a_medium_has_the_id_of_its_file(tmp_path: Path) -> None:
    shard(tmp_path, pairs(3, "jpg", "cls"))
    (tmp_path / "p").mkdir()
    for number in range(3):
        (tmp_path / "p" / f"{number}.jpg").write_bytes(PICTURE + bytes([number]))
    alone = digests([tmp_path / "p"])
    assert alone == sorted(digest(PICTURE + bytes([number])) for number in range(3))
    assert digests([tmp_path / "shard.tar"]) == alone
    # Beside a text the pictures are no content, and are had by asking for them.
    shard(tmp_path, pairs(3, "jpg", "txt"))
    found = discover([str(tmp_path / "shard.tar")], format="image").inputs
    assert [each.uri.rpartition("/")[2] for each in found] == [f"0000{n}.jpg" for n in range(3)]


def test_the_row_of_a_sample_is_written_whole(tmp_path: Path) -> None:
    source = shard(tmp_path, pairs(1, "jpg", "txt", "json"))
    reading = read_all(WebDataset(), source, ReadLayout("text", ("txt",)), original=True)
    assert json.loads(reading.original[0]) == {
        "__key__": "a/00000",
        "txt": "caption 0",
        "json": {"caption": "said 0", "url": "u0"},
        "jpg": "/9j/4AA=",
    }


@pytest.mark.parametrize(
    "names",
    [
        ["a.jsonl", "b.jsonl"],
        ["a.jsonl", "a.csv", "b.jsonl", "b.csv"],
        ["train.json", "train.txt"],
        ["doc1.md", "doc2.md", "doc3.txt"],
        ["README.md", "README.txt", "a.jpg", "a.txt"],
        ["a/x.tar", "a/x.txt"],
        ["plain", "other"],
        [],
    ],
)
def test_files_of_their_own_are_no_samples(tmp_path: Path, names: list[str]) -> None:
    source = shard(tmp_path, [(name, b'{"text": "a"}\n') for name in names])
    assert detect(source.path)[0] == "tar"


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (("00009.txt", b"\xff"), "member .txt: invalid UTF-8"),
        (("00009.json", b"{"), "member .json: "),
        (("00009.cls", b"1"), 'no field "txt"'),
        (("00009.txt", b""), 'field "txt" is empty'),
        (("00009.txt", b"x" * 300), "longer than 200 bytes"),
        (("LICENCE", b"free"), "belongs to no sample"),
        ((".hidden.txt", b"x"), "belongs to no sample"),
    ],
)
def test_what_is_no_record_is_refused_and_counted(
    tmp_path: Path, odd: tuple[str, bytes], reason: str
) -> None:
    source = shard(tmp_path, [*pairs(2, "jpg", "txt"), odd, ("z.jpg", PICTURE), ("z.txt", b"z")])
    reading = check_reader(WebDataset(), source, ReadLayout("text", ("txt",), max_record=200))
    assert reading.rows == [1, 2, 4]
    assert len(reading.rejects) == 1
    assert reason in reading.reasons[0]


def test_two_members_of_one_name_are_no_record(tmp_path: Path) -> None:
    source = shard(tmp_path, [*pairs(2, "txt", "cls"), ("b.txt", b"x"), ("b.txt", b"y")])
    reading = check_reader(WebDataset(), source, ReadLayout("text", ("txt",)))
    assert reading.reasons == ["b: two members .txt"]


def test_an_archive_that_is_cut_off_keeps_what_came_before(tmp_path: Path) -> None:
    source = shard(tmp_path, [*pairs(3, "jpg", "txt"), ("z.txt", b"z" * 5_000)])
    source.path.write_bytes(source.path.read_bytes()[: 6 * 1024 + 1_000])
    reading = check_reader(WebDataset(), source, ReadLayout("text", ("txt",)))
    assert reading.rows == [1, 2, 3]
    assert reading.reasons[-1].startswith("file: ")


def test_other_bytes_than_the_medium_are_not_there(tmp_path: Path) -> None:
    source = shard(tmp_path, pairs(2, "jpg", "txt"))
    with pytest.raises(NotFoundError, match="no field txt"):
        list(WebDataset().read(source, ReadLayout("binary", ("txt",))))


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.text("abc", min_size=1, max_size=3), st.sampled_from(["txt", "jpg", "json"])),
        min_size=1,
        max_size=8,
    ),
    st.binary(max_size=30),
)
def test_any_members_are_kept_or_refused(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str]], data: bytes
) -> None:
    members = [(f"{key}.{end}", data) for key, end in names]
    source = shard(tmp_path_factory.mktemp("w"), members)
    reading = check_reader(WebDataset(), source, ReadLayout("text", ("txt",)))
    together = len([key for key, _ in groupby(names, lambda name: name[0])])
    assert reading.read == together
