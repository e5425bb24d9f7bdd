"""Generated files are what would be generated now; ``--update`` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from support.cli_reference import reference

from provenance.errors import MisuseError
from provenance.model.base import SCHEMA_BASE
from provenance.model.schemas import ANSWERED, WRITTEN, as_text, file_name, schemas
from provenance.operations.documents import parse_policy, parse_sources

ROOT = Path(__file__).resolve().parents[2]

SCHEMAS = schemas()


def hold(path: Path, text: str, *, update: bool) -> None:
    if update:
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path.relative_to(ROOT)} is missing: make docs"
    assert path.read_text(encoding="utf-8") == text, f"{path.relative_to(ROOT)} is old: make docs"


@pytest.mark.newest
def test_schemas_are_those_of_the_models(*, update: bool) -> None:
    for name, schema in SCHEMAS.items():
        hold(ROOT / "schemas" / file_name(name), as_text(schema), update=update)


def test_no_schema_is_left_over() -> None:
    found = {path.name for path in (ROOT / "schemas").iterdir()}
    # Shapes are written by hand: nothing generates them.
    assert found == {file_name(name) for name in SCHEMAS} | {"croissant.shacl.ttl"}


@pytest.mark.newest
def test_the_command_reference_is_that_of_the_program(*, update: bool) -> None:
    hold(ROOT / "docs" / "cli.md", reference(), update=update)


def test_schemas_are_valid() -> None:
    for name, schema in SCHEMAS.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$id"] == f"{SCHEMA_BASE}:{name}:1"
    assert set(SCHEMAS) == {*WRITTEN, *ANSWERED}


def problems(name: str, document: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMAS[name])
    return [error.message for error in validator.iter_errors(document)]


class EditorLoader(yaml.SafeLoader):
    """YAML 1.2, as editors read it: a date is a text."""


EditorLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def modelines() -> list[Path]:
    folders = ("examples", "cli/prov_cli/demo")
    return [path for folder in folders for path in sorted((ROOT / folder).glob("*.yaml"))]


@pytest.mark.parametrize("path", modelines(), ids=lambda path: path.name)
def test_an_example_names_its_schema_and_keeps_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lead, _, target = text.splitlines()[0].partition("$schema=")
    assert lead == "# yaml-language-server: "
    name = Path(target).name.removesuffix(".schema.json")
    if path.parent.name == "examples":
        assert (path.parent / target).is_file()
    assert problems(name, yaml.load(text, EditorLoader)) == []


BUDGET = {"name": "overall", "max_synthetic": 0.2}

GOOD = [
    ("policy", {"policy": "p", "budgets": [BUDGET]}),
    ("policy", {"policy": "p", "budgets": [{"name": "floor", "min_human": "50_000"}]}),
    ("policy", {"policy": 2026, "budgets": [{"name": "r", "max_synthetic": 3, "per": "human"}]}),
    ("source", {"name": "web"}),
    ("source", [{"name": "web", "collected_from": 2024, "version": 1.5}]),
    ("source", {"sources": [{"name": "web", "collected_from": "2024-06"}]}),
]
BAD = [
    ("policy", {"policy": "p", "budgets": []}),
    ("policy", {"policy": "p", "budgets": [{**BUDGET, "max_shares": 0.2}]}),
    ("policy", {"policy": "p", "budgets": [{"name": "none"}]}),
    ("policy", {"policy": "p", "budgets": [{**BUDGET, "min_human": 3}]}),
    ("policy", {"policy": "p", "budgets": [{"name": "n", "max_share": 1.1, "by": ["lang"]}]}),
    ("policy", {"policy": "p", "budgets": [{"name": "n", "max_synthetic": -0.1}]}),
    ("policy", {"policy": "p", "unit": "letters", "budgets": [BUDGET]}),
    ("source", {"nmae": "web"}),
    ("source", {"name": "web", "label": "robot"}),
    ("source", {"name": "web", "collected_from": "June"}),
    ("source", []),
]


@pytest.mark.parametrize(("name", "document"), GOOD)
def test_what_the_program_takes_the_schema_takes(name: str, document: Any) -> None:
    assert problems(name, document) == []
    load(name, document)


@pytest.mark.parametrize(("name", "document"), BAD)
def test_what_the_schema_refuses_the_program_refuses(name: str, document: Any) -> None:
    assert problems(name, document)
    with pytest.raises(MisuseError):
        load(name, document)


def load(name: str, document: Any) -> None:
    text = json.dumps(document)
    if name == "policy":
        parse_policy(text, "policy.yaml")
    else:
        parse_sources(text, "sources.yaml")
