"""Render a judgement as JUnit XML, for build servers that show test results."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from provenance.content.display import shown, visible
from provenance.model.finding import BudgetResult, Finding, Judgement, Verdict
from provenance.model.unread import Unread
from provenance.reports.render import wording
from provenance.reports.render.subject import Subject


def judgement_junit(judgement: Judgement, subject: Subject) -> str:
    """Render a suite with a case per budget and group, and a suite for the findings."""
    root = ET.Element("testsuites", name=f"prov audit of {visible(subject.name)}")
    suite = ET.SubElement(root, "testsuite", name=visible(subject.policy))
    for result in judgement.budgets:
        _budget(suite, result, subject)
    if judgement.unread is not None:
        _unread(suite, judgement.unread, subject)
    _count(suite)
    if judgement.findings:
        suite = ET.SubElement(root, "testsuite", name="findings")
        for found in judgement.findings:
            _finding(suite, found, subject)
        _count(suite)
    _count(root)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _budget(suite: ET.Element, result: BudgetResult, subject: Subject) -> None:
    group = wording.group(result)
    name = f"{result.name} [{group}]" if group else result.name
    case = ET.SubElement(suite, "testcase", classname=visible(subject.policy), name=shown(name))
    text = f"{shown(result.reason)}\n{wording.interval(result)}"
    if result.verdict == Verdict.PASS:
        ET.SubElement(case, "system-out").text = text
    elif result.verdict == Verdict.INDETERMINATE and subject.indeterminate == "warn":
        ET.SubElement(case, "skipped", message=shown(result.reason))
    else:
        kind = result.verdict.value
        ET.SubElement(case, "failure", type=kind, message=shown(result.reason)).text = text


def _unread(suite: ET.Element, unread: Unread, subject: Subject) -> None:
    """Add a case for unread files: they decide the outcome as a budget does."""
    case = ET.SubElement(suite, "testcase", classname=visible(subject.policy), name="all was read")
    if not unread.files:
        return
    text = wording.not_read(unread)
    if unread.allowed or subject.indeterminate == "warn":
        ET.SubElement(case, "skipped", message=text + (", allowed" if unread.allowed else ""))
        return
    reasons = "\n".join(map(shown, wording.unread_reasons(unread)))
    ET.SubElement(case, "failure", type="indeterminate", message=text).text = reasons


def _finding(suite: ET.Element, found: Finding, subject: Subject) -> None:
    case = ET.SubElement(suite, "testcase", classname=found.code, name=shown(found.subject))
    text = shown(found.reason) + (f"\n{shown(found.remedy)}" if found.remedy else "")
    if subject.accepts(found.fingerprint):
        ET.SubElement(case, "skipped", message="accepted by the baseline")
    elif found.severity == "error":
        ET.SubElement(case, "failure", type=found.code, message=shown(found.reason)).text = text
    else:
        ET.SubElement(case, "system-out").text = f"{found.severity}: {text}"


def _count(element: ET.Element) -> None:
    """Count the cases as the JUnit schema requires; an audit reports no errors, only failures."""
    for name, path in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        element.set(name, str(sum(1 for _ in element.iter(path))))
    element.set("errors", "0")
