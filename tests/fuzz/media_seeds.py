"""The smallest pictures, sounds and films, and archives of files."""

from __future__ import annotations

import base64
import io
import tarfile
import wave
from collections.abc import Mapping

from fuzz.document_seeds import packed
from fuzz.rows import CHATS, ROWS, lines

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""One pixel."""


def pictures() -> list[bytes]:
    """The smallest picture that there is, of two kinds."""
    return [PNG, b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"]


def sounds() -> list[bytes]:
    """A sound that is one, and the first bytes of some others."""
    sink = io.BytesIO()
    with wave.open(sink, "wb") as made:
        made.setparams((1, 2, 8_000, 0, "NONE", ""))
        made.writeframes(bytes(range(100)))
    return [
        sink.getvalue(),
        b"fLaC\x80\x00\x00\x22" + bytes(34),
        b"OggS\x00\x02" + bytes(20) + b"\x01\x1e\x01vorbis" + bytes(23),
        b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x64" + bytes(40),
        b"FORM\x00\x00\x00\x2eAIFFCOMM\x00\x00\x00\x12" + bytes(18),
    ]


def films() -> list[bytes]:
    """The first boxes, or elements, of films."""
    return [
        b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41\x00\x00\x00\x10mdat" + bytes(8),
        b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  " + bytes(8),
        b"\x1aE\xdf\xa3\x84\x42\x82\x84webm\x18S\x80g\x80" + bytes(8),
        b"\x1aE\xdf\xa3\x8b\x42\x82\x88matroska\x18S\x80g\x80" + bytes(8),
        b"RIFF\x20\x00\x00\x00AVI LIST\x14\x00\x00\x00hdrl" + bytes(16),
    ]


def _taped(members: Mapping[str, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=form) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    # At its end are 10,240 bytes of nothing, of which two blocks are needed.
    return sink.getvalue().rstrip(b"\0") + bytes(1_024)


def samples() -> list[bytes]:
    """Pictures with texts, with JSON, and with a class alone."""
    numbers = range(3)
    texts = {
        f"a/{n}.{end}": PNG if end == "png" else b"some words"
        for n in numbers
        for end in ("png", "txt")
    }
    told = {f"{n}.json": b'{"caption": "said %d", "n": [%d]}' % (n, n) for n in numbers}
    classes = {
        f"{n}.{end}": PNG if end == "png" else b"1" for n in numbers for end in ("png", "cls")
    }
    return [_taped(texts), _taped(told, tarfile.PAX_FORMAT), _taped(classes, tarfile.USTAR_FORMAT)]


def _files() -> dict[str, bytes]:
    return {
        "data/one.jsonl": lines(ROWS[:3]),
        "data/two.csv": b'id,text\n1,some words\n2,"more, of them"\n',
        "data/chats.json": lines(CHATS[:1]),
        f"data/{'long ' * 25}é.txt": b"a text of its own",
        "README.md": b"what there is to know",
    }


def tars() -> list[bytes]:
    """Names that take a header of their own, in both ways, and the oldest form."""
    short = {"one.txt": b"a text", "two/three.jsonl": lines(ROWS[:2])}
    forms = (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
    return [*(_taped(_files(), form) for form in forms), _taped(short, tarfile.USTAR_FORMAT)]


def zips() -> list[bytes]:
    """Members that are packed, and some that are not."""
    return [packed(_files())]
