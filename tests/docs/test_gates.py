"""The pieces for the CI of others do what they say: their commands are read and carried out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.datafiles import texts, thirds, write_jsonl

from provenance.model.manifest import Selection
from provenance.operations.documents import parse_policy

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / "docs" / "guide" / "ci"

LENIENT = "policy: any\nbudgets: [{name: cap, max_synthetic: 1}]\n"
STRICT = "policy: none\nbudgets: [{name: cap, max_synthetic: 0.01}]\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory: a ledger, a release, policies, and files to train on."""
    folder = tmp_path_factory.mktemp("gates")
    made = thirds(folder)
    (folder / "ledger").rename(folder / ".prov")
    (folder / "policy.yaml").write_text(LENIENT, "utf-8")
    (folder / "strict.yaml").write_text(STRICT, "utf-8")
    (folder / "train").mkdir()
    for source in "sh":
        (folder / f"{source}.jsonl").rename(folder / "train" / f"{source}.jsonl")
    write_jsonl(folder / "a file.jsonl", texts("s", 3))
    import provenance

    ledger = provenance.open(str(folder / ".prov"))
    ledger.assemble("first-release", parse_policy(LENIENT, "policy.yaml"), Selection())
    assert made.store
    return folder


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `prov` in it, as an installation would put it there."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "prov").write_text(f'#!/bin/sh\nexec {sys.executable} -m prov_cli.main "$@"\n')
    (folder / "prov").chmod(0o755)
    (folder / "python").symlink_to(sys.executable)
    return folder


def run(
    command: str | Sequence[str], folder: Path, program: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A command as a CI runs it: with `prov` on its path, and no setting of ours."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("PROV_", "COV", "GITHUB_"))}
    path = f"{program}{os.pathsep}{keep.get('PATH', '')}"
    sources = os.pathsep.join([str(ROOT), str(ROOT / "cli")])
    arguments = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command]
    return subprocess.run(
        arguments if isinstance(command, str) else list(command),
        cwd=folder,
        env={**keep, "PATH": path, "PYTHONPATH": sources, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# GitHub.


def action() -> Any:
    return yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))


def audit_step() -> Any:
    (step,) = [one for one in action()["runs"]["steps"] if one.get("id") == "audit"]
    return step


def on_github(
    folder: Path, program: Path, place: Path, **inputs: str
) -> tuple[subprocess.CompletedProcess[str], str, str]:
    """The step with its inputs in place: what it leaves, its outputs and its summary."""
    defaults = {name: one.get("default", "") for name, one in action()["inputs"].items()}
    given = {**defaults, **inputs}
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], value)
        for name, value in audit_step()["env"].items()
    }
    files = {name: place / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("", "utf-8")
    done = run(
        audit_step()["run"],
        folder,
        program,
        RUNNER_TEMP=str(place),
        **{name: str(file) for name, file in files.items()},
        **environment,
    )
    outputs, summary = (file.read_text("utf-8") for file in files.values())
    return done, outputs, summary


@pytest.mark.slow
@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        ({"policy": "policy.yaml", "target": "first-release"}, 0, "`first-release` under policy"),
        (
            {"policy": "strict.yaml", "target": "a file.jsonl\ntrain\n", "content": "text"},
            1,
            "### Fails the policy",
        ),
        (
            {"policy": "policy.yaml", "target": "$(touch pwned); `touch pwned`", "ledger": ".prov"},
            11,
            "",
        ),
    ],
)
def test_the_action_judges_and_tells(
    folder: Path, program: Path, tmp_path: Path, inputs: dict[str, str], code: int, said: str
) -> None:
    done, outputs, summary = on_github(folder, program, tmp_path, **inputs)
    assert done.returncode == code, done.stderr
    assert outputs == f"exit-code={code}\n"
    assert said in summary
    assert bool(summary) == bool(said)
    assert not (folder / "pwned").exists()


def test_the_action_takes_what_people_write_as_variables_only() -> None:
    steps = [one for one in action()["runs"]["steps"] if "run" in one]
    assert not any("${{" in one["run"] for one in steps)
    used = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text("utf-8")))
    assert used == set(action()["inputs"])
    assert all(one["shell"] == "bash" for one in steps)


# pre-commit.


def hooks() -> dict[str, Any]:
    found = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    return {one["id"]: one for one in found}


def as_hook(hook: Any, files: Sequence[str], *arguments: str) -> list[str]:
    """The command line that pre-commit makes of a hook and of the files that are committed."""
    taken = [file for file in files if re.search(hook["files"], file)]
    passed = taken if hook.get("pass_filenames", True) else []
    return [*hook["entry"].split(), *(arguments or hook["args"]), *passed]


@pytest.mark.slow
def test_the_hooks_judge_what_is_committed(folder: Path, program: Path) -> None:
    files = ["README.md", "a file.jsonl", "train/s.jsonl", "policy.yaml"]
    audit, check = hooks()["prov-audit"], hooks()["prov-policy"]
    assert as_hook(audit, files)[-2:] == ["a file.jsonl", "train/s.jsonl"]
    no = run(as_hook(audit, files, "--policy", "strict.yaml"), folder, program)
    assert (no.returncode, "Fails the policy" in no.stdout) == (1, True)
    assert as_hook(check, files) == ["prov", "policy", "check", "policy.yaml"]
    wrong = run(as_hook(check, files, "train/s.jsonl"), folder, program)
    assert wrong.returncode == 2


# GitLab.


def test_the_job_of_gitlab_leaves_its_report(folder: Path, program: Path) -> None:
    jobs = yaml.safe_load((CI / "gitlab-ci.yml").read_text("utf-8"))
    job = jobs[jobs["synthetic-budget"]["extends"]]
    given = {**job["variables"], "POLICY": "strict.yaml"}
    done = run("\n".join(job["script"]), folder, program, **given)
    assert done.returncode == 1, done.stderr
    assert b"<failure" in (folder / job["artifacts"]["reports"]["junit"]).read_bytes()


# DVC.


@pytest.mark.slow
def test_the_stages_of_dvc_make_what_they_say(folder: Path, program: Path) -> None:
    stages = yaml.safe_load((CI / "dvc.yaml").read_text("utf-8"))["stages"]
    for stage in stages.values():
        assert all((folder / one).exists() for one in stage["deps"])
        done = run(stage["cmd"], folder, program)
        assert done.returncode == 0, done.stderr
        for out in stage["outs"]:
            assert (folder / (out if isinstance(out, str) else next(iter(out)))).exists()
    assert json.loads((folder / "audit.json").read_text())["verdict"] == "pass"
    assert (folder / "reports" / "index.html").is_file()


# Airflow and OpenLineage.


@pytest.fixture
def backend() -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """A backend of OpenLineage on this machine, and what it was sent."""
    got: list[tuple[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, json.loads(body)))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """No line for each request."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()
        thread.join()


def dag_commands() -> dict[str, str]:
    """The commands of the DAG by task; Airflow itself is not needed to read them."""
    operators: list[dict[str, Any]] = []

    class Operator:
        def __init__(self, **given: Any) -> None:
            operators.append(given)

        def __rshift__(self, other: Operator) -> Operator:
            return other

    class Dag:
        def __init__(self, *_: Any, **__: Any) -> None:
            """A DAG collects nothing here."""

        def __enter__(self) -> Dag:
            return self

        def __exit__(self, *_: Any) -> None:
            """Nothing to close."""

    text = (CI / "training_set_dag.py").read_text("utf-8")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("from airflow"))
    exec(compile(body, "dag", "exec"), {"BashOperator": Operator, "DAG": Dag})
    return {one["task_id"]: one["bash_command"] for one in operators}


@pytest.mark.slow
def test_the_tasks_of_airflow_assemble_judge_and_tell(
    folder: Path, program: Path, backend: tuple[str, list[tuple[str, Any]]]
) -> None:
    url, got = backend
    (folder / "send_events.py").write_text((CI / "send_events.py").read_text("utf-8"), "utf-8")
    commands = dag_commands()
    assert list(commands) == ["assemble", "gate", "tell"]
    for command in commands.values():
        filled = command.replace("{{ ds }}", "2026-11-09")
        done = run(filled, folder, program, OPENLINEAGE_URL=url)
        assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert got == [("/api/v1/lineage", event) for event in events]
    assert any(
        output["name"] == "release:week-2026-11-09"
        for event in events
        for output in event.get("outputs", [])
    )


def test_a_backend_that_refuses_is_an_error(
    folder: Path, program: Path, backend: tuple[str, list[tuple[str, Any]]]
) -> None:
    (folder / "send_events.py").write_text((CI / "send_events.py").read_text("utf-8"), "utf-8")
    write_jsonl(folder / "one.jsonl", [{}])
    done = run(
        "python send_events.py one.jsonl", folder, program, OPENLINEAGE_URL="http://127.0.0.1:9"
    )
    assert done.returncode != 0
