"""Read pictures, sounds and films: one file is one record of bytes, never decoded."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence

from provenance.content.json_writer import compact_json
from provenance.errors import NotFoundError
from provenance.io.contract.reader import Batch, Input, Portion, ReadLayout, Shape, too_long_reason
from provenance.io.readers.whole_file import read_file
from provenance.io.records.batch_builder import BatchBuilder

HEAD = 64
"""First bytes by which a medium is recognised."""

# The first bytes of each format, as its specification gives them.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
# The brands of ISO 14496-12 files, as the registry at mp4ra.org has them; some by their beginning.
_BRANDS = {
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"M4V ": "video/mp4",
    b"qt  ": "video/quicktime",
    b"avc1": "video/mp4",
    b"mp41": "video/mp4",
    b"mp42": "video/mp4",
    b"dash": "video/mp4",
    b"MSNV": "video/mp4",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
}


def media_type(head: bytes) -> str | None:
    """Recognise the media type by the first bytes; ``None`` if unknown.

    >>> media_type(b"\\xff\\xd8\\xff\\xe0"), media_type(b"RIFF\\x00\\x00\\x00\\x00WEBPVP8 ")
    ('image/jpeg', 'image/webp')
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        by_beginning = {b"iso": "video/mp4", b"3gp": "video/3gpp"}.get(head[8:11])
        return _BRANDS.get(head[8:12], by_beginning)
    return next((kind for begins, kind in _SOUNDS_AND_FILMS if begins.match(head)), None)


# What follows the letters keeps texts that begin with them out.
_SOUNDS_AND_FILMS = (
    (re.compile(rb"fLaC[\x00\x80]"), "audio/flac"),
    (re.compile(rb"OggS\x00"), "audio/ogg"),
    (re.compile(rb"ID3[\x02-\x04][\x00-\x0f]|\xff[\xfb\xf3\xf2][^\x00]"), "audio/mpeg"),
    (re.compile(rb"FORM....AIF[FC]", re.DOTALL), "audio/aiff"),
    (re.compile(rb"\x1aE\xdf\xa3.{1,40}webm", re.DOTALL), "video/webm"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video/x-matroska"),
)

_MAY_HOLD_EITHER = {"audio", "video"}
"""Media that share containers: a file named as a film may be a sound."""


def is_medium(kind: str | None, medium: str) -> bool:
    """Check whether a media type is of a medium, ``image``, ``audio`` or ``video``.

    >>> is_medium("audio/ogg", "video"), is_medium("image/png", "audio")
    (True, False)
    """
    found = (kind or "").partition("/")[0]
    return found == medium or {found, medium} == _MAY_HOLD_EITHER


class MediaFile:
    """Reader of pictures, sounds and films, with the further field ``media_type``."""

    names: Sequence[str] = ("image", "audio", "video")

    def probe(self, source: Input, nested: str | None = None) -> Shape:
        """Return the fixed fields."""
        return Shape({"media_type": "string", "payload": "string"}, (), ("payload",))

    def read(
        self,
        source: Input,
        layout: ReadLayout,
        part: Portion | None = None,
        *,
        original: bool = False,
    ) -> Iterator[Batch]:
        """Yield the file as row 1; ``part`` is not for this format.

        Raises:
            NotFoundError: the layout asks for another field than the payload.
        """
        if part is not None:
            raise ValueError("such a file is one record: this format has no slices")
        if layout.content != ("payload",) or layout.kind != "binary":
            raise NotFoundError(
                f"no field {', '.join(layout.content)} in a {_WORDS[source.format]}",
                hint="its content is its bytes; leave `--content` out",
            )
        collector = BatchBuilder(layout, original=original)
        whole = read_file(source, layout.max_record)
        data = bytes(whole.data)
        kind = media_type(data[:HEAD])
        defect = _defect(whole.size, layout.max_record, kind, source.format)
        if defect:
            collector.reject_hashed(1, 0, defect, whole.digest, whole.size)
        else:
            own = {"media_type": kind}
            written = base64.b64encode(data).decode("ascii") if original else ""
            row = compact_json({**own, "payload": written}) if original else None
            fields = [own.get(name) for name in layout.fields]
            collector.keep(1, (data, fields), row, {**own, "payload": data}, len(data))
        yield collector.batch()


def _defect(size: int, limit: int, kind: str | None, medium: str) -> str:
    if size > limit:
        return too_long_reason(limit)
    if not size:
        return "the file is empty"
    return "" if is_medium(kind, medium) else f"no {_WORDS[medium]} of a known kind"


_WORDS = {"image": "picture", "audio": "sound", "video": "film"}
