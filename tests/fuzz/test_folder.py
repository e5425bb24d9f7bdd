"""A folder with a damaged file of every format: what is sound is kept, and each is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from fuzz.placed import placed
from fuzz.rows import ROWS, lines
from fuzz.seeds import ARCHIVES, LANCE, PACKED, seeds_of

import provenance
from provenance.io.contract.formats import CONTAINERS, FORMATS, MEDIA
from provenance.operations.ingest.options import IngestOptions

_SUFFIXES = {name: known.suffixes[0] for name, known in FORMATS.items() if known.suffixes}


def _cut(data: bytes) -> bytes:
    return data[: len(data) * 3 // 5]


def _noisy(data: bytes) -> bytes:
    draw, noisy = Random(len(data)), bytearray(data)
    for _ in range(max(20, len(data) // 20)):
        noisy[draw.randrange(8, len(data))] = draw.randrange(256)
    return bytes(noisy)


def _torn(data: bytes) -> bytes:
    return data[:32] + Random(len(data)).randbytes(500)


def _damage(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    for target in (*_SUFFIXES, "webdataset", *PACKED, *ARCHIVES):
        if target in MEDIA:
            continue
        data = damage(seeds_of(target)[0])
        if target in LANCE:
            (folder / "set.lance").mkdir()
            placed(folder / "set.lance", target, data)
            continue
        form, _, packing = target.partition(".")
        suffix = _SUFFIXES.get(form, f".{form}" if form in CONTAINERS.values() else ".tar")
        (folder / f"{target}{suffix}{packing and f'.{packing}'}").write_bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("damage", [_cut, _noisy, _torn])
def test_damaged_files_cost_themselves_alone(
    tmp_path: Path, damage: Callable[[bytes], bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    _damage(data, damage)
    (data / "sound.jsonl").write_bytes(lines())
    ledger = provenance.init(str(tmp_path / "ledger"))
    answer = ledger.ingest([str(data)], IngestOptions(source="s"))
    told = {each.uri.removeprefix(f"{data}/").partition("!")[0]: each for each in answer.files}
    held = {str(path.relative_to(data)) for path in data.rglob("*") if path.is_file()}
    assert {name for name in held if "/_" not in name} == set(told)
    assert told["sound.jsonl"].kept == len(ROWS)
    assert answer.read == answer.kept + answer.rejected
    assert {each.exit_code for each in answer.files} == {0, 10}
    assert [each.uri for each in answer.files if each.trace] == []
    assert capfd.readouterr() == ("", "")
