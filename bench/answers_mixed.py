"""Commands of ``same_answers.py`` on records of people, of models and of nobody knows whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import answers_inputs as inputs
from answers_recording import Recording

DOCUMENTS = ["html", "markdown", "json", "audit", "hf-card", "dps", "datasheet", "openlineage"]
REPORTS = [*DOCUMENTS, "eu-art53", "ab2013", "croissant", "cyclonedx", "spdx", "prov-json"]
LINEAGE = {
    "duckdb": ".duckdb",
    "parquet": "",
    "prov-json": ".json",
    "prov-jsonld": ".jsonld",
    "prov-n": ".provn",
    "graphml": ".graphml",
    "openlineage": ".ndjson",
    "dot": ".dot",
    "mermaid": ".mmd",
    "html": ".html",
}
DESCENT = (
    "ingest grand.jsonl --source grand --parent seed --parent-source child --process translate",
    "ingest child.jsonl --source child --parent seed --parent-source books --generator lab/s-7b",
    "ingest talk.jsonl --source talk --parent-file books.jsonl --relation context",
    "activity add rewriting --id act-1 --kind generate --agent Ann --started 2024-01-01T10:00:00",
    "activity add cleaning --id act-2 --ended 2024-01-01T11:00:00 --detail model=x",
    "activity add rewriting --id act-1 --kind train",
    "activity list",
    "lineage import edges.csv --source books",
    "lineage import edges.csv --source books",
    "lineage import loop.csv --source books",
    "lineage import prov.json",
    "lineage import prov.json --strict",
    "lineage import events.jsonl",
    "lineage import sources.yaml",
    "assemble base --policy pass.yaml --source books",
    "model set m-1 --family m --trained-on base",
    "model set m-1 --family m --trained-on no-such",
    "model list",
    "ingest model-out.jsonl --source out --label synthetic --generator m-1",
    "assemble all --policy many.yaml",
    "assemble all --policy warn.yaml",
    "show grand-0",
    "show child-x",
    "trace grand-0",
    "trace --down books-1",
    "trace --down books-1 --hops 1",
    "trace out-0",
    "trace model:m-1 --down",
    "trace release:base --down",
    "trace entity:nothing",
    "status",
)


def mixed(run: Recording, name: str) -> Path:
    """A group with a ledger of records of people, of models and of nobody knows whom."""
    folder = run.group(name)
    inputs.mixture(folder)
    run.prov("source", "set", "--from", "sources.yaml")
    run.prov("ingest", "books.jsonl", "--source", "books", "--attr", "author=author")
    run.prov("ingest", "made.jsonl", "--source", "made", "--attr", "topic=topic")
    run.prov("ingest", "web.jsonl", "--source", "web", "--attr", "url=url")
    return folder


def policies(run: Recording) -> None:
    """Audits that pass, fail and stay open, in every form of the answer."""
    mixed(run, "policies")
    run.prov("ingest", "books-de.jsonl", "--source", "books")
    run.prov("ingest", "again.jsonl", "--source", "web")
    for name in inputs.POLICIES:
        run.prov("policy", "check", f"{name}.yaml")
    for name in ("pass", "fail", "open", "warn", "many", "keep"):
        run.prov("audit", "--policy", f"{name}.yaml")
    run.prov("audit", "books.jsonl", "made.jsonl", "--policy", "many.yaml")
    for form in ("text", "json", "markdown", "sarif", "junit"):
        suffix = {"json": ".json", "sarif": ".sarif"}.get(form, ".txt")
        words = ("audit", "--policy", "many.yaml", "--format", form, "-o", f"answer{suffix}")
        run.printed(*words, files=(f"answer{suffix}",))
    run.prov(
        "audit", "--policy", "many.yaml", "--write-baseline", "known.json", files=("known.json",)
    )
    run.prov("audit", "--policy", "many.yaml", "--baseline", "known.json")
    run.printed(
        "query", "--format", "csv", "SELECT label, count(*) FROM records GROUP BY 1 ORDER BY 1"
    )
    run.views()


def releases(run: Recording) -> None:
    """Releases: refused, fitted, weighted, cut, compared, exported; and their reports."""
    mixed(run, "releases")
    run.prov("assemble", "first", "--policy", "pass.yaml", "--source", "books")
    for name, options in {
        "refused": "--policy fail.yaml",
        "open": "--policy open.yaml",
        "warned": "--policy warn.yaml --seed 3",
        "fitted": "--policy many.yaml --fit --seed 1",
        "fitted-2": "--policy many.yaml --fit --seed 2",
        "open-fitted": "--policy open.yaml --fit",
        "weighted": "--policy pass.yaml --weight books=2 --weight made=1",
        "weighted-2": "--policy pass.yaml --weight books=1.5 --source books",
        "cut": "--policy pass.yaml --split train=0.8 --split test=0.2 --seed 5",
        "cut-by": "--policy pass.yaml --split train=0.5 --split test=0.5 --split-by norm_id",
        "dry": "--policy pass.yaml --dry-run --fit",
        "kept": "--policy keep.yaml",
        "not-kept": "--policy keep.yaml --source made",
        "first": "--policy pass.yaml",
    }.items():
        run.prov("assemble", name, *options.split())
    run.prov("assemble", "where", "--policy", "pass.yaml", "--where", "lang = 'en' AND bytes > 100")
    run.prov("assemble", "none", "--policy", "pass.yaml", "--where", "lang = 'xx'")
    run.prov("report", "--diff", "first", "fitted")
    run.prov("report", "--diff", "fitted", "fitted-2")
    run.prov("audit", "cut", "--policy", "many.yaml")
    run.prov("audit", "first", "--policy", "keep.yaml")
    run.prov("trace", "--down", "source:books")
    run.prov("trace", "release:fitted", "--hops", "1")
    run.prov("export", "cut", "--to", "cut", files=("cut",))
    run.prov("export", "weighted", "--to", "weighted", "--format", "jsonl", files=("weighted",))
    run.prov("audit", "cut", "weighted/data.jsonl", "--policy", "many.yaml")
    run.prov("ingest", "cut", "--source", "back")
    run.prov("verify", "cut")
    run.views()
    _reports(run)


def _reports(run: Recording) -> None:
    """Every report, its questions and its answers."""
    run.prov("ingest", "talk.jsonl", "--source", "talk")
    run.prov("model", "set", "m-1", "--family", "m", "--provider", "lab", "--version", "2")
    run.prov("assemble", "r", "--policy", "warn.yaml")
    run.prov("export", "r", "--to", "out")
    for form in REPORTS:
        suffix = {"html": ".html", "markdown": ".md", "hf-card": ".md", "datasheet": ".md"}
        path = f"{form}{suffix.get(form, '.json')}"
        run.prov("report", "r", "--format", form, "-o", path, files=(path,))
    for form in ("croissant", "cyclonedx", "spdx", "dps"):
        path = f"files-{form}.json"
        run.prov("report", "r", "--format", form, "--files", "out", "-o", path, files=(path,))
    for form in ("eu-art53", "ab2013", "datasheet"):
        run.prov("report", "r", "--format", form, "--init", "-o", f"{form}.yaml")
        words = ("--format", form, "--answers", f"{form}.yaml", "--as", "json")
        run.prov(
            "report", "r", *words, "-o", f"answered-{form}.json", files=(f"answered-{form}.json",)
        )
        run.prov("report", "r", *words, "--strict", "-o", f"strict-{form}.json")
    run.prov(
        "report", "r", "--format", "eu-art53", "--domains", "domains.csv", files=("domains.csv",)
    )
    run.prov("report", "r", "--format", "all", "-o", "all", "--files", "out", files=("all",))
    run.prov("report", "r", "--format", "all", "--init", "-o", "questions")
    run.prov("source", "lint", "--strict")


def lineage(run: Recording) -> None:
    """Parents, activities, models, edges of others, and the graph in every form."""
    folder = mixed(run, "lineage")
    for line in DESCENT:
        run.prov(*line.split())
    for form in ("dot", "mermaid", "html"):
        run.printed("trace", "grand-0", "--format", form)
    for form, suffix in LINEAGE.items():
        path = f"graph-{form}{suffix}"
        run.prov("lineage", "export", "--to", path, "--format", form, files=(path,))
    run.views()
    run.prov("init", "--ledger", "other")
    for form in ("prov-json", "prov-jsonld", "prov-n", "openlineage", "parquet"):
        path = f"graph-{form}{LINEAGE[form]}"
        path = path if form != "parquet" else _first(folder / path, "edges")
        run.prov("lineage", "import", path, "--ledger", "other")
    run.prov("status", "--ledger", "other")


def takedown(run: Recording) -> None:
    """Take records out, put them back, remove them for good."""
    mixed(run, "takedown")
    run.prov(
        "ingest", "child.jsonl", "--source", "child", "--parent", "seed", "--parent-source", "books"
    )
    run.prov("assemble", "r", "--policy", "warn.yaml")
    run.prov("model", "set", "m-1", "--trained-on", "r")
    run.prov(
        "ingest", "model-out.jsonl", "--source", "out", "--label", "synthetic", "--generator", "m-1"
    )
    run.prov("revoke", "--attr", "author=Ann", "--dry-run")
    run.prov("revoke", "--attr", "domain=w1.example.org", "--reason", "asked", "--by", "desk")
    words = ("revoke", "--external-id", "books-1", "--source", "books", "--through-models")
    run.prov(*words, "--dry-run")
    one = _revocation(
        run.prov(*words, "--reason", "asked", "--receipt", "r.json", files=("r.json",))
    )
    two = _revocation(run.prov("revoke", "--file", "web.jsonl", "--reason", "ended"))
    run.prov("revoke", "--record", "made-1", "--dry-run")
    run.prov("revoke", "--attr", "author=Nobody")
    for line in (
        "status",
        "show books-1",
        "audit r --policy warn.yaml",
        "audit books.jsonl --policy warn.yaml",
        "export r --to refused",
        "export r --to allowed --allow-revoked",
        "assemble r2 --policy warn.yaml",
        f"restore {two} --reason mistake --receipt s.json",
        f"restore {two}",
        "restore rv-000000000000",
        f"purge {one}",
        f"purge {one} --yes --receipt p.json",
        f"purge {one} --yes",
        f"restore {one}",
        "ingest books.jsonl --source elsewhere",
        "status",
        "verify",
        "report r --format json",
    ):
        run.prov(*line.split(), files=("s.json", "p.json"))
    run.views()


def _revocation(answer: Any) -> str:
    """The id of a revocation, of the answer that made it."""
    return str(answer.get("revocation", "none")) if isinstance(answer, dict) else "none"


def _first(folder: Path, name: str) -> str:
    """The path of the first file of a folder whose name begins so, from the folder above."""
    found = sorted(folder.glob(f"{name}*"))
    return str(found[0].relative_to(folder.parent)) if found else f"{folder.name}/{name}.parquet"
