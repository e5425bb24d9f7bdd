"""Archives as folders: each member a file of its own, and what an archive may do to its reader."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings, strategies as st
from support.archives import TAR_MODES, digests, tar_bytes, zip_bytes

from provenance.errors import InputError, NotFoundError
from provenance.io.contract.reader import Input
from provenance.io.discovery import archives
from provenance.io.discovery.archives import find_member, split_uri
from provenance.io.discovery.discover import Discovery, discover, split_of
from provenance.io.streams import tar_members, zip_members
from provenance.io.streams.archive_members import MemberFiles
from provenance.io.streams.decompress import DamagedError
from provenance.io.streams.open_input import open_bytes

LINES = b'{"text": "a"}\n{"text": "b"}\n'
PACK = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.compress,
    ".xz": lzma.compress,
    ".lz4": lz4.frame.compress,
}
SUFFIXES = (".jsonl", ".jl", ".ldjson", ".jsonlines", ".ndjson", ".JSONL", ".log", "")


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def names(found: Discovery) -> list[str]:
    return [each.uri.partition("!/")[2] for each in found.inputs]


def refused(found: Discovery) -> dict[str, str]:
    return {each.path.partition("!/")[2]: each.error.message for each in found.refused}


def left(found: Discovery) -> dict[str, str]:
    return {each.path.partition("!/")[2]: each.reason for each in found.skipped}


def parquet(rows: list[dict[str, str]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


TEXTS = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), min_size=2)


@pytest.mark.slow
@settings(max_examples=60)
@given(
    texts=TEXTS,
    cut=st.integers(0, 9),
    suffix=st.sampled_from(SUFFIXES),
    packed=st.sampled_from([*PACK]),
    holder=st.sampled_from(["", ".zip", "stored.zip", ".tar.zst", *TAR_MODES]),
)
def test_records_are_those_of_the_plain_file_however_they_are_packed(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    cut: int,
    suffix: str,
    packed: str,
    holder: str,
) -> None:
    folder = tmp_path_factory.mktemp("packed")
    rows = [{"text": text, "n": "1"} for text in texts]
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    plain = digests([put(folder, "plain.jsonl", b"".join(lines))])
    whole = f"whole{suffix}{packed}"
    members = [
        (f"train/{whole}", PACK[packed](b"".join(lines[:cut]) + lines[-1] + lines[-1])),
        ("./more/part.parquet", parquet(rows[cut:-1])),
    ]
    if not rows[cut:-1]:
        members.pop()
    place = folder / "held"
    if not holder:
        for name, data in members:
            (place / name).parent.mkdir(parents=True)
            (place / name).write_bytes(data)
    else:
        place = put(folder, f"held{holder}", _packed(members, holder))
    held = digests([place])
    assert set(held) == set(plain)
    if holder:
        assert digests([f"{place}!/train"]) == digests([f"{place}!/train/{whole}"])
        assert digests([f"{place}!/*{whole}"]) == digests([f"{place}!/train/{whole}"])


def _packed(members: list[tuple[str, bytes]], holder: str) -> bytes:
    if holder.endswith(".zip"):
        method = zipfile.ZIP_STORED if holder == "stored.zip" else zipfile.ZIP_DEFLATED
        return zip_bytes([(name.removeprefix("./"), data) for name, data in members], method)
    if holder == ".tar.zst":
        return zstandard.compress(tar_bytes(members))
    return tar_bytes(members, TAR_MODES[holder])


@pytest.mark.parametrize("name", ["a.tar", "a", "a.bin"])
def test_an_archive_is_told_by_content(tmp_path: Path, name: str) -> None:
    for data in (tar_bytes([("x.jsonl", LINES)]), zip_bytes([("x.jsonl", LINES)])):
        assert names(discover([str(put(tmp_path, name, data))])) == ["x.jsonl"]


def test_what_is_named_like_an_archive_is_what_it_is(tmp_path: Path) -> None:
    for data, form in ((LINES, "jsonl"), (b'{"text": "one"}\n', "json")):
        (item,) = discover([str(put(tmp_path, "more.tar", lzma.compress(data)))]).inputs
        assert (item.format, item.compression, item.member) == (form, "xz", None)


def test_files_of_programs_are_no_folders(tmp_path: Path) -> None:
    for first in ("[Content_Types].xml", "META-INF/MANIFEST.MF", "model/data.pkl"):
        put(tmp_path, "a.bin", zip_bytes([(first, b"x"), ("b.jsonl", LINES)]))
        assert left(discover([str(tmp_path)]))[""] == "unknown format"


def _info(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet", "a.txt"])
@pytest.mark.parametrize("pack", [tar_bytes, zip_bytes])
def test_an_archive_in_the_name_of_another_format_is_refused(
    tmp_path: Path, name: str, pack: Callable[[list[tuple[str, bytes]]], bytes]
) -> None:
    with pytest.raises(InputError, match=r"but holds (tar|zip)"):
        discover([str(put(tmp_path, name, pack([("x.jsonl", LINES)])))])


def test_a_member_that_is_not_there_is_missed(tmp_path: Path) -> None:
    path = put(tmp_path, "a.tar", tar_bytes([("x.jsonl", LINES)]))
    with pytest.raises(NotFoundError, match=r"no such member: .*!/y\.jsonl"):
        discover([f"{path}!/y.jsonl"])


def test_what_is_no_file_in_a_tar_is_named(tmp_path: Path) -> None:
    odd = [
        _info("link.jsonl", tarfile.SYMTYPE, "/etc/passwd"),
        _info("hard.jsonl", tarfile.LNKTYPE, "x.jsonl"),
        _info("device", tarfile.CHRTYPE),
        _info("pipe", tarfile.FIFOTYPE),
        _info("folder", tarfile.DIRTYPE),
    ]
    found = discover([str(put(tmp_path, "a.tar", tar_bytes([("x.jsonl", LINES)], "w", *odd)))])
    assert names(found) == ["x.jsonl"]
    assert left(found) == {
        "link.jsonl": "a link",
        "hard.jsonl": "a link",
        "device": "a device",
        "pipe": "a pipe",
    }


@pytest.mark.parametrize("packed", ["tar", "tar.gz", "zip"])
def test_names_that_lead_anywhere_are_refused(tmp_path: Path, packed: str) -> None:
    members = [("../out.jsonl", LINES), ("/etc/x.jsonl", LINES), ("a/../../b.jsonl", LINES)]
    members.append(("in.jsonl", LINES))
    data = zip_bytes(members) if packed == "zip" else tar_bytes(members)
    path = put(tmp_path, f"a.{packed}", gzip.compress(data) if packed == "tar.gz" else data)
    found = discover([str(path)])
    assert names(found) == ["in.jsonl"]
    said = " ".join(refused(found).values())
    assert said.count("leads out of the archive") == 2
    assert "absolute" in said


def test_of_members_of_one_name_the_last_is_read(tmp_path: Path) -> None:
    data = tar_bytes([("x.jsonl", b'{"text": "old"}\n'), ("x.jsonl", LINES)])
    path = put(tmp_path, "a.tar", data)
    found = discover([str(path)])
    assert names(found) == ["x.jsonl"]
    assert "another member of the same name" in " ".join(refused(found).values())
    with open_bytes(found.inputs[0]) as stream:
        assert stream.read() == LINES


def test_archives_within_archives_are_named(tmp_path: Path) -> None:
    inner = tar_bytes([("x.jsonl", LINES)])
    members = [("in.tar", inner), ("in.tgz", gzip.compress(inner)), ("in.zip", zip_bytes([]))]
    found = discover([str(put(tmp_path, "a.zip", zip_bytes([*members, ("y.jsonl", LINES)])))])
    assert names(found) == ["y.jsonl"]
    assert set(refused(found)) == {"in.tar", "in.tgz", "in.zip"}


def test_pictures_and_files_about_data_are_taken_as_in_a_folder(tmp_path: Path) -> None:
    picture = ("p.png", b"\x89PNG\r\n\x1a\n.")
    about, data = ("README.md", b"# all"), ("x.jsonl", LINES)
    hidden = ("a/.x.jsonl", LINES)
    for members, read in (
        ([about, picture, data, hidden], ["x.jsonl"]),
        ([about, picture], ["p.png"]),
        ([about], ["README.md"]),
    ):
        path = put(tmp_path, "a.tar", tar_bytes(members))
        found = discover([str(path)])
        assert names(found) == read
        assert set(left(found)) == {name for name, _ in members} - set(read)
    assert names(discover([str(path)], format="image")) == []


def test_a_locked_zip_is_named(tmp_path: Path) -> None:
    data = bytearray(zip_bytes([("x.jsonl", LINES), ("y.jsonl", LINES)]))
    data[6] |= 1  # in the header of the first member …
    data[data.index(b"PK\x01\x02") + 8] |= 1  # … and in the directory
    found = discover([str(put(tmp_path, "a.zip", bytes(data)))])
    assert names(found) == ["y.jsonl"]
    assert "encrypted" in refused(found)["x.jsonl"]


def test_members_that_lie_over_one_another_are_a_bomb(tmp_path: Path) -> None:
    data = bytearray(zip_bytes([("x.jsonl", LINES), ("y.jsonl", LINES)], zipfile.ZIP_STORED))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = (0).to_bytes(4, "little")
    found = discover([str(put(tmp_path, "a.zip", bytes(data)))])
    assert not found.inputs
    assert "overlap" in found.refused[0].error.message


def test_a_member_that_expands_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_members, "MAX_RATIO_AFTER", 1 << 20)
    members = [("bomb.txt", bytes(4 << 20)), ("x.jsonl", LINES)]
    found = discover([str(put(tmp_path, "a.zip", zip_bytes(members)))])
    assert names(found) == ["x.jsonl"]
    assert "bomb" in refused(found)["bomb.txt"]


def test_an_archive_of_too_many_members_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    for packed in (tar_bytes, zip_bytes):
        path = put(tmp_path, "a", packed([(f"{n}.jsonl", LINES) for n in range(4)]))
        found = discover([str(path)])
        assert not found.inputs
        assert "more than 3 members" in found.refused[0].error.message
        path.write_bytes(packed([(f"{n}.jsonl", LINES) for n in range(3)]))
        assert len(discover([str(path)]).inputs) == 3


def test_a_directory_is_not_read_whatever_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_members, "_MOST_DIRECTORY", 100)
    path = put(tmp_path, "many.zip", zip_bytes([(f"{n}.jsonl", LINES) for n in range(4)]))
    (found,) = discover([str(path)]).refused
    assert "the directory of the zip archive has" in found.error.message


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.zst", "zip"])
@settings(max_examples=40)
@given(cut=st.integers(0, 4_000))
def test_an_archive_that_is_cut_off_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, cut: int
) -> None:
    texts = [f"text number {n} of many".encode() for n in range(3)]
    members = [(f"{n}.txt", text * 30) for n, text in enumerate(texts)]
    pack = {"tar": bytes, "tar.gz": gzip.compress, "tar.zst": zstandard.compress}
    whole = tar_bytes(members)[: 3 * 1536]  # no padding, which nobody would miss
    data = zip_bytes(members) if suffix == "zip" else pack[suffix](whole)
    data = data[: min(cut, len(data) - 1)]
    path = put(tmp_path_factory.mktemp("cut"), f"a.{suffix}", data)
    assert _complaints(path) or not cut or (suffix == "tar" and cut % 1536 == 0)


def _complaints(path: Path) -> list[str]:
    """What is said of an archive on the way through it."""
    try:
        found = discover([str(path)])
    except InputError as error:
        return [error.message]
    said = [each.error.message for each in found.refused]
    with MemberFiles() as shelf:
        for item in found.inputs:
            try:
                with shelf.opened(item) as source, open_bytes(source) as stream:
                    stream.read()
            except DamagedError as error:
                said.append(error.message)
    return said


@settings(max_examples=60)
@given(st.data())
def test_a_broken_archive_harms_nobody(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    members = [("a.jsonl", LINES * 20), ("b" * 120, LINES), ("c/d.txt", b"text" * 200)]
    whole = data.draw(st.sampled_from([tar_bytes(members), zip_bytes(members)]))
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = put(tmp_path_factory.mktemp("broken"), "a", bytes(broken))
    assert all(isinstance(each, str) for each in _complaints(path))


def test_a_header_can_claim_what_it_likes(tmp_path: Path) -> None:
    for size in (1 << 33, (1 << 56) - 1):
        long = _info("././@LongLink", tarfile.GNUTYPE_LONGNAME)
        long.size = size
        path = put(tmp_path, "a.tar", long.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
        (found,) = discover([str(path)]).refused
        assert "too long" in found.error.message


def test_archives_that_were_joined_are_read_to_the_end(tmp_path: Path) -> None:
    both = tar_bytes([("x.jsonl", LINES)]) + tar_bytes([("y.jsonl", LINES)])
    assert names(discover([str(put(tmp_path, "a.tar", both))])) == ["x.jsonl", "y.jsonl"]
    assert names(discover([str(put(tmp_path, "a.tar", gzip.compress(both)))])) == [
        "x.jsonl",
        "y.jsonl",
    ]
    behind = put(tmp_path, "b.tar", tar_bytes([("x.jsonl", LINES)]) + LINES)
    found = discover([str(behind)])
    assert names(found) == ["x.jsonl"]
    assert "bytes after its end" in found.refused[0].error.message


def test_an_archive_without_files_is_no_data(tmp_path: Path) -> None:
    for name, data in (("a.tar", tar_bytes([])), ("a.zip", zip_bytes([]))):
        found = discover([str(put(tmp_path, name, data))])
        assert not found.inputs
        assert found.skipped[0].reason == "an archive without files"


def test_a_member_is_found_again_by_its_uri(tmp_path: Path) -> None:
    for name, data in (
        ("a.tar.gz", tar_bytes([("d/x.jsonl", LINES), ("y.txt", b"y")], "w:gz")),
        ("a.zip", zip_bytes([("d/x.jsonl", LINES), ("y.txt", b"y")])),
    ):
        path = put(tmp_path, name, data)
        for item in discover([str(path)]).inputs:
            assert find_member(item.uri, item.format, item.compression) == item
        with pytest.raises(NotFoundError, match="no such member"):
            find_member(f"{path}!/none.jsonl", "jsonl", "")
        with pytest.raises(InputError, match="no archive"):
            discover([f"{put(tmp_path, 'plain.jsonl', LINES)}!/x"])


def test_a_path_is_split_at_the_first_archive_that_is_there(tmp_path: Path) -> None:
    assert split_uri(str(tmp_path / "a.tar!/b")) is None
    path = put(tmp_path, "odd!", tar_bytes([("x!/y.jsonl", LINES)]))
    assert split_uri(f"{path}!/x!/y.jsonl") == (str(path), "x!/y.jsonl")
    assert names(discover([f"{path}!/x!/y.jsonl"])) == ["x!/y.jsonl"]


def test_splits_are_told_by_the_folders_of_an_archive() -> None:
    assert split_of("/data/all.tar!/test/x.jsonl") == "test"
    assert split_of("/data/train/all.zip!/x.jsonl") == "train"
    assert split_of("/data/train-00.tar.gz!/x.jsonl") == "train"
    assert split_of("/data/train.tar!/dev/x.jsonl") == "validation"
    assert split_of("/data/all.tar!/x.jsonl") is None


def test_the_oldest_form_has_no_magic(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x.jsonl")
    info.size = len(LINES)
    head = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    head[257:265] = bytes(8)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    data = bytes(head) + LINES.ljust(512, b"\0") + bytes(1024)
    assert not tar_members.is_tar(data)
    assert names(discover([str(put(tmp_path, "a.tar", data))])) == ["x.jsonl"]


def test_members_of_a_packed_archive_are_unpacked_one_at_a_time(tmp_path: Path) -> None:
    members = [(f"{n}.jsonl", LINES * (n + 1)) for n in range(5)]
    path = put(tmp_path, "a.tgz", tar_bytes(members, "w:gz"))
    found = discover([str(path)]).inputs
    with MemberFiles() as shelf:
        for item in (*found, found[1]):  # in order, and once more
            with shelf.opened(item) as source:
                assert source.path.parent != tmp_path
                data = source.path.read_bytes()
            assert not source.path.exists()
            assert data == dict(members)[item.uri.rpartition("/")[2]]
    assert not source.path.parent.exists()
    assert isinstance(found[0], Input)
