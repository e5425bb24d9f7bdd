"""Group the members of a WebDataset tar into samples by the name before the first dot."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from provenance.io.contract.formats import PICTURES, SUFFIXES
from provenance.io.contract.name_patterns import ABOUT, HIDDEN, matches
from provenance.io.streams.compression import DamagedError
from provenance.io.streams.tar_members import ArchiveEntry, ForwardStream, entries

TEXTS = ("txt", "text", "caption", "transcript")
"""Extensions of the text of a sample, by precedence."""

PLAIN = frozenset({*TEXTS, "cls", "cls2", "index", "inx", "id", "md", "html", "lang", "url"})
"""Extensions of members that are text."""

_MEDIA = frozenset(
    {
        *(suffix[1:] for suffix in PICTURES),
        *("ppm", "pgm", "pbm", "bmp", "mp3", "wav", "flac", "ogg", "opus", "m4a", "aac"),
        *("mp4", "avi", "mov", "mkv", "webm", "npy", "npz", "pth", "pt", "pyd", "pkl", "pickle"),
        *("mp", "msg", "ten", "tb", "pose"),
    }
)
_SURE = _MEDIA | {"cls", "cls2"}
"""Extensions that only occur in samples, not in folders of documents."""

_KEY = re.compile(r"((?:.*/)?[^./][^./]*)\.([^/]*)", re.DOTALL)
"""Key and extension of a member, split as the WebDataset library does."""

_LOOKED_AT = 300
_LOOKED_BYTES = 64 << 20


@dataclass(slots=True)
class Sample:
    """Consecutive members with one key.

    Attributes:
        position: offset of the first member in the decoded archive.
        defect: why it is no record; empty where it may be.
        members: by the end of the name, in small letters, its bytes; ``None`` for those not read.
    """

    key: str
    position: int
    defect: str = ""
    members: dict[str, bytes | None] = field(default_factory=dict)


def samples(stream: ForwardStream, wanted: Callable[[str], bool], limit: int) -> Iterator[Sample]:
    """Yield the samples of an archive, in order.

    Args:
        wanted: whether the bytes of members are read, by the end of their names.
        limit: most bytes of a member that is read.

    Raises:
        DamagedError: the archive cannot be followed any further.
    """
    sample: Sample | None = None
    for entry in entries(stream):
        key, end = _cut(entry.name)
        if sample is None or sample.key != key or not end:
            if sample is not None:
                yield sample
            sample = Sample(key, entry.position)
        sample.defect = sample.defect or _defect(sample, entry, end, limit, read=wanted(end))
        reads = wanted(end) and not sample.defect
        data = stream.read_all(entry.size) if reads else None
        if data is not None and len(data) < entry.size:
            raise stream.damage("is cut off within a member")
        sample.members[end] = data
    if sample is not None:
        yield sample


def holds_samples(stream: BinaryIO, uri: str) -> bool:
    """Check whether the first members of a tar form samples."""
    forward = ForwardStream(stream, uri)
    groups: list[tuple[str, set[str]]] = []
    try:
        for entry in islice(entries(forward), _LOOKED_AT):
            key, end = _cut(entry.name)
            if entry.defect or forward.tell() > _LOOKED_BYTES:
                break
            if not end or matches(entry.name, ABOUT) or _is_data(end):
                return False
            if groups and groups[-1][0] == key:
                groups[-1][1].add(end)
            else:
                groups.append((key, {end}))
    except DamagedError:
        pass
    return _are_samples([ends for _, ends in groups])


def _are_samples(groups: list[set[str]]) -> bool:
    whole = [ends for ends in groups if len(ends) > 1]
    if not whole or len(whole) * 2 < len(groups):
        return False
    known = _SURE | PLAIN | {"json"}
    last = Counter(end.rpartition(".")[2] for ends in whole for end in ends)
    if any(end in _SURE for end in last):
        return True
    return len(whole) > 1 and all(end in known for end in last)


def _is_data(end: str) -> bool:
    """Check whether an extension is that of a file of records."""
    form = SUFFIXES.get(f".{end.rpartition('.')[2]}")
    return form is not None and form not in {"json", "text", "image"} and end not in PLAIN | _MEDIA


def _cut(name: str) -> tuple[str, str]:
    """Split a member name into key and lower-case extension; no extension for other files."""
    name = name.removeprefix("./")
    found = _KEY.fullmatch(name)
    if found is None or name.rpartition("/")[2].startswith(HIDDEN):
        return name, ""
    return found[1], found[2].lower()


def _defect(sample: Sample, entry: ArchiveEntry, end: str, limit: int, *, read: bool) -> str:
    if not end:
        return "a member that belongs to no sample"
    if entry.defect:
        return f"member .{end} is {entry.defect}"
    if end in sample.members:
        return f"two members .{end}"
    if read and entry.size > limit:
        return f"member .{end} is longer than {limit} bytes"
    return ""
