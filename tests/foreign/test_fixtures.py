"""Whatever the packages of the field ship as fixtures is read as their libraries read it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from support.foreign_fixtures import FIELD, LIBRARY_FAILURES, SOURCES, shipped, theirs

from provenance.errors import ProvError
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.discovery.discover import discover
from provenance.io.discovery.remote import readable_input
from provenance.io.streams.archive_members import MemberFiles

_WHOLE = ReadLayout("structured", ("*",))
_NATIVE = {
    "text": ReadLayout("text", ("text",)),
    "warc": ReadLayout("binary", ("payload",)),
    "image": ReadLayout("binary", ("payload",)),
}


@pytest.mark.parametrize("package", FIELD)
def test_fixtures_are_read_as_by_their_own_library(
    package: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = shipped(package)
    if found is None:
        pytest.skip(f"{package} is not installed, and not unpacked in {SOURCES}")
    counts = Counter(found.left)
    wrong = []
    for path in found.files:
        outcome, differs = _compared(path)
        counts[outcome] += 1
        if differs:
            wrong.append(f"{path.name}: {differs}")
    said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    with capsys.disabled():
        print(f"\nfixtures of {package}: {said or 'none'}")
    assert not wrong, "\n".join(wrong)
    if not found.files:
        pytest.skip(f"{package} ships no fixture; {SOURCES} may name a folder of source packages")


def _compared(path: Path) -> tuple[str, str]:
    """What came of a file, and how it differs from what its own library reads, if it does."""
    try:
        found = discover([str(path)])
    except ProvError:
        return f"{path.suffix} of no format that is read", ""
    if not found.inputs:
        return f"{path.suffix} without files", ""
    outcomes = [_of_input(item, path) for item in found.inputs]
    differs = "; ".join(differs for _, differs in outcomes if differs)
    return outcomes[0][0], differs


def _of_input(item: Input, path: Path) -> tuple[str, str]:
    layout = _NATIVE.get(item.format, _WHOLE)
    try:
        rows, rejected = _ours(item, layout)
    except ProvError as error:
        return _both_refuse(path, item.format, error.message)
    if item.member is not None:
        return "read, each member by itself", ""
    try:
        wanted = theirs(path, item.format)
    except LIBRARY_FAILURES:
        return f"{item.format} read, by its library not", ""
    if wanted is None:
        return f"{item.format} read, with nothing to compare to", ""
    if len(rows) + rejected != len(wanted):
        columns = item.format == "json" and isinstance(wanted[0], dict)
        if not columns:  # a document of columns or trees has as many rows as they hold
            return "different", f"{len(rows)} and {rejected} rejected, not {len(wanted)} rows"
        return "json read, record by record", ""
    if not rejected:
        for number, (our, their) in enumerate(zip(rows, wanted, strict=True), start=1):
            if not _same(our, their):
                return "different", f"row {number}: {str(our)[:200]} is not {str(their)[:200]}"
        return f"{item.format} the same", ""
    return f"{item.format} with rejects", ""


def _both_refuse(path: Path, form: str, message: str) -> tuple[str, str]:
    """A file that is refused is one that its library does not read either, or finds empty."""
    try:
        rows = theirs(path, form)
    except LIBRARY_FAILURES:
        return f"{form} refused by both", ""
    if rows:
        return "different", f"refused ({message}), and its library reads {len(rows)} rows"
    return f"{form} refused, and nothing in it", ""


def _ours(item: Input, layout: ReadLayout) -> tuple[list[Any], int]:
    rows: list[Any] = []
    rejected = 0
    with MemberFiles() as shelf, readable_input(item, None, shelf) as source:
        reader = reader_for(source.format)
        reader.probe(source)
        native = layout is not _WHOLE
        for batch in reader.read(source, layout, original=not native):
            rejected += batch.rejects.num_rows
            texts = batch.content if native or batch.original is None else batch.original
            rows += texts.to_pylist() if native else map(json.loads, texts.to_pylist())
    return rows, rejected


def _same(our: Any, their: Any) -> bool:
    """Whether two rows say the same where JSON has words for it; null and absent are one."""
    if isinstance(our, dict) and isinstance(their, dict):
        names = {name for name in {*our, *their} if not str(name).startswith("prov_")}
        return all(_same(our.get(name), their.get(name)) for name in names)
    if isinstance(our, list) and isinstance(their, list) and len(our) == len(their):
        return all(map(_same, our, their))
    if isinstance(their, (str, bool, int)) or their is None:
        return our == their or (their is None and our in (None, "")) or str(our) == str(their)
    if isinstance(their, float):
        return their != their or our is None or abs(float(our) - their) <= abs(their) * 1e-6
    if isinstance(their, bytes):
        return isinstance(our, str) or our == their
    return our is not None  # times, decimals: what is written of them is the readers' own affair
