"""What people write, as YAML: policies, sources, answers; contracts out, defects with a place.

Every scalar is kept as the text that was written, so that ``0.20`` stays the decimal 0.20, ``no``
stays Norwegian and a date stays a date; the contracts give it its type.
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
"""Longest document; a policy has a few kilobytes."""

MAX_NODES = 50_000
"""Most values in a document, with aliases followed."""

MAX_DEPTH = 20
"""Deepest nesting of a document."""

Path = tuple[str | int, ...]
_NESTED: Mapping[str, type[Contract]] = {"budgets": Budget, "processing": ProcessingStep}
"""Contracts within a contract, by the member that lists them."""

AnyContract = TypeVar("AnyContract", bound=Contract)


def parse_policy(text: str, name: str, *, attributes: Collection[str] | None = None) -> Policy:
    """A policy from YAML.

    Args:
        text: the document.
        name: how errors name the file.
        attributes: names of the attributes that members carry; ``None`` when they are not known
            yet, so that any name in a condition may be one.

    Raises:
        PolicyError: not YAML, or not a policy that can be judged by.
        ConditionError: a condition that does not parse.
    """
    document = _Document(text, name, PolicyError)
    if not isinstance(document.value, dict):
        message = f"a policy is a mapping, not {_kind(document.value)}"
        raise document.refusal((), message, "begin with policy: NAME and budgets:")
    policy = _validate(document, Policy, document.value, ())
    for place, budget in enumerate(policy.budgets):
        _check_conditions(document, budget, ("budgets", place), attributes)
    return policy


def parse_sources(text: str, name: str) -> list[Source]:
    """Source contracts from YAML: one mapping, a list of them, or ``sources:`` with a list.

    Raises:
        MisuseError: not YAML, or not the contract of a source.
    """
    document = _Document(text, name, MisuseError)
    value, path = document.value, Path()
    if isinstance(value, dict) and set(value) == {"sources"}:
        value, path = value["sources"], ("sources",)
    items = [(value, path)]
    if isinstance(value, list):
        items = [(item, (*path, place)) for place, item in enumerate(value)]
    found = []
    for item, at in items:
        if not isinstance(item, dict):
            message = f"a source is a mapping, not {_kind(item)}"
            raise document.refusal(at, message, "write name: NAME and what else is known")
        found.append(_validate(document, Source, item, at))
    if not found:
        raise document.refusal(path, "there are no sources in it", "list at least one source")
    names = [source.name for source in found]
    for place, source in enumerate(found):
        if source.name in names[:place]:
            at = (*items[place][1], "name")
            raise document.refusal(at, f"the source {source.name!r} is written twice", "keep one")
    return found


def parse_answers(text: str, name: str, kinds: Mapping[str, AnswerKind]) -> Answers:
    """A questionnaire that people filled in; what was left empty is left out.

    Args:
        text: the document.
        name: how errors name the file.
        kinds: the questions of the report, and what type of answer each takes.

    Raises:
        MisuseError: not YAML, no question of that id, or an answer of another type.
    """
    document = _Document(text, name, MisuseError)
    if not isinstance(document.value, dict) or not isinstance(document.value.get("answers"), list):
        hint = "`prov report RELEASE --format FORMAT --init` writes one to fill in"
        raise document.refusal((), "it holds no answers", hint)
    found: dict[str, Any] = {}
    for place, item in enumerate(document.value["answers"]):
        at: Path = ("answers", place)
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
        near = difflib.get_close_matches(str(question), list(kinds), n=1)
        hint = f"did you mean {near[0]}?" if near else "ids are those that --init writes"
        raise document.refusal((*at, "id"), f"there is no question {question!r}", hint)
    for key in item:
        if key not in _OF_A_QUESTION:
            known = ", ".join(_OF_A_QUESTION)
            raise document.refusal((*at, key), "there is no such key", f"keys: {known}")
    if not isinstance(item.get("by"), str | None):
        raise document.refusal((*at, "by"), "it is the name of whoever answers")
    try:
        return question, typed(kinds[question], item.get("answer"))
    except ValueError as error:
        raise document.refusal((*at, "answer"), f"{question}: {error}") from error


_OF_A_QUESTION = ("id", "question", "who", "law", "expects", "suggestion", "answer", "by")


class _Document:
    """A YAML document as plain values, with the line of every one of them."""

    def __init__(self, text: str, name: str, error: type[MisuseError]) -> None:
        self.name = name
        self._error = error
        self._lines: dict[Path, int] = {(): 1}
        self._nodes = 0
        if len(text.encode("utf-8", "replace")) > MAX_BYTES:
            raise self.refusal((), f"it has more than {MAX_BYTES:,} bytes", "is this the file?")
        self.value = self._plain(self._compose(text), ())

    def refusal(self, path: Path, message: str, hint: str = "") -> MisuseError:
        """An error that names the file, the line and the path."""
        return self._refusal_at(self.line(path), _written(path), message, hint)

    def _refusal_at(self, line: int, path: str, message: str, hint: str) -> MisuseError:
        place = f"{path}: " if path else ""
        return self._error(f"{self.name}, line {line}: {place}{message}", hint=hint)

    def line(self, path: Path) -> int:
        """The line of a value, or of the nearest one around it that is there."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def _compose(self, text: str) -> yaml.Node | None:
        try:
            depth = 0
            # Events first: composing recurses, and a hostile document nests without end.
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                depth += isinstance(event, yaml.CollectionStartEvent)
                depth -= isinstance(event, yaml.CollectionEndEvent)
                if depth > MAX_DEPTH:
                    message = f"it nests over {MAX_DEPTH} deep"
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
            raise self.refusal(path, f"the tag {node.tag} is not understood", "remove it")
        if isinstance(node, yaml.ScalarNode):
            return None if node.tag == "tag:yaml.org,2002:null" else node.value
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*path, place)) for place, item in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = _line(key)
            if not isinstance(key, yaml.ScalarNode):
                raise self._refusal_at(line, _written(path), "a key is a word", "")
            at = (*path, key.value)
            if key.value in found:
                message = f"the key is written twice, first in line {self.line(at)}"
                raise self._refusal_at(line, _written(at), message, "keep one of them")
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
    """What is wrong, in our words, and what to write instead."""
    kind, loc, given = defect["type"], defect["loc"], defect["input"]
    if kind == "extra_forbidden":
        owner = next((_NESTED[str(part)] for part in loc[:-1] if part in _NESTED), contract)
        near = difflib.get_close_matches(str(loc[-1]), list(owner.model_fields), n=1)
        known = f"keys: {', '.join(owner.model_fields)}"
        return "there is no such key", f"did you mean {near[0]}?" if near else known
    if kind in {"missing", "too_short"}:
        written = "missing" if kind == "missing" else "empty"
        return f"it is {written}", f"write {loc[-1]}: with at least one value"
    if kind in {"literal_error", "enum"}:
        expected = str(defect["ctx"]["expected"])
        choices = [word.strip("' ") for word in expected.replace(" or ", ",").split(",")]
        near = difflib.get_close_matches(str(given), choices, n=1)
        hint = f"did you mean {near[0]}?" if near else ""
        return f"{given!r} is not one of {', '.join(choices)}", hint
    if kind == "value_error":
        return defect["msg"].removeprefix("Value error, "), ""
    said = defect["msg"].removeprefix("Input should be ").replace("a valid tuple", "a list")
    decimal = kind.startswith("decimal") or kind in {"less_than_equal", "greater_than_equal"}
    hint = "write it as a decimal, as in 0.20" if decimal else ""
    return f"{repr(given) if isinstance(given, str) else _kind(given)} should be {said}", hint


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
    for place, name in enumerate(budget.by if attributes is not None else ()):
        try:
            known_column(name, attributes or ())
        except ConditionError as error:
            raise _located(document, (*path, "by", place), error) from error


def _located(document: _Document, path: Path, error: ConditionError) -> ConditionError:
    return ConditionError(document.refusal(path, error.message).message, hint=error.hint)


def _written(path: Path) -> str:
    """A path as people write it: ``budgets[1].max_synthetic``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else "a single value"


def _line(place: yaml.Node | yaml.Event) -> int:
    mark = place.start_mark
    return mark.line + 1 if mark else 1
