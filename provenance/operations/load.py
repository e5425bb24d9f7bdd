"""Load policies, sources, answers and baselines: from a file, from YAML text, or as models.

One rule tells text from paths: a string that holds a line break is the document itself, every other
string is the path of a file. A ``pathlib.Path`` is always a path.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from provenance.errors import InputError, MisuseError, NotFoundError
from provenance.model.policy import Policy
from provenance.model.reports.answers import Answers
from provenance.model.source import Source
from provenance.operations.coerce import AnyPath, path_text
from provenance.operations.documents import parse_answers, parse_policy, parse_sources
from provenance.reports.compliance import report_of

_TEXT = "<text>"
"""How errors name a document that is no file."""


def read_text(path: AnyPath) -> str:
    """Read a file of UTF-8 text, with or without a byte order mark.

    Raises:
        NotFoundError: there is no such file.
        InputError: it cannot be read, or is not UTF-8.
        MisuseError: the path holds a NUL.
    """
    name = path_text(path)
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file `{name}`") from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"`{name}` cannot be read: {reason}") from error


def is_text(given: AnyPath) -> bool:
    r"""Whether an argument is a document itself, and not the path of one.

    >>> is_text("policy: p\nbudgets: []\n"), is_text("policy.yaml"), is_text(Path("a\nb"))
    (True, False, False)
    """
    return isinstance(given, str) and "\n" in given


def load_policy(policy: Policy | AnyPath, *, attributes: Collection[str] | None = None) -> Policy:
    """Load a policy, conditions checked.

    Args:
        policy: the path of a YAML file, YAML text (several lines), or a policy, which is returned.
        attributes: names that conditions may use beside the columns of the ledger; ``None`` for
            any name.

    Raises:
        PolicyError: it is not YAML, or not a policy that can be judged by.
        ConditionError: a condition does not parse.
        NotFoundError, InputError: the file is not there, or cannot be read.
    """
    if isinstance(policy, Policy):
        return policy
    return parse_policy(*_document(policy, "policy"), attributes=attributes)


def policy_folder(policy: Policy | AnyPath, policy_dir: AnyPath | None = None) -> Path | None:
    """The folder that paths in a policy start from: as given, else the one of its file."""
    if policy_dir is not None:
        return Path(policy_dir)
    return None if isinstance(policy, Policy) or is_text(policy) else Path(policy).parent


def load_sources(sources: Source | AnyPath | Iterable[Source]) -> list[Source]:
    """Load contracts of sources.

    Args:
        sources: the path of a YAML file with one source or several, YAML text (several lines), or
            sources, which are returned.

    Raises:
        MisuseError: it is not YAML, or not the contract of a source.
        NotFoundError, InputError: the file is not there, or cannot be read.
    """
    if isinstance(sources, Source):
        return [sources]
    if isinstance(sources, str | os.PathLike):
        return parse_sources(*_document(sources, "source"))
    return list(sources)


def load_answers(answers: Answers | AnyPath, report: str) -> Answers:
    """Load what people answered for a report.

    Args:
        answers: the path of a YAML file, YAML text (several lines), or answers, which are returned.
        report: name of the report, for example ``eu-art53``.

    Raises:
        MisuseError: there is no such report, or the document does not answer its questions.
        NotFoundError, InputError: the file is not there, or cannot be read.
    """
    kinds = report_of(report).form.kinds()
    if isinstance(answers, Answers):
        return answers
    return parse_answers(*_document(answers, "set of answers"), kinds)


def load_all_answers(
    answers: AnyPath | Mapping[str, Answers | AnyPath] | None,
) -> dict[str, Answers]:
    """Load the answers for several reports, by name of the report.

    Args:
        answers: a folder with a file ``REPORT.yaml`` for each, or what ``load_answers`` takes by
            name of the report.

    Raises:
        MisuseError: as ``load_answers``, or the path is no folder.
        NotFoundError, InputError: a file is not there, or cannot be read.
    """
    if answers is None:
        return {}
    if isinstance(answers, Mapping):
        return {report: load_answers(given, report) for report, given in answers.items()}
    folder = Path(answers)
    if not folder.is_dir():
        raise MisuseError(
            f"`{folder}` is no folder", hint="name the folder that holds REPORT.yaml files"
        )
    return {path.stem: load_answers(path, path.stem) for path in sorted(folder.glob("*.yaml"))}


def load_baseline(path: AnyPath) -> frozenset[str]:
    """Load the fingerprints of accepted findings from the JSON file that ``baseline_text`` fills.

    Raises:
        MisuseError: it is no such file.
        NotFoundError, InputError: it is not there, or cannot be read.
    """
    try:
        return frozenset(str(item) for item in json.loads(read_text(path))["accepted"])
    except (ValueError, KeyError, TypeError) as error:
        raise MisuseError(
            f"{os.fspath(path)}: not a baseline", hint='{"accepted": ["code:subject", …]}'
        ) from error


def _document(given: AnyPath, kind: str) -> tuple[str, str]:
    """Text, and how errors name it."""
    if isinstance(given, str) and is_text(given):
        return given, _TEXT
    try:
        return read_text(given), os.fspath(given)
    except NotFoundError as error:
        if isinstance(given, str) and ": " in given:
            error.hint = f"text of a {kind} needs a line break"
        raise
