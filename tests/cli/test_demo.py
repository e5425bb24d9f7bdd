"""``prov demo`` does the whole job with the real commands, again and again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from prov_cli import demo
from provenance.errors import MisuseError
from provenance.operations.documents import parse_policy, parse_sources


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "DISPLAY"}
    environment["PROV_LEDGER"] = str(folder / "a-ledger-of-the-user")
    return subprocess.run(
        [sys.executable, "-m", "prov_cli.main", "demo", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    done = run(folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.mark.slow
@pytest.mark.newest
def test_it_shows_every_command_as_it_is_typed(shown: tuple[Path, str]) -> None:
    typed = [line[2:] for line in shown[1].splitlines() if line.startswith("$ prov ")]
    assert typed == [step.command for step in demo.STEPS]


def test_the_audit_says_no_and_names_budget_numbers_and_sources(shown: tuple[Path, str]) -> None:
    said = shown[1].split("$ prov audit --policy policy.yaml")[1].split("$ prov")[0]
    assert "Fails the policy" in said
    assert "overall" in said
    assert "limit 0.30: most of it from generated (48,726 bytes)" in said
    assert "(exit code 1)" in said


@pytest.mark.newest
def test_the_fitted_release_passes(shown: tuple[Path, str]) -> None:
    said = shown[1].split("--fit")[1]
    assert said.count("Passes the policy") == 2
    assert "Fails the policy" not in said


def test_the_report_is_where_it_says(shown: tuple[Path, str]) -> None:
    folder, text = shown
    last = text.strip().splitlines()[-1]
    assert last == f"The report: {folder / 'prov-demo' / 'report.html'}"
    assert "</html>" in (folder / "prov-demo" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.newest
def test_the_report_opens_in_a_browser_and_prints(shown: tuple[Path, str], tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no browser here: install chromium")
    report = shown[0] / "prov-demo" / "report.html"
    paper = tmp_path / "report.pdf"
    quiet = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    seen = subprocess.run(
        [*quiet, "--dump-dom", report.as_uri()], capture_output=True, text=True, check=True
    )
    assert "first-release" in seen.stdout
    assert "Passes the policy" in seen.stdout
    print_it = [*quiet, "--no-pdf-header-footer", f"--print-to-pdf={paper}", report.as_uri()]
    subprocess.run(print_it, capture_output=True, check=True)
    assert paper.read_bytes().startswith(b"%PDF")


@pytest.mark.newest
def test_the_export_holds_the_release(shown: tuple[Path, str]) -> None:
    folder = shown[0] / "prov-demo" / "release"
    rows = [json.loads(line) for line in (folder / "data.jsonl").read_text().splitlines()]
    manifest = json.loads((folder / "_manifest" / "manifest.json").read_text())
    assert len(rows) == manifest["body"]["records"]
    assert {row["prov_label"] for row in rows} == {"human", "synthetic"}


def test_the_users_own_ledger_is_left_alone(shown: tuple[Path, str]) -> None:
    assert not (shown[0] / "a-ledger-of-the-user").exists()


@pytest.mark.slow
def test_a_second_run_takes_the_next_folder(shown: tuple[Path, str]) -> None:
    done = run(shown[0], "--json")
    answer = json.loads(done.stdout)
    assert answer["folder"] == str(shown[0] / "prov-demo-2")
    assert Path(answer["report"]).is_file()
    assert [step["exit_code"] for step in answer["steps"]] == [s.exit_code for s in demo.STEPS]


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(MisuseError, match="not an empty folder"):
        demo.prepare(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_example_is_what_the_text_says_of_it(tmp_path: Path) -> None:
    demo.prepare(tmp_path)
    read = {
        name: [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        for name in ("field-notes", "town-chronicle", "generated")
    }
    assert {name: len(rows) for name, rows in read.items()} == {
        "field-notes": 120,
        "town-chronicle": 80,
        "generated": 150,
    }
    assert all(row["model_name"] for row in read["generated"])
    human = {row["text"] for name in ("field-notes", "town-chronicle") for row in read[name]}
    assert len(human) == 200
    assert len(human & {row["generation"] for row in read["generated"]}) == 2
    labels = {
        source.name: source.label
        for source in parse_sources((tmp_path / "sources.yaml").read_text(), "sources.yaml")
    }
    assert labels == {"field-notes": "human", "town-chronicle": "human", "generated": "synthetic"}
    assert parse_policy((tmp_path / "policy.yaml").read_text(), "policy.yaml").budgets
