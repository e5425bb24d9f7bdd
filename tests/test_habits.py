"""The files around the code are valid, agree with each other, and do what they are for."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner, Result

import provenance

ROOT = Path(__file__).resolve().parents[1]
FRAGMENTS = ROOT / "changelog.d"

SCHEMAS = {
    "github-workflows": ".github/workflows/*.yml",
    "github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
    "github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "dependabot": ".github/dependabot.yml",
    "github-actions": "action.yml",
    "citation-file-format": "CITATION.cff",
}
"""Files that a service reads, by the schema that it publishes for them."""


def project() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def check(schema: str, *files: Path) -> Result:
    options = ["--builtin-schema", f"vendor.{schema}", "--default-filetype", "yaml"]
    return CliRunner().invoke(check_jsonschema, [*options, *map(str, files)])


@pytest.mark.parametrize("schema", SCHEMAS)
def test_what_a_service_reads_is_valid(schema: str) -> None:
    done = check(schema, *ROOT.glob(SCHEMAS[schema]))
    assert done.exit_code == 0, done.output


def test_an_invalid_workflow_is_refused(tmp_path: Path) -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    workflow["on"] = workflow.pop(True)  # YAML 1.1 reads the key as a truth value
    del workflow["jobs"]["checks"]["runs-on"]
    broken = tmp_path / "ci.yml"
    broken.write_text(yaml.safe_dump(workflow), "utf-8")
    done = check("github-workflows", broken)
    assert done.exit_code == 1
    assert "checks" in done.output


def test_every_file_for_a_service_has_a_schema() -> None:
    checked = {path for pattern in SCHEMAS.values() for path in ROOT.glob(pattern)}
    assert {*(ROOT / ".github").rglob("*.yml"), *(ROOT / ".github").rglob("*.yaml")} <= checked


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == project()["version"]
    assert citation["license"] == project()["license"]


def test_every_fragment_has_a_name_that_the_changelog_takes() -> None:
    named = re.compile(r"[a-z0-9-]+\.(added|changed|fixed|removed)\.md")
    others = {path.name for path in FRAGMENTS.iterdir() if not named.fullmatch(path.name)}
    assert others <= {"README.md", "template.jinja"}


def test_a_release_moves_the_fragments_into_the_changelog(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    folder = tmp_path / "changelog.d"
    folder.mkdir()
    shutil.copy(FRAGMENTS / "template.jinja", folder)
    (folder / "doors.added.md").write_text("Doors open\nto both sides.\n", "utf-8")
    (folder / "walls.fixed.md").write_text("Walls stand.\n", "utf-8")
    (folder / "gates.added.md").write_text("Gates close.\n", "utf-8")
    towncrier = [sys.executable, "-m", "towncrier", "build", "--yes", "--version", "9.8.7"]
    subprocess.run(
        [*towncrier, "--date", "2031-02-03"], cwd=tmp_path, check=True, capture_output=True
    )
    before, _, after = (tmp_path / "CHANGELOG.md").read_text("utf-8").partition("the newest first.")
    assert before.startswith("# Changelog")
    notes = """\
## 9.8.7 (2031-02-03)

### Added

- Doors open
  to both sides.
- Gates close.

### Fixed

- Walls stand.
"""
    assert notes in after
    assert [path.name for path in folder.iterdir()] == ["template.jinja"]


def test_every_fragment_is_in_the_next_notes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.8.7"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    lines = set(done.stdout.splitlines())
    fragments = list(FRAGMENTS.glob("*.*.md"))
    first = {path.name: path.read_text("utf-8").splitlines()[0] for path in fragments}
    assert not {name: line for name, line in first.items() if f"- {line}" not in lines}
    assert not [line for line in lines if line.startswith("- - ")], "a fragment needs no bullet"


def test_every_make_target_that_is_told_of_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):(?!=)", makefile, re.MULTILINE))
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / ".ci" / "run"]
    texts += (ROOT / ".github").rglob("*.md")
    mention = re.compile(r"(?:^|`)make ((?:[a-z-]+ ?)+)", re.MULTILINE)
    named = {
        target
        for text in texts
        for line in mention.findall(text.read_text("utf-8"))
        for target in line.split()
    }
    assert named >= {"test", "lint", "site", "changelog"}
    assert named <= targets


def public() -> Iterator[tuple[str, object]]:
    """The package, its public names and the members of those, by their full names."""
    yield "provenance", provenance
    for name in provenance.__all__:
        thing = getattr(provenance, name)
        yield f"provenance.{name}", thing
        if inspect.isclass(thing):
            yield from ((f"provenance.{name}.{key}", value) for key, value in vars(thing).items())


def test_examples_of_the_api_stand_where_the_site_finds_them() -> None:
    docs = {name: inspect.getdoc(thing) or "" for name, thing in public()}
    examples = {name: doc for name, doc in docs.items() if ">>>" in doc}
    assert "provenance" in examples
    found = re.compile(r"^Examples:\n +>>>", re.MULTILINE)
    assert not {name for name, doc in examples.items() if not found.search(doc)}


def glossary() -> list[tuple[str, str]]:
    """Each term of the glossary with its text."""
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    _, *entries = re.split(r"^## ", text, flags=re.MULTILINE)
    terms = [entry.partition("\n\n") for entry in entries]
    return [(term, meaning.strip()) for term, _, meaning in terms]


def test_the_glossary_is_in_order_with_one_entry_for_each_term() -> None:
    keys = [re.sub(r"[^a-z]", "", term.lower()) for term, _ in glossary()]
    assert keys == sorted(set(keys))


def test_each_term_is_told_in_one_or_two_sentences() -> None:
    lengths = {
        term: len(re.findall(r"[.](?=\s|$)", re.sub(r"See\s+\[.*", "", meaning, flags=re.DOTALL)))
        for term, meaning in glossary()
    }
    assert not {term: length for term, length in lengths.items() if not 1 <= length <= 2}
