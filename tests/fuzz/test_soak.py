"""A fiftieth of ``make soak``: damaged files of every format, of another seed in every run."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz.mutants import mutant
from fuzz.seeds import SEEDS, TARGETS, seeds_of
from fuzz.soak import read_file, soak

from provenance.engine.local import LocalEngine
from provenance.io.contract.formats import FORMATS

COUNT = 200

SEED = int(os.environ.get("PROV_SOAK_SEED") or secrets.randbelow(1 << 32))
"""Of this run; the variable repeats another one."""


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    with LocalEngine() as engine:
        yield engine


def test_there_are_seeds_of_every_format() -> None:
    assert sorted(FORMATS) == sorted(SEEDS), "add valid files of the format to fuzz/seeds.py"


@pytest.mark.parametrize("target", TARGETS)
def test_seeds_are_read(tmp_path: Path, target: str) -> None:
    for place, data in enumerate(seeds_of(target)):
        folder = tmp_path / str(place)
        folder.mkdir()
        counts = Counter(read_file(folder, target, data))
        assert counts["kept"] > 0, place
        assert counts["rejected"] <= counts["kept"], place


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_damaged_files_are_read_or_refused(
    engine: LocalEngine, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"[soak: PROV_SOAK_SEED={SEED}]", end="")
    read = soak(engine, target, SEED, COUNT)
    assert not read.found, "\n".join(map(str, read.found))
    assert sum(read.counts[what] for what in ("read", "refused", "died")) == COUNT


def test_a_number_gives_the_same_file() -> None:
    seeds = seeds_of("jsonl")
    made = [mutant(seeds, "jsonl", 1, number) for number in range(50)]
    assert made == [mutant(seeds, "jsonl", 1, number) for number in range(50)]
    assert len(set(made)) > 40
