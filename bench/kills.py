"""Kill ingest, assemble and maintain at random moments, and see that nothing is lost or doubled.

    python bench/kills.py [--kills N] [--seed N] [--folder DIR]

A round makes a ledger with ten runs of the program. Each of them is killed once with SIGKILL, at a
moment drawn at random (all of it, its first process alone, or a worker of it), and then run again,
which has to succeed. After a round, the answers of all views have to be those of a ledger that was
made without a single kill, and every part of it has to be as recorded.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import provenance
from provenance.errors import ProvError
from provenance.model.manifest import Selection
from provenance.model.policy import Policy
from provenance.operations.ingest import IngestOptions
from provenance.views.definitions import PUBLIC_VIEWS

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "provenance.operations.ingest.run",
        "provenance.operations.releases.assemble",
        "provenance.operations.maintenance.compact",
        "provenance.operations.after_commit",
    ]
)

POLICY = {"policy": "bench", "budgets": [{"name": "all", "max_synthetic": "1"}]}

# Ids and times that are new each time, and places of files that are named by them.
_DRAWN = frozenset(
    {"reading_id", "seq", "since", "recorded_at", "mtime_ns", "quarantine", "manifest"}
)

# Each piece of work is one more commit; a killed one may be noted and done in two.
_VIEWS = [view for view in PUBLIC_VIEWS if view != "commits"]

Step = tuple[str, dict[str, Any]]


@dataclass(slots=True)
class Tally:
    """What was done to how many runs."""

    killed: Counter[str] = field(default_factory=Counter)
    how: Counter[str] = field(default_factory=Counter)
    too_late: int = 0
    gave_up: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def main() -> None:
    """Make the ledger undisturbed, then round by round with kills, and print what came of it."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    seconds: dict[int, float] = {}
    steps = corpus(options.folder / "kills-files")[: options.steps]
    ledger = options.folder / "kills-ledger"
    expected = _undisturbed(ledger, steps, seconds)
    print(
        f"undisturbed: {len(steps)} runs, {len(_VIEWS)} views, digest {expected[:16]}", flush=True
    )
    tally, chance = Tally(), random.Random(options.seed)
    started, rounds = time.perf_counter(), 0
    while tally.killed.total() < options.kills:
        rounds += 1
        _round(ledger, steps, seconds, chance, tally, options.kills)
        if (found := digest(ledger)) != expected:
            tally.wrong.append(f"round {rounds}: the views answer {found[:16]}")
        print(f"round {rounds}: {tally.killed.total()} kills, {len(tally.wrong)} wrong", flush=True)
    shutil.rmtree(ledger, ignore_errors=True)
    _say(options.folder, tally, rounds, time.perf_counter() - started)
    sys.exit(1 if tally.wrong else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--steps", type=int, default=10, help="runs of a round, at most ten")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "out")
    return parser.parse_args()


def corpus(folder: Path) -> list[Step]:
    """The files, and the runs that make a ledger of them; a file is read in two versions."""
    for name in ("a", "b", "c", "d"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(3):
            _write(folder / name / f"{number}.jsonl", f"{name}{number}")
    made: dict[str, Any] = {"parent_field": "from", "process": "rephrase"}
    return [
        ("ingest", _asked(folder / "a", "first", label="human")),
        ("ingest", _asked(folder / "b", "second", **made)),
        ("assemble", {"name": "r1", "policy": POLICY}),
        ("ingest", {**_asked(folder / "read", "third", **made), "files": str(folder / "c")}),
        ("maintain", {"keep": 1}),
        ("assemble", {"name": "r2", "policy": POLICY}),
        ("ingest", {**_asked(folder / "read", "third", **made), "files": str(folder / "d")}),
        ("maintain", {"keep": 0}),
        ("assemble", {"name": "r3", "policy": POLICY}),
        ("maintain", {"keep": 0}),
    ]


def _asked(path: Path, source: str, **options: Any) -> dict[str, Any]:
    return {"paths": [str(path)], "options": {"source": source, **options}}


def _write(path: Path, name: str, count: int = 400) -> None:
    rows: list[dict[str, Any]] = [
        {"id": f"{name}-{n}", "text": f"{name} text number {n}, long enough to count."}
        for n in range(count)
    ]
    for n in range(0, count, 3):
        rows[n]["from"] = f"a{n % 3}-{n}"
    rows[7]["text"] = None  # a reject
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def _undisturbed(ledger: Path, steps: list[Step], seconds: dict[int, float]) -> str:
    """Run all steps in peace, note how long each takes, and return what the views answer."""
    _fresh(ledger)
    for place, step in enumerate(steps):
        _bring(step)
        run = Run(ledger, step)
        started = time.perf_counter()
        run.complete()
        seconds[place] = time.perf_counter() - started
    return digest(ledger)


def _fresh(ledger: Path) -> None:
    shutil.rmtree(ledger, ignore_errors=True)
    provenance.init(str(ledger))


def _bring(step: Step) -> None:
    """Put the files that a step reads from elsewhere where it reads them."""
    if "files" in step[1]:
        target = Path(step[1]["paths"][0])
        target.mkdir(exist_ok=True)
        for path in Path(step[1]["files"]).glob("*.jsonl"):
            shutil.copyfile(path, target / path.name)


def _round(
    ledger: Path,
    steps: list[Step],
    seconds: dict[int, float],
    chance: random.Random,
    tally: Tally,
    most: int,
) -> None:
    _fresh(ledger)
    for place, step in enumerate(steps):
        _bring(step)
        if tally.killed.total() < most:
            _kill(Run(ledger, step), seconds[place] * chance.random(), chance, tally)
        try:
            Run(ledger, step).complete()
            problems = provenance.open(str(ledger)).verify().problems
        except (RuntimeError, ProvError) as error:
            problems = (str(error),)
        tally.wrong += [f"after a kill of {step[0]}: {problem}" for problem in problems]


class Run:
    """One run in a process of its own, with its libraries loaded before it starts."""

    def __init__(self, ledger: Path, step: Step) -> None:
        self.verb, asked = step
        self._said, saying = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(target=_carry_out, args=(saying, ledger, step[0], asked))
        self._process.start()
        saying.close()
        self._said.recv()
        self.pid = self._process.pid or 0

    @property
    def over(self) -> bool:
        """Whether it ended."""
        return not self._process.is_alive()

    def wait(self) -> str:
        """What it said in the end; nothing where it was killed."""
        self._process.join(timeout=300)
        try:
            return str(self._said.recv())
        except EOFError:
            return ""

    def complete(self) -> None:
        """Wait for it, and see that it did what it was to do."""
        if (said := self.wait()) != "done":
            raise RuntimeError(f"{self.verb} ended with {self._process.exitcode}: {said}")


def _carry_out(saying: Connection, url: Path, verb: str, asked: dict[str, Any]) -> None:
    os.setsid()
    ledger = provenance.open(str(url))
    saying.send("ready")
    try:
        if verb == "ingest":
            done = ledger.ingest(asked["paths"], IngestOptions(**asked["options"]))
            said = "; ".join(str(file.error) for file in done.failed) or "done"
        elif verb == "assemble":
            policy = Policy.model_validate(asked["policy"])
            said = "done" if ledger.assemble(asked["name"], policy, Selection()).sealed else "no"
        else:
            ledger.maintain(keep=timedelta(hours=asked["keep"]))
            said = "done"
    except ProvError as error:
        said = error.message
    saying.send(said)


def _kill(run: Run, after: float, chance: random.Random, tally: Tally) -> None:
    """Kill one run; where a worker is killed, the run has to go on by itself."""
    time.sleep(after)
    workers = _below(run.pid)
    how = chance.choice(("all of it", "its first process", "a worker"))
    if how == "a worker" and not workers:
        how = "all of it"
    if run.over:
        tally.too_late += 1
        return
    with contextlib.suppress(ProcessLookupError):
        if how == "all of it":
            os.killpg(run.pid, signal.SIGKILL)
        else:
            who = run.pid if how == "its first process" else chance.choice(workers)
            os.kill(who, signal.SIGKILL)
    said = run.wait()
    tally.killed[run.verb] += 1
    tally.how[how] += 1
    if how == "a worker" and said != "done":
        tally.gave_up.append(said)


def _below(process: int) -> list[int]:
    """The processes that a process started, and those that they did."""
    parents: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            own, _, rest = status.read_text().partition(" (")
            parents.setdefault(int(rest.rpartition(") ")[2].split()[1]), []).append(int(own))
    return list(_walk(process, parents))


def _walk(process: int, parents: dict[int, list[int]]) -> Iterator[int]:
    for child in parents.get(process, []):
        yield child
        yield from _walk(child, parents)


def digest(ledger: Path) -> str:
    """SHA-256 over the rows of all views, without what is drawn anew each time."""
    state = hashlib.sha256()
    with provenance.open(str(ledger)).snapshot() as connection:
        for view in _VIEWS:
            columns = [row[0] for row in connection.execute(f"DESCRIBE {view}").fetchall()]
            kept = [name for name in columns if name not in _DRAWN and name != "commit_id"]
            listed = ", ".join(f'"{name}"' for name in kept)
            rows = connection.execute(f"SELECT {listed} FROM {view} ORDER BY ALL").fetchall()
            state.update(f"{view} {len(rows)} {rows!r}\n".encode("utf-8", "surrogatepass"))
    return state.hexdigest()


def _say(folder: Path, tally: Tally, rounds: int, seconds: float) -> None:
    facts = {
        "kills": tally.killed.total(),
        "rounds": rounds,
        "killed": dict(tally.killed),
        "how": dict(tally.how),
        "too_late": tally.too_late,
        "gave_up": tally.gave_up,
        "wrong": tally.wrong,
        "seconds": round(seconds, 1),
    }
    (folder / "kills.json").write_text(json.dumps({"facts": facts}, indent=2) + "\n", "utf-8")
    print(f"{facts['kills']} kills in {rounds} rounds, {seconds:.0f} s")
    for name, counts in (("of", tally.killed), ("by", tally.how)):
        print(f"  {name}: " + ", ".join(f"{what} {n}" for what, n in sorted(counts.items())))
    print(f"  {tally.too_late} runs were done before their kill, and are not counted")
    print(f"  {len(tally.gave_up)} runs did not go on when they lost a worker")
    print(f"wrong: {len(tally.wrong)}")
    for line in tally.wrong:
        print(f"  {line}")


if __name__ == "__main__":
    main()
