"""Every answer in JSON is one document and all of standard output, whatever libraries print."""

from __future__ import annotations

import ctypes
import io
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from prov_cli.main import cli, run
from prov_cli.streams import keep_answers_apart

ROWS = [
    {"id": "j1", "text": "a text by Jo, which she wants back", "author": "Jo Quimby"},
    {"id": "j2", "text": "another text by Jo, even longer", "author": "Jo Quimby"},
    {"id": "a1", "text": "a text by Al, who does not mind", "author": "Al Other"},
]

FILES = {
    "a.jsonl": "".join(json.dumps(row) + "\n" for row in ROWS),
    "edges.csv": "child,parent\nj2,j1\n",
    "p.yaml": "policy: p\nunit: bytes\nbudgets:\n  - name: all\n    max_synthetic: 0.5\n",
}

JOB = """
init
source set web --label human --by editors
source lint web
source list
source show web
model set m --family f
model list
activity add rephrase
activity list
ingest a.jsonl --source web --attr author=author
status
show j1
trace j1
lineage import edges.csv --source web
lineage export --to edges.json
query "SELECT 1 AS one"
policy check p.yaml
audit --policy p.yaml
audit a.jsonl --policy p.yaml
assemble r1 --policy p.yaml
assemble r2 --policy p.yaml --fit
audit r1 --policy p.yaml
export r1 --to out
report r1
report r1 --format eu-art53
report --diff r1 r2
revoke --attr "author=Jo Quimby" --reason asked
restore REVOCATION --reason back
revoke --attr "author=Jo Quimby" --reason again
purge REVOCATION --yes
verify r1
maintain
migrate
demo --to demo
"""
"""Each command at least once, each on what those before it left."""

NOISE = "a banner of a library"
LIBC = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a process would have left on its descriptors."""

    code: int
    out: str
    err: str


def text_on(descriptor: int) -> io.TextIOWrapper:
    """A stream of text as the interpreter opens it when it starts."""
    return io.TextIOWrapper(io.FileIO(descriptor, "w", closefd=False), encoding="utf-8")


def as_program(arguments: list[str], patch: pytest.MonkeyPatch) -> Outcome:
    """Run ``prov`` as a process of its own runs it: standard output is descriptor 1 alone."""
    patch.setattr("sys.argv", ["prov", *arguments])
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, patch.context() as own:
        try:
            for file, descriptor, name in ((out, 1, "stdout"), (err, 2, "stderr")):
                os.dup2(file.fileno(), descriptor)
                own.setattr(sys, name, text_on(descriptor))
            own.setattr(sys, "__stdout__", sys.stdout)
            keep_answers_apart()
            with pytest.raises(SystemExit) as left:
                run()
        finally:
            sys.stdout.close()
            sys.stderr.close()
            for descriptor, before in zip((1, 2), kept, strict=True):
                os.dup2(before, descriptor)
                os.close(before)
        out.seek(0)
        err.seek(0)
        return Outcome(int(left.value.code or 0), out.read().decode(), err.read().decode())


def noisy(patch: pytest.MonkeyPatch) -> None:
    """Have a library that every command calls print in the three ways that there are."""
    quiet = json.dumps

    def dumps(*arguments: Any, **options: Any) -> str:
        os.write(1, f"{NOISE} on the descriptor\n".encode())
        LIBC.puts(f"{NOISE} in C".encode())
        LIBC.fflush(None)
        print(f"{NOISE} in Python")
        return quiet(*arguments, **options)

    patch.setattr("json.dumps", dumps)


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    """The names of all commands that take ``--json``."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, *above, name)
        elif found and any("--json" in option.opts for option in found.params):
            yield (*above, name)


def test_every_command_that_answers_in_json_is_run_here() -> None:
    run_here = [line for line in JOB.split("\n") if line]
    names = [" ".join(name) for name in commands(cli)]
    assert [
        name for name in names if not any(f"{line} ".startswith(f"{name} ") for line in run_here)
    ] == []


@pytest.mark.slow
@pytest.mark.newest
def test_an_answer_is_one_document_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROV_LEDGER", raising=False)
    for name, content in FILES.items():
        Path(name).write_text(content)
    revocation = ""
    for line in filter(None, JOB.split("\n")):
        with monkeypatch.context() as patch:
            noisy(patch)
            arguments = shlex.split(line.replace("REVOCATION", revocation))
            left = as_program([*arguments, "--json"], patch)
        assert left.code in {0, 1, 3}, (line, left)
        answer = json.loads(left.out)
        for how in ("on the descriptor", "in C", "in Python"):
            assert f"{NOISE} {how}" in left.err, line
        revocation = answer["revocation"] if "revoke" in line else revocation
