"""The commands that ``same_answers.py`` runs: every command, on small files and on real data."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import answers_inputs as inputs
from answers_mixed import lineage, mixed, policies, releases, takedown
from answers_real import real_data
from answers_recording import Recording

OLD_LEDGERS = Path(__file__).parents[1] / "tests" / "formats"


def demo(run: Recording) -> None:
    """The example, and everything that can be asked of it."""
    folder = run.group("demo")
    run.printed("demo", "--to", "d", "--no-open", files=("d/release", "d/schemas", "d/report.html"))
    shutil.copytree(folder / "d" / ".prov", folder / ".prov")
    for line in (
        "status",
        "source list",
        "source show generated",
        "source lint",
        "show note-001",
        "trace note-001",
        "trace --down source:generated",
        "audit first-release --policy d/policy.yaml",
        "audit --policy d/policy.yaml",
        "audit d/generated.jsonl d/field-notes.jsonl --policy d/policy.yaml",
        "audit d/release --policy d/policy.yaml",
        "policy check d/policy.yaml",
        "verify",
        "verify first-release",
        "maintain --dry-run --keep-hours 0",
        "migrate --list",
    ):
        run.prov(*line.split())
    run.prov("export", "first-release", "--to", "out", files=("out",))
    run.views()


def formats(run: Recording) -> None:
    """A ledger of a file of each format."""
    folder = run.group("formats")
    inputs.formats(folder / "in")
    run.prov("init")
    run.prov("ingest", "in/a.jsonl", "--source", "s", "--label", "human", "--attr", "who=author")
    run.prov("ingest", "in", "--source", "all", "--strict")
    run.prov("ingest", "in/nested.json", "--source", "nested", "--records", "data.items")
    run.prov("ingest", "in/dot.png", "--source", "media", "--label", "human")
    run.prov("ingest", "in/t/two.md", "--source", "lines", "--format", "lines")
    run.prov("ingest", "in/e.sqlite", "--source", "db", "--records", "notes", "--content", "text")
    run.prov("ingest", "in/c.csv", "--source", "rows", "--content", "*", "--delimiter", ",")
    run.prov("ingest", "in/b.json", "--source", "s", "--process", "rephrase", "--generator", "m-1")
    run.prov("ingest", "in/c.tsv", "--source", "plain", "--no-header")
    run.prov("ingest", "in", "--source", "by-path", "--path", "in/{label}/*.jsonl")
    run.prov("ingest", "in/a.jsonl", "--source", "s")
    run.prov("ingest", "in/a.jsonl", "--source", "s", "--rehash")
    run.prov("ingest", "in/a.jsonl", "--source", "s", "--label", "synthetic")
    inputs.lines(folder / "in" / "a.jsonl", inputs.rows("changed", 3, lang="en"))
    run.prov("ingest", "in/a.jsonl", "--source", "s")
    run.prov("ingest", "in/a.jsonl", "--source", "s", "--replace")
    run.prov("status")
    inputs.save(folder / "pass.yaml", inputs.POLICIES["pass"])
    inputs.save(folder / "open.yaml", inputs.POLICIES["open"])
    run.prov("audit", "--policy", "open.yaml")
    run.prov("audit", "in", "--policy", "open.yaml")
    run.prov("audit", "in/d.parquet", "in/packed", "--policy", "pass.yaml", "--content", "text")
    run.prov("assemble", "all", "--policy", "pass.yaml")
    run.prov("export", "all", "--to", "out", files=("out",))
    run.prov("export", "all", "--to", "lines", "--format", "jsonl", files=("lines",))
    run.views()
    run.prov("maintain", "--keep-hours", "0")
    run.prov("maintain", "--keep-hours", "0")
    run.prov("verify")
    run.prov("status")
    (folder / "in" / "d.parquet").write_bytes(b"PAR1")
    run.prov("export", "all", "--to", "gone")


def broken(run: Recording) -> None:
    """Files with faults: rejects, quarantine, and what stops a run."""
    folder = run.group("broken")
    inputs.broken(folder / "in")
    for name in ("some.jsonl", "utf8.jsonl", "ragged.csv", "cut.jsonl.gz", "cut.parquet"):
        run.prov("ingest", f"in/{name}", "--source", name.replace(".", "-"))
    for line in (
        "ingest in/some.jsonl --source stop --on-reject stop",
        "ingest in/some.jsonl --source few --max-rejects 1",
        "ingest in/some.jsonl --source part --max-rejects 10%",
        "ingest in/long.jsonl --source long --max-record 1KiB",
        "ingest in --source folder --strict",
        "ingest in/unknown.bin --source named --format jsonl",
        "ingest in/ragged.csv --source utf --encoding utf-16",
        "status",
        "verify",
    ):
        run.prov(*line.split())
    inputs.save(folder / "pass.yaml", inputs.POLICIES["pass"])
    run.prov("audit", "in", "--policy", "pass.yaml")
    run.prov("audit", "in", "--policy", "pass.yaml", "--allow-unread")
    run.views()
    run.printed("status", files=(".prov/quarantine",))


def misuse(run: Recording) -> None:
    """Commands that cannot be done, for each exit code that they can have."""
    mixed(run, "misuse")
    for line in (
        "nope",
        "ingest",
        "ingest books.jsonl",
        "ingest none.jsonl --source x",
        "ingest books.jsonl --source x --format nope",
        "ingest books.jsonl --source x --content nope",
        "ingest books.jsonl --source x --label robot",
        "ingest books.jsonl --source x --process nope",
        "ingest books.jsonl --source x --max-rejects many",
        "ingest sources.yaml --source x",
        "ingest books.jsonl --source x --parent seed --parent-file made.jsonl",
        "source set x --kind nope",
        "source set x --licence No-Such-Licence",
        "source set --from pass.yaml",
        "source show nope",
        "show nope",
        "show sha256:00",
        "show books",
        "trace nope",
        "trace books-1 --hops -1",
        "policy check nope.yaml",
        "audit",
        "audit nope --policy pass.yaml",
        "audit --policy nope.yaml",
        "audit books.jsonl --policy pass.yaml --format nope",
        "audit books.jsonl --policy pass.yaml --input-format parquet",
        "assemble x --policy pass.yaml --weight books=0",
        "assemble x --policy pass.yaml --weight nope=2",
        "assemble x --policy pass.yaml --split train=0.5",
        "assemble x --policy pass.yaml --source nope",
        "assemble x --policy pass.yaml --where nope",
        "assemble x/y --policy pass.yaml",
        "export nope --to out",
        "report nope",
        "report",
        "report nope --format nope",
        "report --diff nope nope",
        "revoke",
        "revoke --record nope",
        "restore nope",
        "purge nope --yes",
        "verify nope",
        "maintain --keep-hours -1",
        "activity add x --kind nope",
        "activity add x --started nope",
        "lineage import nope.csv",
        "lineage export --to .",
        "lineage import books.jsonl --relation nope",
        "model set m --trained-on nope",
        "status --ledger nowhere",
        "status --ledger books.jsonl",
        "init",
        "demo --to .",
    ):
        run.prov(*line.split())
    for sql in ("DELETE FROM records", "SELECT nope FROM records", "SELECT * FROM 'books.jsonl'"):
        run.prov("query", sql)
    run.prov("query", "--allow-files", "SELECT count(*) AS rows FROM 'books.jsonl'")
    _damaged(run)


def _damaged(run: Recording) -> None:
    """A stored part is changed: integrity."""
    parts = sorted((run.here / ".prov" / "data").rglob("sightings/*.parquet"))
    if parts:
        parts[0].write_bytes(parts[0].read_bytes()[:-9] + b"\0" * 9)
    run.prov("verify")
    run.prov("status")
    run.prov("show", "books-1")


def old(run: Recording) -> None:
    """Ledgers that older versions made."""
    for path in sorted(OLD_LEDGERS.glob("*.tar.gz")):
        folder = run.group(path.name.removesuffix(".tar.gz"))
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
        found = sorted(folder.rglob("catalogue.ducklake"))
        ledger = str(found[0].parent.relative_to(folder)) if found else "none"
        for line in ("status", "migrate --list", "migrate", "migrate", "status", "verify"):
            run.prov(*line.split(), "--ledger", ledger)
        if found and ledger != ".prov":
            shutil.move(folder / ledger, folder / ".prov")
        run.views()


GROUPS = {
    "real": real_data,
    "demo": demo,
    "formats": formats,
    "broken": broken,
    "policies": policies,
    "releases": releases,
    "lineage": lineage,
    "takedown": takedown,
    "misuse": misuse,
    "old": old,
}
