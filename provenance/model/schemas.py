"""Write the JSON Schemas (draft 2020-12) of the contracts, for editors and other programs.

``python -m provenance.model.schemas FOLDER`` writes them.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from provenance.model.base import SCHEMA_BASE, Contract
from provenance.model.edge import Activity, Edge
from provenance.model.evidence import Evidence
from provenance.model.finding import Finding, Judgement
from provenance.model.manifest import Manifest
from provenance.model.origin import Origin
from provenance.model.policy import RULES, Policy
from provenance.model.reports.comparison import Comparison
from provenance.model.reports.eu_summary import EuSummary
from provenance.model.reports.facts import Facts
from provenance.model.reports.release_audit import ReleaseAudit
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.model.reports.report_index import ReportIndex
from provenance.model.reports.transparency import TransparencyStatement
from provenance.model.source import Source
from provenance.model.takedown import Receipt

DIALECT = "https://json-schema.org/draft/2020-12/schema"

VERSION = 1
"""Version of the contracts, the last part of every ``$id``."""

WRITTEN: dict[str, type[Contract]] = {"source": Source, "policy": Policy}
"""Contracts that people write, in YAML."""

ANSWERED: dict[str, type[Contract]] = {
    "evidence": Evidence,
    "origin": Origin,
    "edge": Edge,
    "activity": Activity,
    "manifest": Manifest,
    "finding": Finding,
    "judgement": Judgement,
    "report": Facts,
    "receipt": Receipt,
    "eu-art53-summary": EuSummary,
    "ab2013-statement": TransparencyStatement,
    "release-audit": ReleaseAudit,
    "release-evidence": ReleaseEvidence,
    "comparison": Comparison,
    "report-index": ReportIndex,
}
"""Contracts that the program writes, in JSON."""

_DECIMAL = r"^\s*[+]?(\d[\d_]*)?(\.\d*)?([eE][+-]?\d+)?\s*$"
_INTEGER = r"^\s*[+]?\d[\d_]*\s*$"

Schema = dict[str, Any]


def schemas() -> dict[str, Schema]:
    """Every schema by name: ``source``, ``policy``, ``evidence`` and so on."""
    found = {name: _written(contract) for name, contract in WRITTEN.items()}
    found |= {name: _answered(contract) for name, contract in ANSWERED.items()}
    found["source"] = _sources(found["source"])
    return {name: _headed(name, schema) for name, schema in sorted(found.items())}


def as_text(schema: Schema) -> str:
    """A schema as it stands in a file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def file_name(name: str) -> str:
    """The file of a schema.

    >>> file_name("policy")
    'policy.schema.json'
    """
    return f"{name}.schema.json"


def _written(contract: type[Contract]) -> Schema:
    schema = _tidied(contract.model_json_schema(mode="validation"))
    found: Schema = _as_written(schema)
    budget = found.get("$defs", {}).get("Budget")
    if budget is not None:
        budget["oneOf"] = [{"required": [rule]} for rule in RULES]
    return found


def _answered(contract: type[Contract]) -> Schema:
    schema: Schema = _tidied(contract.model_json_schema(mode="serialization"))
    result = schema.get("$defs", {}).get("BudgetResult")
    if result is not None:
        # Where a ratio has no finite value JSON has no number for it.
        for end in ("lo", "hi"):
            result["properties"][end]["type"] = ["number", "null"]
    return schema


def _sources(schema: Schema) -> Schema:
    """A file of sources is one contract, a list of them, or ``sources:`` with a list."""
    defs = schema.pop("$defs")
    many = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Source"}}
    under = {
        "type": "object",
        "properties": {"sources": many},
        "required": ["sources"],
        "additionalProperties": False,
    }
    return {
        "title": "Sources",
        "description": "The contracts of one source or of several.",
        "oneOf": [{"$ref": "#/$defs/Source"}, many, under],
        "$defs": {**defs, "Source": schema},
    }


def _headed(name: str, schema: Schema) -> Schema:
    return {"$schema": DIALECT, "$id": f"{SCHEMA_BASE}:{name}:{VERSION}", **schema}


def _tidied(node: Any) -> Any:
    """Without the titles that only repeat a member's name, and with plain backquotes."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    found: Schema = {}
    for key, value in node.items():
        if key == "properties":
            found[key] = {name: _tidied(_untitled(member)) for name, member in value.items()}
        elif key == "description":
            found[key] = _flowing(value)
        else:
            found[key] = _tidied(value)
    return found


def _untitled(member: Schema) -> Schema:
    return {key: value for key, value in member.items() if key != "title"}


def _flowing(docstring: str) -> str:
    """A docstring as prose: an editor breaks the lines itself."""
    paragraphs = docstring.replace("``", "`").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _as_written(node: Any) -> Any:
    """What YAML makes of what people write: every scalar is read as its text, so a number may
    stand for a text and ``50_000`` for a number, and limits are decimals within their bounds.
    """
    if isinstance(node, list):
        return [_as_written(item) for item in node]
    if not isinstance(node, dict):
        return node
    if {"anyOf", "ge"} <= node.keys():
        number: Schema = {"type": "number", "minimum": node["ge"]}
        if "le" in node:
            number["maximum"] = node["le"]
        return {"anyOf": [number, {"type": "string", "pattern": _DECIMAL}]}
    if node.get("type") == "integer":
        return {"anyOf": [node, {"type": "string", "pattern": _INTEGER}]}
    found = {key: _as_written(value) for key, value in node.items()}
    if node.get("type") == "string" and "enum" not in node:
        found["type"] = ["string", "number"]
    return found


def write_schemas(folder: str | os.PathLike[str], names: Collection[str] | None = None) -> None:
    """Write JSON Schemas of the contracts to a folder, which is made where it is not there.

    Args:
        names: which ones, for example ``WRITTEN``; else all.

    Raises:
        OSError: the folder cannot be written.
    """
    target = Path(folder)
    target.mkdir(exist_ok=True)
    built = schemas()
    for name in built if names is None else names:
        (target / file_name(name)).write_text(as_text(built[name]), encoding="utf-8")


if __name__ == "__main__":
    write_schemas(sys.argv[1])
