"""HTML, PDF, EPUB and DOCX: one file is one text, and no file is a way to harm its reader."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from support.reader_contract import Reading, check_reader

import provenance
from provenance.errors import InputError, MisuseError, NotFoundError
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.discovery.detect import detect
from provenance.io.discovery.discover import discover
from provenance.io.readers.documents.text_documents import Document
from provenance.operations.ingest.options import IngestOptions

LAYOUT = ReadLayout("text", ("text",), ("media_type",))
TEXT = "The harbour was frozen for eleven weeks, and nobody could leave before March came."


def html(text: str = TEXT) -> bytes:
    head = "<head><title>T</title><script>var model = 'gpt-4'</script></head>"
    return f"<!DOCTYPE html><html>{head}<body><main><p>{text}</p></main></body></html>".encode()


def pdf(text: str = TEXT) -> bytes:
    """The least file that says a text, as ISO 32000-1 has it in annex H."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + table
    return bytes(out + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start)


def word(text: str = TEXT) -> bytes:
    document, sink = docx.Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(sink)
    return sink.getvalue()


CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
)


def opf(*chapters: str) -> str:
    items = "".join(f'<item id="{name}" href="{name}.xhtml"/>' for name in sorted(chapters))
    spine = "".join(f'<itemref idref="{name}"/>' for name in chapters)
    inner = f"<manifest>{items}</manifest><spine>{spine}</spine>"
    return f'<package xmlns="http://www.idpf.org/2007/opf">{inner}</package>'


def packed(members: dict[str, bytes | str]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content in members.items():
            how = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, how)
    return sink.getvalue()


def epub(text: str = TEXT, **members: bytes | str) -> bytes:
    fixed: dict[str, bytes | str] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OPS/book.opf": opf("one"),
        "OPS/one.xhtml": html(text),
    }
    return packed(fixed | members)


MADE: dict[str, Callable[..., bytes]] = {"html": html, "pdf": pdf, "epub": epub, "docx": word}


def read(path: Path, form: str, data: bytes, layout: ReadLayout = LAYOUT) -> Reading:
    path.write_bytes(data)
    return check_reader(Document(), Input(path.as_posix(), path, form), layout)


@pytest.mark.newest
@pytest.mark.parametrize("form", MADE)
def test_a_document_is_its_text(tmp_path: Path, form: str) -> None:
    reading = read(tmp_path / "a", form, MADE[form]())
    assert reading.content == [TEXT]
    assert "/" in str(reading.fields[0][0])


@pytest.mark.parametrize("form", MADE)
def test_a_document_is_known_by_its_content(tmp_path: Path, form: str) -> None:
    (tmp_path / "letter").write_bytes(MADE[form]())
    assert detect(tmp_path / "letter") == (form, "")
    (tmp_path / f"a.{form}").write_bytes(MADE[form]())
    assert detect(tmp_path / f"a.{form}") == (form, "")


@pytest.mark.parametrize("form", ["pdf", "epub", "docx"])
def test_what_is_named_so_and_is_not_is_refused(tmp_path: Path, form: str) -> None:
    (tmp_path / f"a.{form}").write_text("404 not found")
    with pytest.raises(InputError, match="its content is not"):
        detect(tmp_path / f"a.{form}")


@pytest.mark.parametrize("form", ["pdf", "epub", "docx"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.95])
def test_what_is_cut_short_is_one_reject(tmp_path: Path, form: str, kept: float) -> None:
    data = MADE[form]("x" * 5_000)
    reading = read(tmp_path / "a", form, data[: int(len(data) * kept)])
    assert reading.read == 1
    assert all(reason.startswith(("file: ", "there is no text")) for reason in reading.reasons)


@pytest.mark.parametrize("form", MADE)
def test_a_document_without_text_is_a_reject(tmp_path: Path, form: str) -> None:
    assert read(tmp_path / "a", form, MADE[form]("")).reasons != []
    assert read(tmp_path / "a", form, b"").reasons == ["the file is empty"]


@pytest.mark.parametrize("form", MADE)
def test_the_text_is_what_is_bounded(tmp_path: Path, form: str) -> None:
    layout = ReadLayout("text", ("text",), max_record=50)
    assert "longer than" in read(tmp_path / "a", form, MADE[form](), layout).reasons[0]


def test_a_document_has_no_other_field(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(html())
    source = Input((tmp_path / "a").as_posix(), tmp_path / "a", "html")
    with pytest.raises(NotFoundError, match="no field title"):
        list(Document().read(source, ReadLayout("text", ("title",))))
    with pytest.raises(MisuseError, match="read as text"):
        list(Document().read(source, ReadLayout("binary", ("text",))))


def test_chapters_come_in_the_order_of_the_spine(tmp_path: Path) -> None:
    book = {"OPS/book.opf": opf("two", "one"), "OPS/two.xhtml": html("The second comes first.")}
    (text,) = read(tmp_path / "a", "epub", epub(**book)).content
    assert text == f"The second comes first.\n\n{TEXT}"
    missing = read(tmp_path / "a", "epub", epub(**{"OPS/book.opf": opf("three")}))
    assert "chapter 'OPS/three.xhtml' is missing" in missing.reasons[0]


def test_tables_of_a_document_stand_where_they_are(tmp_path: Path) -> None:
    document, sink = docx.Document(), io.BytesIO()
    document.add_paragraph("before")
    row = document.add_table(rows=1, cols=2).rows[0]
    row.cells[0].text, row.cells[1].text = "left", "right"
    document.add_paragraph("after")
    document.save(sink)
    reading = read(tmp_path / "a", "docx", sink.getvalue())
    assert reading.content == ["before\nleft\tright\nafter"]


@pytest.mark.parametrize("form", ["epub", "docx"])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, form: str) -> None:
    zeros = {"big": b"\0" * (70 << 20)}
    data = epub(**zeros) if form == "epub" else packed({"word/document.xml": "", **zeros})
    assert "bomb" in read(tmp_path / "a", form, data).reasons[0]


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">' + "".join(
    f'<!ENTITY {chr(99 + n)} "{f"&{chr(98 + n)};" * 10}">' for n in range(12)
)


def test_entities_stand_for_nothing(tmp_path: Path) -> None:
    bomb = f"{LAUGHS}]>{opf('one').replace('<manifest>', '<manifest>&n;')}"
    reading = read(tmp_path / "a", "epub", epub(**{"OPS/book.opf": bomb}))
    assert reading.content in ([TEXT], [])
    secret = tmp_path / "secret"
    secret.write_text("a secret of this machine")
    chapter = html("&own;").replace(b"<!DOCTYPE html>", b"")
    own = f'<!DOCTYPE html [<!ENTITY own SYSTEM "{secret.as_uri()}">]>'.encode() + chapter
    assert "secret of" not in str(read(tmp_path / "a", "epub", epub(**{"OPS/one.xhtml": own})))


def test_pages_that_go_round_in_circles_end(tmp_path: Path) -> None:
    circle = pdf().replace(b"/Kids[3 0 R]", b"/Kids[2 0 R]")
    assert read(tmp_path / "a", "pdf", circle).content == []


@pytest.mark.parametrize(
    ("form", "module"),
    [("html", "trafilatura"), ("epub", "trafilatura"), ("pdf", "pypdf"), ("docx", "docx")],
)
def test_without_its_library_a_document_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, module: str
) -> None:
    path = tmp_path / "a"
    path.write_bytes(MADE[form]())
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MisuseError, match=f"{module} is needed") as caught:
        list(Document().read(Input(path.as_posix(), path, form), LAYOUT))
    assert "prov-ledger[documents]" in str(caught.value.hint)


@pytest.mark.slow
def test_a_folder_of_documents_is_one_set(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for form, made in MADE.items():
        (data / f"a.{form}").write_bytes(made())
    assert len(discover([str(data)]).inputs) == len(MADE)
    ledger = provenance.init(str(tmp_path / "ledger"))
    answer = ledger.ingest([str(data)], IngestOptions(source="s", label="human"))
    assert (answer.read, answer.kept) == (4, 4)
    assert ledger.status().records == 1
