"""Read damaged files, in workers with limits: what they do that no file may do is found.

    python tests/fuzz/soak.py [--count N] [--seed S] [TARGET…]

Prints the seed, and for every file that was found how to make it again.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from fuzz.mutants import mutant
from fuzz.placed import placed
from fuzz.seeds import ARCHIVES, TARGETS, seeds_of

from provenance.engine.local import LocalEngine
from provenance.engine.worker import TimeLimitError, item
from provenance.errors import InputError, ProvError
from provenance.io.contract.formats import reader_for
from provenance.io.contract.reader import Input, ReadLayout
from provenance.io.discovery.discover import discover
from provenance.io.discovery.remote import readable_input
from provenance.io.records.content_fields import ContentChoice, choose_content
from provenance.io.streams.archive_members import MemberFiles
from provenance.operations.ingest.batch_fields import FieldChooser
from provenance.operations.ingest.options import IngestOptions

NOTHING = ContentChoice("text", ("text",), "there was no record to look at")

MAY_DIE = {
    "parquet": "Arrow, in what a footer says of a column",
    "duckdb": "DuckDB, round and round in a list of free blocks that leads into itself",
    **dict.fromkeys(
        ("lance", "lance.deletions", "lance.versions"),
        "Lance, in lengths for which there is no memory, and in errors whose words hold a NUL",
    ),
}
"""Formats whose library ends the process on some damaged files, or does not come back, and where it
does so; an ingest goes on with another worker, and names the file."""

BATCH = 100
"""Files that one task makes and reads."""

HANG = 5.0
"""Seconds of processor time that no file may take, as all are small."""


@dataclass(frozen=True, slots=True)
class Task:
    """Some damaged files of one target, by their numbers."""

    target: str
    seed: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A file that did what none may do."""

    target: str
    seed: int
    number: int
    what: str

    def __str__(self) -> str:
        return f"{self.target}, seed {self.seed}, file {self.number}: {self.what}"


@dataclass(frozen=True, slots=True)
class Read:
    """What came of the files of a task: how many ended how, and what was found."""

    counts: Counter[str]
    found: tuple[Found, ...]


def read_files(task: Task) -> Read:
    """Make and read the files of a task, each within the limits of a worker."""
    seeds = seeds_of(task.target)
    counts: Counter[str] = Counter()
    found: list[Found] = []
    for place, number in enumerate(task.numbers):
        data = mutant(seeds, task.target, task.seed, number)
        with tempfile.TemporaryDirectory() as folder:
            try:
                with item(place, HANG):
                    counts.update(read_file(Path(folder), task.target, data))
            except ProvError as error:
                if isinstance(error, TimeLimitError) or not isinstance(error, InputError):
                    found.append(Found(task.target, task.seed, number, repr(error)))
                counts["refused"] += 1
            except Exception:  # noqa: BLE001 - this is what is looked for
                found.append(Found(task.target, task.seed, number, traceback.format_exc()))
    return Read(counts, tuple(found))


def read_file(folder: Path, target: str, data: bytes) -> Iterator[str]:
    """Read a file as an ingest does; what became of its records.

    Args:
        folder: an empty one, in which the file is made.
        data: its bytes.

    Raises:
        InputError: it cannot be read. A member of an archive that cannot be costs itself alone.
        AssertionError: what was read is not what a batch states.
    """
    if target in ARCHIVES:
        path = folder / f"file.{target}"
        path.write_bytes(data)
        yield from _members(path)
    else:
        yield from _records(placed(folder, target, data))
    yield "read"


def _members(path: Path) -> Iterator[str]:
    found = discover([path.as_posix()])
    if found.refused and not found.inputs:
        raise found.refused[0].error
    with MemberFiles() as shelf:
        for member in found.inputs:
            try:
                with readable_input(member, None, shelf) as source:
                    yield from _records(source)
            except InputError:
                yield "members refused"


def _records(source: Input) -> Iterator[str]:
    reader = reader_for(source.format)
    shape = reader.probe(source)
    found = bool(shape.fields or shape.native)
    choice = choose_content(shape, (), source.format) if found else NOTHING
    chooser = FieldChooser.of(IngestOptions(source="soak"), choice)
    layout = ReadLayout(choice.kind, choice.content, chooser.fixed, chooser=chooser)
    for batch in reader.read(source, layout):
        kept = len(batch.content)
        assert kept == len(batch.rows) == batch.fields.num_rows
        assert batch.content.null_count == 0
        assert batch.read == kept + batch.rejects.num_rows
        assert None not in batch.rejects.column("reason").to_pylist()
        yield from ["kept"] * kept
        yield from ["rejected"] * batch.rejects.num_rows


def divide(task: Task, place: int | None) -> Sequence[Task]:
    """The file at a place apart from the others."""
    numbers = task.numbers
    if len(numbers) == 1 or place is None:
        return ()
    others = numbers[:place] + numbers[place + 1 :]
    return [replace(task, numbers=others), replace(task, numbers=(numbers[place],))]


def soak(engine: LocalEngine, target: str, seed: int, count: int) -> Read:
    """Read so many damaged files of a target."""
    tasks = [
        Task(target, seed, tuple(range(start, min(start + BATCH, count))))
        for start in range(0, count, BATCH)
    ]
    counts: Counter[str] = Counter()
    found: list[Found] = []
    for outcome in engine.map(read_files, tasks, divide):
        if outcome.result is None:
            number = outcome.task.numbers[0]
            if target in MAY_DIE and _ended(outcome.failure):
                counts["died"] += 1
            else:
                found.append(Found(target, seed, number, str(outcome.failure)))
            continue
        counts += outcome.result.counts
        found += outcome.result.found
    return Read(counts, tuple(found))


def _ended(failure: ProvError | None) -> bool:
    return isinstance(failure, TimeLimitError) or "died twice" in str(failure)


def main() -> int:
    """Soak all targets, or those that are named; how many files were found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--count", type=int, default=10_000, help="files of each target")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    whole = 0
    with LocalEngine() as engine:
        for target in asked.targets or TARGETS:
            started = time.monotonic()
            read = soak(engine, target, asked.seed, asked.count)
            whole += len(read.found)
            told = ", ".join(f"{count:,} {what}" for what, count in sorted(read.counts.items()))
            print(f"{target}: {told}, in {time.monotonic() - started:.0f} s", flush=True)
            for found in read.found:
                print(f"  {found}", flush=True)
    return 1 if whole else 0


if __name__ == "__main__":
    from fuzz import soak as ours  # workers know the functions of this file by that name

    sys.exit(ours.main())
