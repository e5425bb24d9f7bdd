"""Render a disclosure as a Word document (Office Open XML), the same bytes for the same report."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from provenance.content.display import visible
from provenance.model.reports.disclosure import Disclosure, Line, Section
from provenance.reports.render import disclosure_wording

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of every member of the archive, so that equal reports give equal bytes."""

_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType='
    '"application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_WORD}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_WORD}.styles+xml"/></Types>'
)
_ROOT = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
)
_PARTS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
)
_PAGE = (
    '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="1134" '
    'w:bottom="1134" w:left="1134" w:header="567" w:footer="567" w:gutter="0"/></w:sectPr>'
)


def disclosure_docx(report: Disclosure) -> bytes:
    """Render the document, with heading styles for a table of contents."""
    body = [
        _paragraph(report.title, "Title"),
        _paragraph(report.law),
        _paragraph(
            f"{disclosure_wording.completeness(report)}. Release {report.release}.", bold=True
        ),
        _paragraph(disclosure_wording.synthetic(report)),
        _paragraph(disclosure_wording.unknown(report)),
        _paragraph(disclosure_wording.vouched(report)),
        *(_paragraph(f"Warning: {warning}") for warning in report.warnings),
    ]
    for section in report.sections:
        body += _section(section)
    body += [
        _paragraph(f"Sealed {report.created_at.isoformat()} by prov {report.tool_version}."),
        _paragraph(f"Body digest {report.body_digest}"),
    ]
    inner = f"<w:body>{''.join(body)}{_PAGE}</w:body>"
    document = f'{_HEAD}<w:document xmlns:w="{_W}">{inner}</w:document>'
    return _zipped(
        {
            "[Content_Types].xml": _TYPES,
            "_rels/.rels": _ROOT,
            "word/_rels/document.xml.rels": _PARTS,
            "word/document.xml": document,
            "word/styles.xml": _styles(),
        }
    )


def _zipped(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(
                zipfile.ZipInfo(name, _EPOCH), content, compress_type=zipfile.ZIP_DEFLATED
            )
    return out.getvalue()


def _section(section: Section) -> list[str]:
    title = section.title if section.number == "0" else f"{section.number} {section.title}"
    found = [_paragraph(title, "Heading1")]
    plain = [line for line in section.lines if line.table is None]
    if plain:
        found.append(_table(("Field", "Content", "From"), [_row(line) for line in plain]))
    for line in section.lines:
        if line.table is not None:
            found.append(_paragraph(line.label, "Heading2"))
            rows = [[disclosure_wording.scalar(one) for one in row] for row in line.table.rows]
            found.append(_table(line.table.columns, rows))
    return found


def _row(line: Line) -> tuple[str, str, str]:
    return line.label, "; ".join(disclosure_wording.values(line)), disclosure_wording.origin(line)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    border = '<w:{0} w:val="single" w:sz="4" w:space="0" w:color="BBBBBB"/>'
    sides = ("top", "left", "bottom", "right", "insideH", "insideV")
    borders = "".join(border.format(side) for side in sides)
    grid = f'<w:gridCol w:w="{9600 // len(heads)}"/>' * len(heads)
    head = "<w:trPr><w:tblHeader/></w:trPr>" + "".join(_cell(name, bold=True) for name in heads)
    body = "".join(f"<w:tr>{''.join(_cell(one) for one in row)}</w:tr>" for row in rows)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>{borders}</w:tblBorders>'
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid><w:tr>{head}</w:tr>{body}</w:tbl><w:p/>"
    )


def _cell(value: str, *, bold: bool = False) -> str:
    width = '<w:tcPr><w:tcW w:w="0" w:type="auto"/></w:tcPr>'
    return f"<w:tc>{width}{_paragraph(value, bold=bold)}</w:tc>"


def _paragraph(value: str, style: str | None = None, *, bold: bool = False) -> str:
    named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    strong = "<w:rPr><w:b/></w:rPr>" if bold else ""
    lines = "<w:br/>".join(
        f'<w:t xml:space="preserve">{escape(visible(line))}</w:t>' for line in value.splitlines()
    )
    return f"<w:p>{named}<w:r>{strong}{lines}</w:r></w:p>"


def _styles() -> str:
    """Define styles under the names that word processors know."""
    sizes = {"Title": ("Title", 40), "Heading1": ("heading 1", 28), "Heading2": ("heading 2", 24)}
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{called}"/>'
        '<w:pPr><w:keepNext/><w:spacing w:before="240" w:after="80"/></w:pPr>'
        f'<w:rPr><w:b/><w:sz w:val="{size}"/></w:rPr></w:style>'
        for name, (called, size) in sizes.items()
    )
    plain = (
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
        '<w:pPr><w:spacing w:after="80"/></w:pPr><w:rPr><w:sz w:val="20"/></w:rPr></w:style>'
    )
    return f'{_HEAD}<w:styles xmlns:w="{_W}">{plain}{styles}</w:styles>'
