"""Extract the text of HTML, PDF, EPUB and DOCX documents with libraries."""

from __future__ import annotations

import io
import logging
import posixpath
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from provenance.io.contract.optional_libraries import require_library
from provenance.io.streams.compression import MAX_RATIO, MAX_RATIO_AFTER

_EXTRA = "documents"
_MOST_UNPACKED = min(MAX_RATIO_AFTER, 512 << 20)
_MOST_PAGES = 20_000
_CONTAINER = "META-INF/container.xml"
_PACKAGE = "{http://www.idpf.org/2007/opf}"


class DocumentError(Exception):
    """A document has no readable text; the message is the reason."""


def _of_html(data: bytes) -> str:
    trafilatura = require_library("trafilatura", _EXTRA, "HTML")
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    tree = trafilatura.load_html(data)
    if tree is None:
        raise DocumentError("no HTML")
    found = trafilatura.extract(data, include_comments=False, favor_recall=True)
    # Of a page without a main text all of its text.
    return str(found or trafilatura.html2txt(data) or "")


def _of_pdf(data: bytes) -> str:
    pypdf = require_library("pypdf", _EXTRA, "PDF files")
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it repairs is no news
    file = pypdf.PdfReader(io.BytesIO(data))
    if file.is_encrypted and not file.decrypt(""):
        raise DocumentError("the file is encrypted")
    if len(file.pages) > _MOST_PAGES:
        raise DocumentError(f"more than {_MOST_PAGES:,} pages")
    return "\n\n".join(filter(None, (page.extract_text().strip() for page in file.pages)))


def _of_docx(data: bytes) -> str:
    docx = require_library("docx", _EXTRA, "DOCX files")
    _unpackable(data).close()
    return "\n".join(_blocks(docx.Document(io.BytesIO(data))))


def _blocks(document: Any) -> Iterator[str]:
    """Yield paragraphs and, with tabs between cells, tables, in the order of the document."""
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            yield from ("\t".join(cell.text for cell in row.cells) for row in block.rows)
        else:
            yield block.text


def _of_epub(data: bytes) -> str:
    trafilatura = require_library("trafilatura", _EXTRA, "EPUB files")
    with _unpackable(data) as book:
        texts = (trafilatura.html2txt(book.read(name)) for name in _chapters(book))
        return "\n\n".join(text for text in texts if text)


def _chapters(book: zipfile.ZipFile) -> Iterator[str]:
    """List the chapters in the order of the spine (EPUB 3.3, section 5.7)."""
    container = _xml(book.read(_CONTAINER))
    package = container.find(".//{*}rootfile").get("full-path")
    tree = _xml(book.read(package))
    items = {each.get("id"): each.get("href") for each in tree.iter(f"{_PACKAGE}item")}
    members = set(book.namelist())
    for each in tree.iter(f"{_PACKAGE}itemref"):
        path = posixpath.join(posixpath.dirname(package), unquote(items[each.get("idref")]))
        name = posixpath.normpath(path)
        if name not in members:
            raise DocumentError(f"its chapter {name!r} is missing")
        yield name


def _xml(data: bytes) -> Any:
    etree = require_library("lxml.etree", _EXTRA, "EPUB files")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    return etree.fromstring(data, parser)


def _unpackable(data: bytes) -> zipfile.ZipFile:
    """Open a zip archive that is no bomb, by the sizes it states.

    Raises:
        DocumentError: it unpacks to more than a document can be.
    """
    archive = zipfile.ZipFile(io.BytesIO(data))
    size = sum(member.file_size for member in archive.infolist())
    if size > min(_MOST_UNPACKED, max(64 << 20, MAX_RATIO * len(data))):
        raise DocumentError("it unpacks to far more than it is, like a decompression bomb")
    if any(member.flag_bits & 1 for member in archive.infolist()):
        raise DocumentError("the file is encrypted")
    return archive


TEXT_OF: Mapping[str, Callable[[bytes], str]] = {
    "html": _of_html,
    "pdf": _of_pdf,
    "epub": _of_epub,
    "docx": _of_docx,
}
"""Text extraction by format."""
