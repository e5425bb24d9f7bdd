"""Measure many writers: processes that ingest at once into PostgreSQL and S3.

Every sighting must be in the ledger exactly once. Starts a PostgreSQL cluster and a server that
speaks S3 for it, as the tests do; `--ledger` takes another ledger instead.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))


from support import servers

import provenance
from provenance.operations.ingest import IngestOptions

SHARED = "shared.jsonl"


def write_files(folder: Path, writers: int, commits: int, records: int) -> int:
    """A file for every commit of every writer, and one that all of them ingest; how many rows."""
    names = [f"{w}-{c}.jsonl" for w in range(writers) for c in range(commits)]
    for name in (*names, SHARED):
        rows = ({"text": f"Record {n} of {name}, said once.", "id": n} for n in range(records))
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return (len(names) + 1) * records


def write(url: str, folder: str, writer: int, commits: int, ready: object) -> None:
    """One writer: ingest the shared file, then its own one by one, and note how long they take."""
    ledger = provenance.open(url)
    options = IngestOptions(source=f"writer-{writer}", id_field="id")
    every = IngestOptions(source="everybody", id_field="id")
    ready.wait()  # type: ignore[attr-defined]
    ledger.ingest([f"{folder}/{SHARED}"], every)
    waits = []
    for commit in range(commits):
        started = time.perf_counter()
        ledger.ingest([f"{folder}/{writer}-{commit}.jsonl"], options)
        waits.append(time.perf_counter() - started)
    Path(folder, f"{writer}.waits").write_text(json.dumps(waits))


@contextlib.contextmanager
def a_ledger(given: str | None) -> Iterator[str]:
    """The URL of a new ledger."""
    if given:
        yield given
        return
    programs = servers.postgres_programs()
    lacking = "PostgreSQL is not installed" if programs is None else servers.s3_missing()
    if programs is None or lacking:
        raise SystemExit(f"cannot be measured: {lacking}")
    os.environ.update(servers.ENVIRONMENT)
    with servers.postgres_server(programs) as postgres, servers.s3_server() as endpoint:
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        servers.make_bucket(endpoint, "ledgers")
        yield postgres.url(f"s3://ledgers/{uuid.uuid4().hex}")


def run(url: str, folder: Path, writers: int, commits: int) -> float:
    """All writers at once; how long it took."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(writers + 1)
    work = [
        context.Process(target=write, args=(url, str(folder), writer, commits, ready))
        for writer in range(writers)
    ]
    for each in work:
        each.start()
    ready.wait()
    started = time.perf_counter()
    for each in work:
        each.join()
    if any(each.exitcode for each in work):
        raise SystemExit("a writer failed")
    return time.perf_counter() - started


def check(url: str, rows: int, writers: int, commits: int) -> dict[str, int]:
    """What the ledger holds, which must be everything once."""
    ledger = provenance.open(url)
    (found,) = ledger.query("""
        SELECT count(*) AS sightings, count(DISTINCT (source, uri, row)) AS places,
            count(DISTINCT record_id) AS records FROM sightings""").to_pylist()
    (numbered,) = ledger.query("""
        SELECT count(*) AS commits, count(DISTINCT seq) AS numbers,
            count(*) FILTER (verb = 'ingest') AS ingests FROM commits""").to_pylist()
    checked = ledger.verify()
    expected = {"sightings": rows, "places": rows, "records": rows}
    if found != expected or checked.problems:
        raise SystemExit(f"lost or doubled: {found}, expected {expected}; {checked.problems}")
    if numbered["commits"] != numbered["numbers"] or numbered["ingests"] != writers * commits + 1:
        raise SystemExit(f"commits are not numbered one by one: {numbered}")
    return {**found, **numbered, "parts": checked.parts, "bytes": checked.bytes}


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--commits", type=int, default=50)
    parser.add_argument("--records", type=int, default=100, help="records of one commit")
    parser.add_argument("--ledger", metavar="URL", help="where there is none yet")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / "out")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with a_ledger(asked.ledger) as url, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        rows = write_files(folder, asked.writers, asked.commits, asked.records)
        provenance.init(url)
        seconds = run(url, folder, asked.writers, asked.commits)
        waits = [w for file in folder.glob("*.waits") for w in json.loads(file.read_text())]
        started = time.perf_counter()
        facts = check(url, rows, asked.writers, asked.commits)
        checking = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    numbers = {
        "writers": asked.writers,
        "seconds": round(seconds, 1),
        "ingests_per_second": round(facts["ingests"] / seconds, 2),
        "median_ingest": round(statistics.median(waits), 2),
        "worst_ingest": round(max(waits), 2),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "checking": round(checking, 1),
        **facts,
    }
    (asked.folder / "writers.json").write_text(json.dumps(numbers, indent=2))
    print(
        f"{asked.writers} writers x {asked.commits} commits in {seconds:.1f} s: "
        f"{facts['sightings']:,} sightings, each exactly once; an ingest takes "
        f"{numbers['median_ingest']} s in the middle and {numbers['worst_ingest']} s at most"
    )


if __name__ == "__main__":
    main()
