"""Small valid documents."""

from __future__ import annotations

import base64
import io
import zipfile
import zlib
from collections.abc import Mapping

TEXT = "The harbour was frozen for eleven weeks, and nobody could leave before March came."

_DAY = (2024, 1, 1, 0, 0, 0)


def packed(members: Mapping[str, bytes | str]) -> bytes:
    """A zip archive that is the same on every day."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for place, (name, content) in enumerate(members.items()):
            how = zipfile.ZIP_DEFLATED if place % 3 else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(name, _DAY), content, how)
    return sink.getvalue()


def html(text: str = TEXT) -> bytes:
    """A page with a main text, beside what is none."""
    head = '<head><title>T</title><meta charset="utf-8"><script>var a = "<p>"</script></head>'
    rest = f"<ul><li>one<li>two &amp; &#x8a9e;</ul><table><tr><td>{text}<td>b</table>"
    body = f"<body><nav>menu</nav><main><h1>T</h1><p>{text}</p>{rest}</main><!-- c --></body>"
    return f"<!DOCTYPE html><html lang=en>{head}{body}</html>".encode()


def pages() -> list[bytes]:
    """A page as it is, one in another encoding, and one that is all table."""
    cells = "<tr><td>a<td><b><i>" * 40
    all_table = f"<html><body><table>{cells}{TEXT}</table></body></html>".encode()
    return [html(), html().decode().encode("utf-16"), all_table]


def pdfs() -> list[bytes]:
    """The least file that says a text, as ISO 32000-1 has it in annex H, and packed streams."""
    stream = f"BT /F1 12 Tf 72 720 Td ({TEXT}) Tj 0 -14 Td [(some) -250 (more)] TJ ET".encode()
    zipped = zlib.compress(stream)
    lettered = base64.a85encode(zipped, adobe=True)
    streams = [
        (b"", stream),
        (b"/Filter/FlateDecode", zipped),
        (b"/Filter[/ASCII85Decode/FlateDecode]", lettered),
    ]
    return [_pdf(*each, by_stream=bool(n % 2)) for n, each in enumerate(streams)]


_MAP = (
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /A def\n"
    b"1 begincodespacerange <00> <ff> endcodespacerange\n"
    b"1 beginbfrange <20> <7e> <0020> endbfrange endcmap end end"
)


def _pdf(filters: bytes, stream: bytes, *, by_stream: bool) -> bytes:
    """A page with one content stream, and a table of its objects as text or as a stream."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 612 792]>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<<%s/Length %d>>stream\n%s\nendstream" % (filters, len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/FirstChar 32/Widths[278]/ToUnicode 6 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(_MAP), _MAP),
    ]
    out, places = bytearray(b"%PDF-1.5\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, content)
    start, size = len(out), len(objects) + 1
    if by_stream:
        rows = b"".join(b"\1" + place.to_bytes(4) + b"\0" for place in (*places, start))
        table = zlib.compress(b"\0" * 5 + b"\xff" + rows)
        known = b"/Type/XRef/W[1 4 1]/Root 1 0 R/Size %d/Filter/FlateDecode" % (size + 1)
        form = b"%d 0 obj<<%s/Length %d>>stream\n%s\nendstream endobj\n"
        out += form % (size, known, len(table), table)
    else:
        out += b"xref\n0 %d\n0000000000 65535 f \n" % size
        out += b"".join(b"%010d 00000 n \n" % place for place in places)
        out += b"trailer<</Size %d/Root 1 0 R>>\n" % size
    return bytes(out + b"startxref\n%d\n%%%%EOF" % start)


_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
)
_BOOK = (
    '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="a" href="a.xhtml"/>'
    '<item id="b" href="b%20b.xhtml"/></manifest>'
    '<spine><itemref idref="b"/><itemref idref="a"/></spine></package>'
)


def books() -> list[bytes]:
    """Two chapters."""
    members: dict[str, bytes | str] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": _CONTAINER,
        "OPS/book.opf": _BOOK,
        "OPS/a.xhtml": html(),
        "OPS/b b.xhtml": html("Another chapter."),
    }
    return [packed(members)]


_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_RELATIONS = "application/vnd.openxmlformats-package.relationships+xml"


def letters() -> list[bytes]:
    """Paragraphs and a table, with no more parts than ECMA-376 asks for."""
    cells = "".join(f"<w:tc><w:p><w:r><w:t>{n}</w:t></w:r></w:p></w:tc>" for n in range(3))
    grid = "<w:tblPr/><w:tblGrid>" + "<w:gridCol/>" * 3 + "</w:tblGrid>"
    table = f"<w:tbl>{grid}<w:tr>{cells}</w:tr><w:tr>{cells}</w:tr></w:tbl>"
    paragraph = f"<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>{TEXT}</w:t><w:tab/></w:r></w:p>"
    body = f"<w:body>{paragraph}{table}{paragraph}<w:sectPr/></w:body>"
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="{_RELATIONS}"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_MAIN}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r" Type="{_RELATION}" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{_WORD}">{body}</w:document>',
    }
    return [packed(parts)]
