"""Define the answers that people give to report questions, and who vouches for them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Literal

from pydantic import Field

from provenance.model.base import Contract, Name

AnswerKind = Literal["text", "yes-no", "date", "month", "list"]

AnswerValue = bool | str | tuple[str, ...]

MOST = 20_000
"""Characters of one answer."""

_MONTH = re.compile(r"(?:(?P<m>\d{2})/(?P<y>\d{4})|(?P<y2>\d{4})-(?P<m2>\d{2}))")
_DATE = re.compile(
    r"(?:(?P<d>\d{2})/(?P<m>\d{2})/(?P<y>\d{4})|(?P<y2>\d{4})-(?P<m2>\d{2})-(?P<d2>\d{2}))"
)


class Answer(Contract):
    """One answer, in its type; a question without one is left out."""

    id: str
    value: AnswerValue
    by: str | None = Field(default=None, description="Who answers this one; else as for all.")


class Answers(Contract):
    """A questionnaire that people filled in."""

    report: str
    release: Name | None = None
    answered_by: str | None = Field(default=None, description="Who vouches for the answers.")
    answered_on: date | None = None
    answers: tuple[Answer, ...] = ()


def typed(kind: AnswerKind, given: Any) -> AnswerValue | None:
    """What was written as the value of an answer; nothing where it was left empty.

    Dates come out as the laws write them, DD/MM/YYYY and MM/YYYY.

    >>> typed("month", "2026-03"), typed("yes-no", "no"), typed("text", " ")
    ('03/2026', False, None)

    Raises:
        ValueError: it is of another type.
    """
    if kind == "list":
        items = given if isinstance(given, list) else [given]
        found = tuple(text for item in items if (text := _text(item)) is not None)
        return found or None
    text = _text(given)
    if text is None or kind == "text":
        return text
    if kind == "yes-no":
        return _yes_no(text)
    return _month(text) if kind == "month" else _date(text)


def _text(given: Any) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str):
        raise ValueError("an answer is a single text here")
    if len(given) > MOST:
        raise ValueError(f"an answer has at most {MOST:,} characters")
    return given.strip() or None


def _yes_no(text: str) -> bool:
    found = {"yes": True, "true": True, "no": False, "false": False}.get(text.lower())
    if found is None:
        raise ValueError(f"{text!r} is neither yes nor no")
    return found


def _month(text: str) -> str:
    found = _MONTH.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a month: write it as 2026-03")
    year, month = found["y"] or found["y2"], found["m"] or found["m2"]
    date(int(year), int(month), 1)
    return f"{month}/{year}"


def _date(text: str) -> str:
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a day: write it as 2026-03-31")
    year, month, day = (found[part] or found[f"{part}2"] for part in "ymd")
    date(int(year), int(month), int(day))
    return f"{day}/{month}/{year}"
