"""Archives that tests make, and what is read of them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from provenance.content.measure import content_digests
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import ReadLayout
from provenance.io.discovery.discover import discover
from provenance.io.discovery.remote import readable_input
from provenance.io.records.content_fields import choose_content
from provenance.io.streams.archive_members import MemberFiles

Members = Sequence[tuple[str, bytes]]

TAR_MODES = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}


def tar_bytes(members: Members, mode: str = "w", *more: tarfile.TarInfo) -> bytes:
    """A tar archive of these members, and of what else has no bytes."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in more:
            archive.addfile(info)
    return sink.getvalue()


def zip_bytes(members: Members, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of these members."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return sink.getvalue()


def digests(paths: Iterable[Path | str]) -> list[bytes]:
    """The digest of every record below some paths, sorted."""
    found: list[bytes] = []
    with MemberFiles() as shelf:
        for item in discover([str(path) for path in paths]).inputs:
            with readable_input(item, None, shelf) as source:
                reader = reader_for(source.format)
                choice = choose_content(reader.probe(source), (), source.format)
                for batch in reader.read(source, ReadLayout(choice.kind, choice.content)):
                    assert not batch.rejects.num_rows
                    found += _digests(batch.content, choice.kind)
    return sorted(found)


def _digests(content: pa.Array, kind: str) -> list[bytes]:
    return list(content_digests(content, kind).newest.to_pylist())
