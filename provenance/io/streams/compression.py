"""Decode compressed streams: the codec of each compression, and all frames as one stream."""

from __future__ import annotations

import bz2
import io
import lzma
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import zstandard
from isal import isal_zlib

from provenance.errors import InputError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_RATIO = 200
"""Decoded bytes per compressed byte above which a stream is a decompression bomb."""

MAX_RATIO_AFTER = 1 << 30
"""Decoded bytes from which ``MAX_RATIO`` applies: small files may repeat one line."""

MAX_XZ_MEMORY = 512 << 20
"""Most bytes of memory for the xz decoder; `xz -9` needs 65 MiB."""

MAX_DICTIONARY = 100 << 20
"""Most bytes of a zstd dictionary inside the file."""

_PIECE = 1 << 20
"""Most bytes that a decoder returns at once, where that can be set."""

_MAX_WINDOW = 1 << 31
"""Public dumps are written with ``zstd --long=31``."""

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
_BZIP2 = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")
"""Bytes after ``BZh`` and a digit: the header of a block, or of the end of an empty stream."""

_SKIPPABLE = b"\x2a\x4d\x18"
"""Bytes 2 to 4 of a skippable frame of zstd or LZ4; the first is 0x50 to 0x5f (RFC 8878, 3.1.2)."""

_DICTIONARY_FRAME = 0x5D
"""First byte of the frame that holds a dictionary (Zstandard Compression for WARC Files 1.0)."""

_DICTIONARY, _ZSTD = b"\x37\xa4\x30\xec", b"\x28\xb5\x2f\xfd"
_FRAME_HEADER = 8
_LEGACY_LZ4 = b"\x02\x21\x4c\x18"


class DamagedError(InputError):
    """Compressed data is truncated, corrupt, or a decompression bomb."""

    code = "damaged"


def compression_at(head: bytes) -> str:
    """Identify the compression by the first bytes; ``""`` for none.

    A file may begin with any number of skippable frames; only the first is read, and where it is
    longer than ``head`` the file is taken for zstd.

    Raises:
        InputError: LZ4 in its legacy form.

    >>> compression_at(b"BZh91AY&SY"), compression_at(b"BZh, said the bee")
    ('bz2', '')
    """
    found = next((name for magic, name in _MAGIC if head.startswith(magic)), "")
    if found:
        return found
    if head[:3] == b"BZh" and head[3:4] in b"123456789" and head[4:10] in _BZIP2:
        return "bz2"
    if is_skippable(head):
        behind = head[_FRAME_HEADER + int.from_bytes(head[4:8], "little") :]
        return (compression_at(behind) if behind else "") or "zst"
    if head.startswith(_LEGACY_LZ4):
        raise InputError(
            "LZ4 in its legacy form is not read", hint="write it again with a newer `lz4`"
        )
    return "lzma" if _is_lzma(head) else ""


def is_skippable(head: bytes) -> bool:
    """Check whether a skippable frame begins here."""
    return head[1:4] == _SKIPPABLE and 0x50 <= head[0] <= 0x5F and len(head) >= _FRAME_HEADER


def _is_lzma(head: bytes) -> bool:
    """Recognise ``.lzma``, which has no signature, by plausible values of its header."""
    if len(head) < 14 or head[0] != 0x5D or head[13] != 0:
        return False
    dictionary = int.from_bytes(head[1:5], "little")
    size = int.from_bytes(head[5:13], "little")
    usual = dictionary >= 1 << 12 and dictionary & (dictionary - 1) == 0
    return usual and (size == (1 << 64) - 1 or size < 1 << 40)


class _Frame(Protocol):
    """Decoder of one gzip member, zstd frame, xz stream or the like."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class _Bounded:
    """Decoder that returns at most one piece per call."""

    def __init__(self, decoder: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._decoder = decoder

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    @property
    def holds_more(self) -> bool:
        """Whether it has more output for the input it was given."""
        return not self._decoder.needs_input and not self._decoder.eof

    def decompress(self, data: bytes, /) -> bytes:
        return self._decoder.decompress(data, _PIECE)


@dataclass(frozen=True, slots=True)
class Codec:
    """A compression: how to begin a frame, what its errors are, how much to feed at once.

    Attributes:
        begin: a decoder, by the dictionary that the file brought along.
        padding: byte that may follow the last frame.
        skippable: whether skippable frames may be between the others.
    """

    name: str
    begin: Callable[[zstandard.ZstdCompressionDict | None], _Frame]
    errors: tuple[type[Exception], ...]
    chunk: int
    padding: bytes = b""
    skippable: bool = False


def _gzip() -> Codec:
    # Deflate expands at most 1032:1, so a chunk decodes to no more than 66 MB. The stub of the
    # library says that its error is an instance. Tapes and block devices pad with zeros.
    error = cast("type[Exception]", isal_zlib.IsalError)
    return Codec(
        "gzip",
        lambda _: cast("_Frame", isal_zlib.decompressobj(31)),
        (error,),
        64 << 10,
        padding=b"\0",
    )


def _zstd() -> Codec:
    def begin(dictionary: zstandard.ZstdCompressionDict | None) -> _Frame:
        decoder = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=_MAX_WINDOW)
        return cast("_Frame", decoder.decompressobj())

    # A zstd block of 4 bytes may hold 128 KiB: a chunk decodes to no more than 256 MiB.
    return Codec("zstd", begin, (zstandard.ZstdError,), 8 << 10, skippable=True)


def _bzip2() -> Codec:
    errors = (OSError, ValueError)
    return Codec("bzip2", lambda _: _Bounded(bz2.BZ2Decompressor()), errors, 64 << 10)


def _xz(form: int, name: str, padding: bytes = b"") -> Codec:
    def begin(_: object) -> _Frame:
        return _Bounded(lzma.LZMADecompressor(form, memlimit=MAX_XZ_MEMORY))

    return Codec(name, begin, (lzma.LZMAError,), 64 << 10, padding)


def _lz4() -> Codec:
    import lz4.frame

    # It expands at most 255:1, and the output per call is limited.
    return Codec(
        "LZ4",
        lambda _: _Bounded(lz4.frame.LZ4FrameDecompressor()),
        (RuntimeError, ValueError),
        64 << 10,
        skippable=True,
    )


_CODECS: dict[str, Callable[[], Codec]] = {
    "gz": _gzip,
    "zst": _zstd,
    "bz2": _bzip2,
    "xz": lambda: _xz(lzma.FORMAT_XZ, "xz", b"\0"),
    "lzma": lambda: _xz(lzma.FORMAT_ALONE, "lzma"),
    "lz4": _lz4,
}


def codec(name: str) -> Codec:
    """Return the codec of a compression.

    Raises:
        InputError: there is none.
    """
    if name not in _CODECS:
        raise InputError(f"unknown compression: {name!r}", hint=f"{', '.join(_CODECS)} are read")
    return _CODECS[name]()


class Decoded(io.RawIOBase):
    """Concatenated compressed frames as one stream of decoded bytes.

    Reading raises ``DamagedError`` where the data is truncated, corrupt, or a bomb.
    """

    def __init__(self, raw: io.RawIOBase, codec: Codec, uri: str) -> None:
        self._raw = raw
        self._codec = codec
        self._uri = uri
        self._frame: _Frame | None = None
        self._dictionary: zstandard.ZstdCompressionDict | None = None
        self._left = b""
        self._decoded = memoryview(b"")
        self._bytes_in = 0
        self._bytes_out = 0
        self._frames = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._raw.close()
        super().close()

    def readinto(self, target: WriteableBuffer, /) -> int:
        view = memoryview(target).cast("B")
        while not self._decoded:
            chunk = b"" if getattr(self._frame, "holds_more", False) else self._chunk()
            if chunk is None:
                return 0
            self._decoded = memoryview(self._decode(chunk))
        size = min(len(view), len(self._decoded))
        view[:size] = self._decoded[:size]
        self._decoded = self._decoded[size:]
        return size

    def _chunk(self) -> bytes | None:
        """Read the next input of the frame; ``None`` at the end of the file."""
        chunk = self._take()
        if not chunk and self._frame is not None:
            raise self._damage("is truncated")
        return chunk or None

    def _take(self) -> bytes:
        chunk, self._left = self._left, b""
        if not chunk:
            chunk = self._raw.read(self._codec.chunk) or b""
            self._bytes_in += len(chunk)
        return chunk

    def _decode(self, chunk: bytes) -> bytes:
        if self._frame is None:
            chunk = self._begin(chunk)
        if self._frame is None:
            return b""
        try:
            data = self._frame.decompress(chunk)
        except self._codec.errors as error:
            raise self._damage(_why(error)) from error
        if self._frame.eof:
            self._left = self._frame.unused_data
            self._frame = None
            self._frames += 1
        self._bytes_out += len(data)
        if self._bytes_out > MAX_RATIO_AFTER and self._bytes_out > MAX_RATIO * self._bytes_in:
            raise self._damage(f"expands more than {MAX_RATIO}:1, like a decompression bomb")
        return data

    def _begin(self, chunk: bytes) -> bytes:
        """Begin a frame and return its input; padding and skippable frames begin none."""
        if self._frames and self._codec.padding:
            chunk = chunk.lstrip(self._codec.padding)
        if not chunk:
            return b""
        if self._codec.skippable:
            while len(chunk) < _FRAME_HEADER and (more := self._take()):
                chunk += more
            if is_skippable(chunk):
                self._skip(chunk)
                return b""
            self._require_dictionary(chunk)
        self._frame = self._codec.begin(self._dictionary)
        return chunk

    def _skip(self, chunk: bytes) -> None:
        """Skip a skippable frame; keep a dictionary in it."""
        left = int.from_bytes(chunk[4:_FRAME_HEADER], "little")
        content = bytearray()
        wanted = chunk[0] == _DICTIONARY_FRAME and left <= MAX_DICTIONARY
        self._frames += 1
        self._left = chunk[_FRAME_HEADER:]
        while left:
            piece = self._take()
            if not piece:
                raise self._damage("is truncated")
            if wanted:
                content += piece[:left]
            self._left = piece[left:]
            left -= min(left, len(piece))
        if content:
            self._dictionary = self._dictionary_in(bytes(content)) or self._dictionary

    def _dictionary_in(self, content: bytes) -> zstandard.ZstdCompressionDict | None:
        """Read a dictionary, which may be compressed itself; ``None`` for anything else."""
        try:
            if content.startswith(_ZSTD):
                decoder = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
                with decoder.stream_reader(content) as stream:
                    content = stream.read(MAX_DICTIONARY + 1)
            if len(content) > MAX_DICTIONARY:
                raise self._damage(f"has a dictionary of more than {MAX_DICTIONARY >> 20} MiB")
            if content.startswith(_DICTIONARY):
                return zstandard.ZstdCompressionDict(content)
        except zstandard.ZstdError as error:
            raise self._damage(f"has a dictionary that is corrupt ({error})") from error
        return None

    def _require_dictionary(self, chunk: bytes) -> None:
        if self._dictionary is not None or not chunk.startswith(_ZSTD):
            return
        try:
            wanted = zstandard.get_frame_parameters(chunk).dict_id
        except zstandard.ZstdError:
            return  # too short a piece, or broken: the decoder says so
        if wanted:
            raise self._damage(f"needs dictionary {wanted}, which is not in the file")

    def _damage(self, problem: str) -> DamagedError:
        message = (
            f"{self._codec.name} data {problem}, after {self._bytes_out} decoded bytes: {self._uri}"
        )
        return DamagedError(message, hint="fetch or write the file again")


def _why(error: Exception) -> str:
    if isinstance(error, lzma.LZMAError) and "emory usage limit" in str(error):
        return f"needs more than {MAX_XZ_MEMORY >> 20} MiB of memory to be decoded"
    return f"is corrupt ({error})"
