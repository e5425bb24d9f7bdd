"""Read HTML, PDF, EPUB and DOCX files, each as one record with its visible text.

Another version of a library may extract another text of the same file: the ledger then reports that
the record has changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provenance.content.json_writer import compact_json
from provenance.errors import MisuseError, NotFoundError
from provenance.io.contract.reader import Batch, Input, Portion, ReadLayout, Shape, too_long_reason
from provenance.io.readers.columnar.batches import failure_reason
from provenance.io.readers.documents.extract_text import TEXT_OF, DocumentError
from provenance.io.readers.whole_file import FileBytes, read_file
from provenance.io.records.batch_builder import BatchBuilder

MEDIA_TYPES = {
    "html": "text/html",
    "pdf": "application/pdf",
    "epub": "application/epub+zip",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}

_MOST_BYTES = 256 << 20
"""Most bytes of a document with its pictures; ``--max-record`` limits its text."""


class Document:
    """Reader of documents; their one further field is ``media_type``."""

    names: Sequence[str] = tuple(MEDIA_TYPES)

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """Return the fixed fields."""
        return Shape({"media_type": "string", "text": "string"}, (), ("text",))

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """Yield the file as row 1; ``part`` is not for such formats.

        Raises:
            NotFoundError: the layout asks for another field than the text.
            MisuseError: it asks for bytes, or the libraries are not installed.
        """
        if part is not None:
            raise ValueError("a document is one record: this format has no slices")
        _require_text(layout)
        collector = BatchBuilder(layout, original=original)
        _keep(collector, read_file(source, _MOST_BYTES), layout, source.format)
        yield collector.batch()


def _require_text(layout: ReadLayout) -> None:
    if layout.content not in {("text",), ("*",)}:
        raise NotFoundError(
            f"no field {', '.join(layout.content)} in a document",
            hint="its content is its text; leave `--content` out",
        )
    if layout.kind == "binary":
        raise MisuseError("a document is read as text", hint="leave `--content` out")


def _keep(collector: BatchBuilder, whole: FileBytes, layout: ReadLayout, form: str) -> None:
    text, defect = _text(whole, layout.max_record, form)
    if defect:
        collector.reject_hashed(1, 0, defect, whole.digest, whole.size)
        return
    record = {"media_type": MEDIA_TYPES[form], "text": text}
    content = text if layout.kind == "text" else compact_json({"text": text})
    fields = [record.get(name) for name in layout.fields]
    row = compact_json(record) if collector.with_original else None
    collector.keep(1, (content, fields), row, record, len(text))


def _text(whole: FileBytes, limit: int, form: str) -> tuple[str, str]:
    """Extract the text, or return the reason why there is none."""
    if whole.size > _MOST_BYTES:
        return "", too_long_reason(_MOST_BYTES)
    if not whole.size:
        return "", "the file is empty"
    try:
        text = TEXT_OF[form](bytes(whole.data))
    except DocumentError as error:
        return "", f"file: {error}"
    except MisuseError:
        raise
    except Exception as error:  # noqa: BLE001 (the libraries raise whatever they stumble upon)
        return "", f"file: not readable as {form}: {type(error).__name__}: {failure_reason(error)}"
    text = text.encode("utf-8", "replace").decode().strip()
    if len(text) > limit or len(text.encode()) > limit:
        return "", too_long_reason(limit)
    return text, "" if text else "there is no text in it"
