"""Fill a form with the ledger's facts and people's answers, and list what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic_core import to_jsonable_python

from provenance.errors import MisuseError
from provenance.model.reports.answers import Answers, AnswerValue
from provenance.model.reports.disclosure import Status
from provenance.model.reports.release_evidence import ReleaseEvidence
from provenance.model.reports.report_rows import Attestation
from provenance.reports.compliance.form import Form, Item


class Draft(NamedTuple):
    """A form as far as the ledger fills it.

    Attributes:
        content: the report as nested members; unknown values are null or empty.
        suggestions: a text from the ledger for each question that it can help with.
        expected: answers to yes-no questions that the ledger's data imply.
        warnings: for readers of the report.
    """

    content: dict[str, Any]
    suggestions: Mapping[str, str] = {}
    expected: Mapping[str, bool] = {}
    warnings: tuple[str, ...] = ()


class Filled(NamedTuple):
    """A form with the values of the ledger and of people."""

    form: Form
    evidence: ReleaseEvidence
    content: dict[str, Any]
    states: Mapping[str, Status]
    attestations: Mapping[str, Attestation]
    warnings: tuple[str, ...]
    missing: tuple[str, ...]
    asked: int

    def __repr__(self) -> str:
        """Which report of which release, and how far it is filled."""
        report, release = self.form.report, self.evidence.release
        open_ = f"{len(self.missing)} of {self.asked} answers not provided"
        return f"<Filled {report} of {release}: {open_}>"


class _AbsentError(Exception):
    """The report has no member at that path: the release has no such modality."""


def check_answers(form: Form, answers: Answers, release: str) -> None:
    """Refuse answers for another report or release, or to questions that the form does not ask.

    Raises:
        MisuseError: naming the first mistake.
    """
    if answers.report != form.report:
        raise MisuseError(
            f"the answers are for the report {answers.report}, not for {form.report}",
            hint=f"`prov report {release} --format {form.report} --init` writes the questions",
        )
    if answers.release not in {None, release}:
        raise MisuseError(
            f"the answers are about release {answers.release}, not {release}",
            hint="check the answers, then change the line `release:`",
        )
    unknown = [one.id for one in answers.answers if one.id not in form.kinds()]
    if unknown:
        raise MisuseError(f"there is no question {unknown[0]} in {form.report}")


def fill(form: Form, evidence: ReleaseEvidence, draft: Draft, answers: Answers) -> Filled:
    """Fill a form with the ledger's facts and people's answers."""
    given = {one.id: one for one in answers.answers}
    states: dict[str, Status] = {}
    attested: dict[str, Attestation] = {}
    missing: list[str] = []
    asked = 0
    for _, item in form.items():
        answer = given.get(item.id)
        state = _state(item, draft.content, given.keys(), _refused(item, given))
        if answer is not None and state == "answered":
            set_value(draft.content, item.path or "", answer.value)
            attested[item.id] = Attestation(
                id=item.id, by=answer.by or answers.answered_by, on=answers.answered_on
            )
        states[item.id] = state
        counts = not item.optional and state in {"answered", "not provided"}
        asked += counts
        if counts and state == "not provided":
            missing.append(item.id)
    warnings = (*draft.warnings, *_contradictions(draft, given))
    return Filled(form, evidence, draft.content, states, attested, warnings, tuple(missing), asked)


def _refused(item: Item, given: Mapping[str, Any]) -> bool:
    """Whether the question does not apply because another one was answered no."""
    asker = given.get(item.when or "")
    return asker is not None and asker.value is False


def _state(item: Item, content: Any, given: Any, refused: bool) -> Status:
    if item.filled == "out of scope":
        return "out of scope"
    try:
        value = value_at(content, item.path or "")
    except _AbsentError:
        return "not applicable"
    if item.asked and item.id in given:
        return "answered"
    if not item.asked or value not in (None, (), []):
        return "ledger"
    return "not applicable" if refused else "not provided"


def _contradictions(draft: Draft, given: Mapping[str, Any]) -> list[str]:
    words = {True: "yes", False: "no"}
    return [
        f"{name} is answered {words[given[name].value]}, while the ledger says: "
        f"{draft.suggestions.get(name, words[expected])}"
        for name, expected in draft.expected.items()
        if name in given and given[name].value is not expected
    ]


def open_items(form: Form, draft: Draft) -> list[Item]:
    """List the questions that the ledger leaves to people, in the form's order."""
    return [
        item
        for _, item in form.items()
        if item.asked and _state(item, draft.content, (), refused=False) == "not provided"
    ]


def value_at(content: Any, path: str) -> Any:
    """Read the value at a path."""
    for step in path.split("."):
        content = _step(content, step)
    return content


def set_value(content: Any, path: str, value: AnswerValue) -> None:
    """Set the value at a path."""
    *parents, last = path.split(".")
    for step in parents:
        content = _step(content, step)
    content[last] = value


def _step(content: Any, step: str) -> Any:
    """Go one step down; in a list, to the row of a modality."""
    if isinstance(content, list):
        for row in content:
            if row["modality"] == step:
                return row
        raise _AbsentError(step)
    return content[step]


def members(filled: Filled) -> dict[str, Any]:
    """Return a report as plain members: its head, then its content."""
    content: dict[str, Any] = to_jsonable_python({**head(filled), **filled.content})
    return content


def head(filled: Filled) -> dict[str, Any]:
    """Return the members of ``Head``, with which every report begins."""
    evidence = filled.evidence
    return {
        "report": filled.form.report,
        "release": evidence.release,
        "body_digest": evidence.body_digest,
        "sealed_on": evidence.created_at.date(),
        "tool_version": evidence.tool_version,
        "not_provided": filled.missing,
        "warnings": filled.warnings,
        "attestations": tuple(filled.attestations.values()),
    }
