"""WARC, WET and ARC: framing, payloads, and archives of other people's making."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from support.reader_cases import FOLDER, case_folders, check_case
from support.reader_contract import check_reader, read_all

from provenance.errors import InputError
from provenance.io.contract.reader import Input, ReadLayout, Shape
from provenance.io.discovery.detect import detect
from provenance.io.readers.warc.warc import Warc
from provenance.io.records.content_fields import choose_content

PAYLOAD = ReadLayout("binary", ("payload",), ("WARC-Record-ID", "WARC-Target-URI", "Content-Type"))


def _source(path: Path, data: bytes, compression: str = "") -> Input:
    path.write_bytes(data)
    return Input(path.as_posix(), path, "warc", compression)


def _archive(bodies: list[bytes], *, zipped: bool) -> bytes:
    """An archive of HTTP responses, each in its own gzip member as crawlers write them."""
    members = []
    for number, body in enumerate(bodies):
        block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
        head = (
            f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{number}>\r\n"
            f"WARC-Target-URI: http://example.com/{number}\r\n"
            f"Content-Length: {len(block)}\r\n\r\n"
        )
        member = head.encode() + block + b"\r\n\r\n"
        members.append(gzip.compress(member, mtime=0) if zipped else member)
    return b"".join(members)


@pytest.mark.parametrize("case", case_folders("warc"), ids=lambda case: case.name)
def test_case(case: Path, update: bool) -> None:
    check_case(case, update=update)


@given(st.lists(st.binary(max_size=60), max_size=6), st.booleans())
@settings(max_examples=30)
def test_every_body_comes_back(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes], zipped: bool
) -> None:
    path = tmp_path_factory.mktemp("warc") / "a.warc"
    source = _source(path, _archive(bodies, zipped=zipped), "gz" if zipped and bodies else "")
    reading = check_reader(Warc(), source, PAYLOAD)
    assert reading.content == [body for body in bodies if body]
    assert reading.reasons == ["the payload is empty" for body in bodies if not body]
    assert reading.read == len(bodies)


@given(cut=st.integers(min_value=0, max_value=10_000), byte=st.integers(0, 255))
def test_a_damaged_archive_adds_up(
    tmp_path_factory: pytest.TempPathFactory, cut: int, byte: int
) -> None:
    whole = (FOLDER / "warc-http-payloads" / "input.warc").read_bytes()
    place = cut % len(whole)
    path = tmp_path_factory.mktemp("warc") / "a.warc"
    for data in (whole[:place], whole[:place] + bytes([byte]) + whole[place + 1 :]):
        source = _source(path, data)
        try:
            reading = check_reader(Warc(), source, PAYLOAD)
        except InputError:  # nothing of it is an archive
            continue
        assert reading.read <= 13


def test_one_gzip_member_around_many_records_is_read(tmp_path: Path) -> None:
    data = gzip.compress(_archive([b"a", b"b"], zipped=False))
    reading = check_reader(Warc(), _source(tmp_path / "a.warc.gz", data, "gz"), PAYLOAD)
    assert reading.content == [b"a", b"b"]


def test_a_payload_beyond_the_limit_is_a_reject(tmp_path: Path) -> None:
    data = _archive([b"x" * 5000, b"short"], zipped=False)
    layout = ReadLayout("binary", ("payload",), max_record=1000)
    reading = check_reader(Warc(), _source(tmp_path / "a.warc", data), layout)
    assert reading.rows == [2]
    assert [each["row"] for each in reading.rejects] == [1]


def test_a_bomb_in_a_payload_is_a_reject(tmp_path: Path) -> None:
    http = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"\0" * 10_000_000)
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://example.com/\r\n"
        f"Content-Length: {len(http)}\r\n\r\n"
    )
    source = _source(tmp_path / "a.warc", head.encode() + http + b"\r\n\r\n")
    layout = ReadLayout("binary", ("payload",), max_record=1_000_000)
    reading = check_reader(Warc(), source, layout)
    assert reading.reasons == ["longer than 1000000 bytes (--max-record)"]


def test_headers_without_end_stop_early(tmp_path: Path) -> None:
    source = _source(tmp_path / "a.warc", b"WARC/1.0\r\n" + b"A: b\r\n" * 400_000)
    batches = list(Warc().read(source, PAYLOAD))
    (reason,) = batches[0].rejects["reason"].to_pylist()
    assert reason.startswith("file: a header is too long")


def test_arc_dates_and_names_are_those_of_warc(tmp_path: Path) -> None:
    block = b"HTTP/1.1 200 OK\r\n\r\n<p>hello"
    data = (
        b"filedesc://a.arc 127.0.0.1 20140216050221 text/plain 68\n1 0 Example\n"
        b"URL IP-address Archive-date Content-type Archive-length\n\n"
        b"http://example.com/ 127.0.0.1 20140216050222 text/html "
        + str(len(block)).encode()
        + b"\n"
        + block
        + b"\n"
    )
    source = _source(tmp_path / "a.arc", data)
    layout = ReadLayout("binary", ("payload",), ("WARC-Target-URI", "WARC-Date", "WARC-Record-ID"))
    reading = check_reader(Warc(), source, layout)
    assert reading.content == [b"<p>hello"]
    assert reading.fields == [("http://example.com/", "2014-02-16T05:02:22Z", None)]


def _bare(kind: str, uri: str = "http://example.com/") -> bytes:
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\nContent-Length: 2\r\n\r\n"
    return head.encode() + b"ab\r\n\r\n"


def test_an_archive_without_data_is_an_error(tmp_path: Path) -> None:
    kinds = ["warcinfo", "request", "revisit", "request", "invented\x1b[31m", "metadata"]
    data = b"".join(map(_bare, kinds)) + _bare("response", "dns:example.com")
    source = _source(tmp_path / "a.warc", data)
    Warc().probe(source)
    with pytest.raises(InputError) as caught:
        list(Warc().read(source, PAYLOAD))
    assert caught.value.message == (
        "no data records: 1 lookup, 1 metadata, 1 other, 2 request, 1 revisit, 1 warcinfo"
    )
    assert "conversion, resource, response" in caught.value.hint


@pytest.mark.parametrize(
    ("more", "kept", "reasons"),
    [
        (_bare("resource"), 1, []),
        (_bare("resource").replace(b": 2", b": 0").replace(b"ab", b""), 0, ["is empty"]),
        (b"neither a record nor blank\r\n", 0, ["file: no record header"]),
    ],
)
def test_one_data_record_or_damage_is_something(
    tmp_path: Path, more: bytes, kept: int, reasons: list[str]
) -> None:
    source = _source(tmp_path / "a.warc", _bare("warcinfo") + more)
    reading = read_all(Warc(), source, PAYLOAD)
    assert len(reading.rows) == kept
    assert len(reading.reasons) == len(reasons)
    assert all(said in found for said, found in zip(reasons, reading.reasons, strict=True))


def test_an_empty_archive_is_no_error(tmp_path: Path) -> None:
    assert check_reader(Warc(), _source(tmp_path / "a.warc", b""), PAYLOAD).read == 0


NO_DATA = {
    "warc_whirlwind/whirlwind.warc.wat": "no data records: 1 metadata, 1 warcinfo",
    "warc_warcio/example-digest.warc": "no data records: 4 request",
}


@pytest.mark.real_data
@pytest.mark.parametrize("name", NO_DATA)
def test_archives_without_data(real_data: Path, name: str) -> None:
    path = real_data / name
    source = Input(path.as_posix(), path, "warc")
    choice = choose_content(Warc().probe(source), (), "warc")
    with pytest.raises(InputError) as caught:
        list(Warc().read(source, ReadLayout(choice.kind, choice.content)))
    assert caught.value.message == NO_DATA[name]


REAL = {
    # file: (kind, kept, reasons)
    "warc_whirlwind/whirlwind.warc": ("binary", 1, []),
    "warc_whirlwind/whirlwind.warc.gz": ("binary", 1, []),
    "warc_whirlwind/whirlwind.warc.wet": ("text", 1, []),
    "warc_whirlwind/whirlwind.warc.wet.gz": ("text", 1, []),
    "warc_warcio/example.arc": ("binary", 1, []),
    "warc_warcio/example.arc.gz": ("binary", 1, []),
    "warc_warcio/example.warc": ("binary", 1, []),
    "warc_warcio/example.warc.gz": ("binary", 1, []),
    "warc_warcio/example-bad-non-chunked.warc.gz": ("binary", 1, []),
    "warc_warcio/example-bad.warc.gz.bad": ("binary", 2, []),
    "warc_warcio/example-iana.org-chunked.warc": ("binary", 1, []),
    "warc_warcio/example-resource.warc.gz": ("binary", 1, []),
    "warc_warcio/example-space-in-target-uri.warc.gz": ("binary", 1, []),
    "warc_warcio/example-wget-bad-target-uri.warc.gz": ("binary", 3, []),
    "warc_warcio/example-wrong-chunks.warc.gz": ("binary", 1, []),
    "warc_warcio/post-test.warc.gz": ("binary", 3, []),
    "warc_warcio/example-trunc.warc": ("binary", 0, ["Content-Length does not fit the record"]),
    "warc_warcio/example-space-in-url.arc": (
        "binary",
        0,
        ["file: truncated, 12 of 1591 bytes of a record are missing"],
    ),
    "warc_warcio/bad.arc": (
        "binary",
        1,
        ["Content-Length '-1' is not a size", "Content-Length 'abc' is not a size"],
    ),
    "dolma_fixtures/warc/sample-0000.warc.gz": ("binary", 24, []),
    "dolma_fixtures/warc/sample-0001.warc.gz": ("binary", 17, []),
}


@pytest.mark.real_data
@pytest.mark.parametrize("name", REAL)
def test_archives_of_other_people(real_data: Path, name: str) -> None:
    path = real_data / name
    kind, kept, reasons = REAL[name]
    found, compression = detect(path)
    assert found == "warc"
    source = Input(path.as_posix(), path, found, compression)
    shape: Shape = Warc().probe(source)
    choice = choose_content(shape, (), found)
    assert choice.kind == kind
    reading = check_reader(Warc(), source, ReadLayout(choice.kind, choice.content))
    assert (len(reading.rows), reading.reasons) == (kept, reasons)


@pytest.mark.real_data
def test_plain_and_zipped_archives_say_the_same(real_data: Path) -> None:
    folder = real_data / "warc_whirlwind"
    readings = [
        check_reader(Warc(), Input(str(folder / name), folder / name, "warc", zipped), layout)
        for layout in [ReadLayout("text", ("text",), ("WARC-Identified-Content-Language",))]
        for name, zipped in [("whirlwind.warc.wet", ""), ("whirlwind.warc.wet.gz", "gz")]
    ]
    assert readings[0] == readings[1]
    assert readings[0].fields == [("spa",)]


@pytest.mark.real_data
def test_a_list_of_paths_is_no_archive(real_data: Path) -> None:
    assert detect(real_data / "warc_whirlwind" / "CC-MAIN-2024-22.warc.paths.gz")[0] is None
