"""Load YAML documents (policies, sources, answers) into contracts; errors name line and path.

Every scalar is kept as written text, so that ``0.20`` stays the decimal 0.20 and ``no`` stays a
language code; the contracts convert it.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from provenance.errors import ConditionError, MisuseError, PolicyError
from provenance.model.base import Contract
from provenance.model.policy import Budget, Policy
from provenance.model.reports.answers import AnswerKind, Answers, AnswerValue, typed
from provenance.model.source import ProcessingStep, Source
from provenance.policy.conditions.grammar import check, known_column, parse

MAX_BYTES = 1 << 20
"""Largest document in bytes."""

MAX_NODES = 50_000
"""Most values in a document, with aliases expanded."""

MAX_DEPTH = 20
"""Deepest nesting of a document."""

Path = tuple[str | int, ...]
_NESTED: Mapping[str, type[Contract]] = {"budgets": Budget, "processing": ProcessingStep}
"""Nested contracts by member name."""

AnyContract = TypeVar("AnyContract", bound=Contract)


def parse_policy(text: str, name: str, *, attributes: Collection[str] | None = None) -> Policy:
    """Load a policy from YAML.

    Args:
        text: the document.
        name: file name for errors.
        attributes: names of the attributes of members; ``None``: not known, any name is accepted in
            conditions.

    Raises:
        PolicyError: not YAML, or not a valid policy.
        ConditionError: a condition does not parse.
    """
    document = _Document(text, name, PolicyError)
    if not isinstance(document.value, dict):
        message = f"a policy is a mapping, not {_kind(document.value)}"
        raise document.refusal((), message, "begin with policy: NAME and budgets:")
    policy = _validate(document, Policy, document.value, ())
    for index, budget in enumerate(policy.budgets):
        _check_conditions(document, budget, ("budgets", index), attributes)
    return policy


def parse_sources(text: str, name: str) -> list[Source]:
    """Load source contracts from YAML: one mapping, a list, or ``sources:`` with a list.

    Raises:
        MisuseError: not YAML, or not a valid source contract.
    """
    document = _Document(text, name, MisuseError)
    value, path = document.value, Path()
    if isinstance(value, dict) and set(value) == {"sources"}:
        value, path = value["sources"], ("sources",)
    items = [(value, path)]
    if isinstance(value, list):
        items = [(item, (*path, index)) for index, item in enumerate(value)]
    found = []
    for item, at in items:
        if not isinstance(item, dict):
            message = f"a source is a mapping, not {_kind(item)}"
            raise document.refusal(at, message, "write name: NAME and other members")
        found.append(_validate(document, Source, item, at))
    if not found:
        raise document.refusal(path, "it holds no sources", "list at least one source")
    names = [source.name for source in found]
    for index, source in enumerate(found):
        if source.name in names[:index]:
            at = (*items[index][1], "name")
            raise document.refusal(at, f"the source {source.name!r} is declared twice", "keep one")
    return found


def parse_answers(text: str, name: str, kinds: Mapping[str, AnswerKind]) -> Answers:
    """Load an answered questionnaire; empty answers are left out.

    Args:
        text: the document.
        name: file name for errors.
        kinds: answer type by question id.

    Raises:
        MisuseError: not YAML, an unknown question id, or an answer of another type.
    """
    document = _Document(text, name, MisuseError)
    if not isinstance(document.value, dict) or not isinstance(document.value.get("answers"), list):
        hint = "`prov report RELEASE --format FORMAT --init` writes one to fill in"
        raise document.refusal((), "it holds no answers", hint)
    found: dict[str, Any] = {}
    for index, item in enumerate(document.value["answers"]):
        at: Path = ("answers", index)
        question, value = _answer(document, item, at, kinds)
        if question in found:
            raise document.refusal((*at, "id"), f"{question} is answered twice", "keep one")
        if value is not None:
            by = item.get("by")
            found[question] = {"id": question, "value": value, "by": by or None}
    given = {**document.value, "answers": list(found.values())}
    return _validate(document, Answers, {k: v for k, v in given.items() if v is not None}, ())


def _answer(
    document: _Document, item: Any, at: Path, kinds: Mapping[str, AnswerKind]
) -> tuple[str, AnswerValue | None]:
    if not isinstance(item, dict):
        raise document.refusal(at, f"a question is a mapping, not {_kind(item)}")
    question = item.get("id")
    if not isinstance(question, str) or question not in kinds:
        close = difflib.get_close_matches(str(question), list(kinds), n=1)
        hint = f"did you mean {close[0]}?" if close else "use the ids that --init writes"
        raise document.refusal((*at, "id"), f"there is no question {question!r}", hint)
    for key in item:
        if key not in _OF_A_QUESTION:
            known = ", ".join(_OF_A_QUESTION)
            raise document.refusal((*at, key), "there is no such key", f"keys: {known}")
    if not isinstance(item.get("by"), str | None):
        raise document.refusal((*at, "by"), "it must be the name of the person who answers")
    try:
        return question, typed(kinds[question], item.get("answer"))
    except ValueError as error:
        raise document.refusal((*at, "answer"), f"{question}: {error}") from error


_OF_A_QUESTION = ("id", "question", "who", "law", "expects", "suggestion", "answer", "by")


class _Document:
    """A YAML document as plain values, with their line numbers."""

    def __init__(self, text: str, name: str, error: type[MisuseError]) -> None:
        self.name = name
        self._error = error
        self._lines: dict[Path, int] = {(): 1}
        self._nodes = 0
        if len(text.encode("utf-8", "replace")) > MAX_BYTES:
            raise self.refusal((), f"it has more than {MAX_BYTES:,} bytes", "is this the file?")
        self.value = self._plain(self._compose(text), ())

    def refusal(self, path: Path, message: str, hint: str = "") -> MisuseError:
        """Make an error that names the file, the line and the path."""
        return self._refusal_at(self.line(path), _path_text(path), message, hint)

    def _refusal_at(self, line: int, path: str, message: str, hint: str) -> MisuseError:
        index = f"{path}: " if path else ""
        return self._error(f"{self.name}, line {line}: {index}{message}", hint=hint)

    def line(self, path: Path) -> int:
        """Get the line of a value, or of its nearest existing parent."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def _compose(self, text: str) -> yaml.Node | None:
        try:
            depth = 0
            # Check the depth on events first: composing recurses.
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                depth += isinstance(event, yaml.CollectionStartEvent)
                depth -= isinstance(event, yaml.CollectionEndEvent)
                if depth > MAX_DEPTH:
                    message = f"it is nested more than {MAX_DEPTH} levels deep"
                    raise self._refusal_at(_line(event), "", message, "is this the file?")
            node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            why = error.problem or error.context or "it cannot be read"
            raise self._refusal_at(line, "", f"not YAML: {why}", "check the indentation") from error
        except yaml.YAMLError as error:
            why = str(error).splitlines()[0]
            raise self._refusal_at(1, "", f"not YAML: {why}", "save it as UTF-8 text") from error
        return node

    def _plain(self, node: yaml.Node | None, path: Path) -> Any:
        if node is None:
            return None
        self._nodes += 1
        self._lines.setdefault(path, _line(node))
        if self._nodes > MAX_NODES or len(path) > MAX_DEPTH:
            raise self.refusal(path, "it has too many values", "write it without aliases")
        if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
            raise self.refusal(path, f"the tag {node.tag} is not supported", "remove it")
        if isinstance(node, yaml.ScalarNode):
            return None if node.tag == "tag:yaml.org,2002:null" else node.value
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = _line(key)
            if not isinstance(key, yaml.ScalarNode):
                raise self._refusal_at(line, _path_text(path), "a key must be a plain text", "")
            at = (*path, key.value)
            if key.value in found:
                message = f"duplicate key, first in line {self.line(at)}"
                raise self._refusal_at(line, _path_text(at), message, "keep one of them")
            self._lines[at] = line
            found[key.value] = self._plain(value, at)
        return found


def _validate(
    document: _Document, contract: type[AnyContract], value: dict[str, Any], path: Path
) -> AnyContract:
    try:
        return contract.model_validate(value)
    except ValidationError as error:
        # A list whose items are all refused is called too short as well. A misspelt key comes
        # before what is missing because of it.
        found = [one for one in error.errors() if one["type"] != "too_short" or not one["input"]]
        defects = sorted(
            found,
            key=lambda one: (
                one["type"] != "extra_forbidden",
                document.line((*path, *one["loc"])),
            ),
        )
        first = defects[0]
        message, hint = _explain(first, contract)
        if len(defects) > 1:
            message += f" (and {len(defects) - 1} more)"
        raise document.refusal((*path, *first["loc"]), message, hint) from error


def _explain(defect: ErrorDetails, contract: type[Contract]) -> tuple[str, str]:
    """Convert a validation error to a message and a hint."""
    kind, loc, given = defect["type"], defect["loc"], defect["input"]
    if kind == "extra_forbidden":
        owner = next((_NESTED[str(part)] for part in loc[:-1] if part in _NESTED), contract)
        close = difflib.get_close_matches(str(loc[-1]), list(owner.model_fields), n=1)
        known = f"keys: {', '.join(owner.model_fields)}"
        return "there is no such key", f"did you mean {close[0]}?" if close else known
    if kind in {"missing", "too_short"}:
        state = "missing" if kind == "missing" else "empty"
        return f"it is {state}", f"write {loc[-1]}: with at least one value"
    if kind in {"literal_error", "enum"}:
        expected = str(defect["ctx"]["expected"])
        choices = [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]
        close = difflib.get_close_matches(str(given), choices, n=1)
        hint = f"did you mean {close[0]}?" if close else ""
        return f"{given!r} is not one of {', '.join(choices)}", hint
    if kind == "value_error":
        return defect["msg"].removeprefix("Value error, "), ""
    expected_text = (
        defect["msg"].removeprefix("Input should be ").replace("a valid tuple", "a list")
    )
    decimal = kind.startswith("decimal") or kind in {"less_than_equal", "greater_than_equal"}
    hint = "write it as a decimal, as in 0.20" if decimal else ""
    return (
        f"{repr(given) if isinstance(given, str) else _kind(given)} should be {expected_text}",
        hint,
    )


def _check_conditions(
    document: _Document, budget: Budget, path: Path, attributes: Collection[str] | None
) -> None:
    for key in ("where", "forbid"):
        text = getattr(budget, key)
        if text is None:
            continue
        try:
            check(parse(text), attributes)
        except ConditionError as error:
            raise _located(document, (*path, key), error) from error
    for index, name in enumerate(budget.by if attributes is not None else ()):
        try:
            known_column(name, attributes or ())
        except ConditionError as error:
            raise _located(document, (*path, "by", index), error) from error


def _located(document: _Document, path: Path, error: ConditionError) -> ConditionError:
    return ConditionError(document.refusal(path, error.message).message, hint=error.hint)


def _path_text(path: Path) -> str:
    """Format a path: ``budgets[1].max_synthetic``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else "a single value"


def _line(index: yaml.Node | yaml.Event) -> int:
    mark = index.start_mark
    return mark.line + 1 if mark else 1
