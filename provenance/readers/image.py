"""Pictures: one file is one record, its bytes as they are; nothing in it is decoded."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from provenance.errors import NotFoundError
from provenance.readers.base import Batch, Input, Layout, Portion, Shape
from provenance.readers.collect import Collector, compact_json
from provenance.readers.json_exact import too_long
from provenance.readers.whole import load

HEAD = 16
"""Bytes that tell what a picture is."""

# The first bytes of each format, as its specification gives them.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
}


def media_type(head: bytes) -> str | None:
    """What kind of picture begins with these bytes; ``None`` for none that is known.

    >>> media_type(b"\\xff\\xd8\\xff\\xe0"), media_type(b"RIFF\\x00\\x00\\x00\\x00WEBPVP8 ")
    ('image/jpeg', 'image/webp')
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return _BRANDS.get(head[8:12]) if head[4:8] == b"ftyp" else None


class Image:
    """Reader of pictures; their one further field is ``media_type``."""

    names: Sequence[str] = ("image",)

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """The payload and its type."""
        return Shape({"media_type": "string", "payload": "string"}, (), ("payload",))

    def read(
        self, source: Input, layout: Layout, part: Portion | None = None, *, original: bool = False
    ) -> Iterator[Batch]:
        """Yield the file as row 1; ``part`` is not for this format.

        Raises:
            NotFoundError: the layout asks for another field than the payload.
        """
        if part is not None:
            raise ValueError("a picture is one record: this format has no slices")
        if layout.content != ("payload",) or layout.kind != "binary":
            raise NotFoundError(
                f"no field {', '.join(layout.content)} in a picture",
                hint="its content is its bytes; leave `--content` out",
            )
        collector = Collector(layout, original=original)
        whole = load(source, layout.max_record)
        data = bytes(whole.held)
        kind = media_type(data[:HEAD])
        defect = _defect(whole.size, layout.max_record, kind)
        if defect:
            collector.reject_hashed(1, 0, defect, whole.digest, whole.size)
        else:
            own = {"media_type": kind}
            written = base64.b64encode(data).decode("ascii") if original else ""
            row = compact_json({**own, "payload": written}) if original else None
            fields = [own.get(name) for name in layout.fields]
            collector.keep(1, (data, fields), row, {**own, "payload": data}, len(data))
        yield collector.batch()


def _defect(size: int, limit: int, kind: str | None) -> str:
    if size > limit:
        return too_long(limit)
    if not size:
        return "the file is empty"
    return "" if kind else "no picture of a known kind"
