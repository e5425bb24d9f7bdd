"""Lines of text: each that is not blank is a record, all at once or one by one."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from support.reader_contract import check_reader, read_all

from provenance.errors import MisuseError, NotFoundError
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.readers.text_lines import TextLines
from provenance.io.streams.compression import DamagedError

TEXT = ReadLayout("text", ("text",))


def put(path: Path, data: bytes, compression: str = "") -> Input:
    path.write_bytes(data)
    return Input(path.as_posix(), path, "lines", compression)


LINE = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=12).map(str.encode),
    st.binary(max_size=6).map(lambda data: data.replace(b"\n", b"")),
    st.sampled_from([b"", b"  ", b"\t\r", b"a\r", b"\0", b" x"]),
)


@settings(max_examples=60)
@given(st.lists(LINE, max_size=8), st.sampled_from([b"", b"\n"]), st.booleans())
def test_every_line_that_is_not_blank_is_kept_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], end: bytes, packed: bool
) -> None:
    data = b"\n".join(lines) + end
    folder = tmp_path_factory.mktemp("lines")
    plain = put(folder / "a.txt", data)
    source = put(folder / "a.gz", gzip.compress(data), "gz") if packed else plain
    reading = check_reader(TextLines(), source, TEXT)
    whole = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    wanted, refused = {}, []
    for row, line in enumerate(whole, start=1):
        if line.strip(b" \t\r"):
            text = line.removesuffix(b"\r").decode("utf-8", "surrogateescape")
            if "\0" in text or any("\udc80" <= sign <= "\udcff" for sign in text):
                refused.append(row)
            else:
                wanted[row] = text
    assert dict(zip(reading.rows, reading.content, strict=True)) == wanted
    assert [reject["row"] for reject in reading.rejects] == refused
    structured = read_all(TextLines(), source, ReadLayout("structured", ("*",)))
    assert structured.rows == reading.rows


def test_long_lines_are_refused_whatever_is_beside_them(tmp_path: Path) -> None:
    source = put(tmp_path / "a", b"short\n" + b"x" * 50 + b"\nlast")
    reading = check_reader(TextLines(), source, ReadLayout("text", ("text",), max_record=20))
    assert reading.content == ["short", "last"]
    assert "longer than 20 bytes" in reading.reasons[0]


def test_damage_fails_a_file(tmp_path: Path) -> None:
    data = b"".join(b"line number %d of this text\n" % n for n in range(5_000))
    source = put(tmp_path / "a.gz", gzip.compress(data)[:-2_000], "gz")
    with pytest.raises(DamagedError, match="is truncated"):
        check_reader(TextLines(), source, TEXT)


def test_lines_have_one_field_and_no_bytes(tmp_path: Path) -> None:
    source = put(tmp_path / "a", b"a\n")
    assert TextLines().probe(source).native == ("text",)
    with pytest.raises(NotFoundError):
        list(TextLines().read(source, ReadLayout("text", ("body",))))
    with pytest.raises(MisuseError):
        list(TextLines().read(source, ReadLayout("binary", ("text",))))
