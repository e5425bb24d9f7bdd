"""Damage of every kind, drawn from a seed: the same number gives the same file."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

ODD = (
    b"\x00",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80" * 9,
    b"\xed\xa0\x80",
    b'"',
    b"\n",
    b"\r",
    b"{",
    b"[" * 200,
    b"\\ud800",
    b"NaN",
    b"1e999",
    b"9" * 400,
    b",",
    b"\t",
    b":",
    b"\xef\xbb\xbf",
    b"---\n",
    b"PAR1",
    b"ARROW1\0\0",
)
"""Bytes that mean something somewhere."""


def _flip(draw: random.Random, data: bytearray, _other: bytes) -> None:
    for _ in range(draw.choice((1, 1, 2, 8))):
        place = draw.randrange(len(data))
        data[place] ^= 1 << draw.randrange(8)


def _overwrite(draw: random.Random, data: bytearray, _other: bytes) -> None:
    place, size = draw.randrange(len(data)), draw.choice((1, 2, 4, 8, 32))
    data[place : place + size] = draw.randbytes(size)


def _cut(draw: random.Random, data: bytearray, _other: bytes) -> None:
    del data[draw.randrange(len(data)) :]


def _remove(draw: random.Random, data: bytearray, _other: bytes) -> None:
    place = draw.randrange(len(data))
    del data[place : place + draw.choice((1, 2, 7, 64, 500))]


def _double(draw: random.Random, data: bytearray, _other: bytes) -> None:
    place, size = draw.randrange(len(data)), draw.choice((1, 4, 60, 400))
    data[place:place] = data[place : place + size] * draw.choice((1, 2, 50))


def _splice(draw: random.Random, data: bytearray, other: bytes) -> None:
    place, start = draw.randrange(len(data)), draw.randrange(len(other))
    size = draw.choice((4, 40, 400))
    data[place : place + draw.choice((0, size))] = other[start : start + size]


def _length(draw: random.Random, data: bytearray, _other: bytes) -> None:
    """A number of some bytes, as lengths are, a little or a lot off."""
    width = draw.choice((1, 2, 4, 8))
    place = draw.randrange(len(data))
    order: Sequence[str] = ("little", "big")
    by = "little" if draw.choice(order) == "little" else "big"
    value = int.from_bytes(data[place : place + width], by)  # type: ignore[arg-type]
    value += draw.choice((-1, 1, 7, 255, 1 << 15, 1 << 31, -(1 << 31)))
    data[place : place + width] = (value % (1 << 8 * width)).to_bytes(width, by)  # type: ignore[arg-type]


def _digit(draw: random.Random, data: bytearray, _other: bytes) -> None:
    """A digit that is written out, as lengths in headers are."""
    places = [place for place, byte in enumerate(data[:4_000]) if 48 <= byte < 58]
    if places:
        data[draw.choice(places)] = draw.choice(b"0123456789-")


def _insert(draw: random.Random, data: bytearray, _other: bytes) -> None:
    place = draw.randrange(len(data))
    data[place:place] = draw.choice(ODD)


KINDS: tuple[Callable[[random.Random, bytearray, bytes], None], ...] = (
    _flip,
    _overwrite,
    _cut,
    _remove,
    _double,
    _splice,
    _length,
    _digit,
    _insert,
)


def mutant(seeds: Sequence[bytes], name: str, seed: int, number: int) -> bytes:
    """One damaged file.

    Args:
        seeds: valid files.
        name: what they are; files of other names are damaged otherwise.
        seed: of the run.
        number: which of its files.
    """
    draw = random.Random(f"{name} {seed} {number}")
    data = bytearray(draw.choice(seeds))
    other = draw.choice(seeds)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 6))):
        if data:
            draw.choice(KINDS)(draw, data, other)
    return bytes(data)
