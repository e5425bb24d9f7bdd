"""Render a judgement as SARIF 2.1.0, for code scanning."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import quote

from provenance.content.display import shown, visible
from provenance.model.finding import BudgetResult, Finding, Judgement, Verdict
from provenance.reports.render import number, wording
from provenance.reports.render.subject import Subject

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

LEVELS = {Verdict.FAIL: "error", Verdict.INDETERMINATE: "warning"}

Json = dict[str, Any]


def judgement_sarif(judgement: Judgement, subject: Subject) -> str:
    """Render a rule per budget and per finding code, and a result for each that does not pass."""
    rules: dict[str, Json] = {}
    for result in judgement.budgets:
        rule = _budget_id(result)
        description = f"Budget {shown(result.name)}: {wording.measure(result)}"
        rules.setdefault(rule, _rule(rule, description))
    for found in judgement.findings:
        rules.setdefault(found.code, _rule(found.code, found.code.replace("-", " ")))
    index_of = {rule: index for index, rule in enumerate(rules)}
    results = [
        _budget(result, subject) for result in judgement.budgets if result.verdict in LEVELS
    ] + [_finding(found, subject) for found in judgement.findings]
    for entry in results:
        entry["ruleIndex"] = index_of[entry["ruleId"]]
    run: Json = {
        "tool": {"driver": {"name": "prov", "rules": list(rules.values())}},
        "automationDetails": {"id": f"prov-audit/{visible(subject.policy)}/"},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"verdict": judgement.verdict.value, "subject": visible(subject.name)},
    }
    if judgement.unread is not None:
        unread = judgement.unread
        run["properties"]["unread"] = {
            "files": unread.files,
            "bytes": unread.bytes,
            "rows": unread.rows,
            "allowed": unread.allowed,
        }
    if subject.tool_version:
        run["tool"]["driver"]["version"] = visible(subject.tool_version)
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(name: str, text: str) -> Json:
    return {"id": name, "shortDescription": {"text": text}}


def _budget_id(result: BudgetResult) -> str:
    return f"budget/{visible(result.name)}"


def _budget(result: BudgetResult, subject: Subject) -> Json:
    numbers, group = number.figures(result), wording.group(result)
    text = f"{wording.interval(result)}: {result.reason}"
    scope = f"{result.name} [{group}]" if group else result.name
    groups = json.dumps(result.group, sort_keys=True)
    return {
        **_baseline(subject, accepted=False),
        "ruleId": _budget_id(result),
        "level": LEVELS[result.verdict],
        "message": {"text": _message(f"{scope}: {text}")},
        "locations": [_location(subject, f"{subject.name}/{scope}")],
        "partialFingerprints": {"provBudget/v1": _fingerprint(f"budget:{result.name}:{groups}")},
        "properties": {
            "lo": numbers.lo,
            "hi": numbers.hi,
            "numerator_lo": result.numerator_lo,
            "numerator_hi": result.numerator_hi,
            "denominator": result.denominator,
        },
    }


def _finding(found: Finding, subject: Subject) -> Json:
    return {
        **_baseline(subject, accepted=subject.accepts(found.fingerprint)),
        "ruleId": found.code,
        "level": found.severity,
        "message": {"text": _message(f"{found.subject}: {wording.advice(found)}")},
        "locations": [_location(subject, found.subject)],
        "partialFingerprints": {"provFinding/v1": _fingerprint(found.fingerprint)},
    }


def _baseline(subject: Subject, *, accepted: bool) -> Json:
    """State whether a result is new against the baseline, which never accepts budgets."""
    if subject.baseline is None:
        return {}
    if not accepted:
        return {"baselineState": "new"}
    return {
        "baselineState": "unchanged",
        "suppressions": [{"kind": "external", "status": "accepted"}],
    }


def _message(text: str) -> str:
    """Escape a text so that it has no link or placeholder (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    escaped = re.sub(r"([\\\[\]])", r"\\\1", shown(text))
    return escaped.replace("{", "{{").replace("}", "}}")


def _fingerprint(name: str) -> str:
    """Hash a name to a fixed length."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _location(subject: Subject, name: str) -> Json:
    location: Json = {"logicalLocations": [{"fullyQualifiedName": shown(name)}]}
    if subject.artifact is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": artifact_uri(subject.artifact)},
            "region": {"startLine": 1},
        }
    return location


def artifact_uri(path: str) -> str:
    """Write a path or URL as a URI reference, without userinfo and query, which may be secret.

    >>> artifact_uri("data/my set.jsonl"), artifact_uri("/srv/a.jsonl")
    ('data/my%20set.jsonl', 'file:///srv/a.jsonl')
    """
    scheme, mark, rest = path.partition("://")
    if mark and scheme.isalnum():
        host, slash, tail = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{_quoted(tail, '/%')}"
    if path.startswith("/"):
        return f"file://{_quoted(path, '/')}"
    return _quoted(path, "/")


def _quoted(path: str, safe: str) -> str:
    """Percent-encode a path; names that are not UTF-8 hold surrogates, which become bytes again."""
    return quote(path, safe=safe, errors="surrogateescape")
