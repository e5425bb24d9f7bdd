"""The files that a service reads from the repository are valid and agree with the project."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner, Result

ROOT = Path(__file__).resolve().parents[2]

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
