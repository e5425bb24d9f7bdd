"""Read origin and attributes from file paths by a pattern: ``results/{generator}/*.jsonl``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from provenance.errors import InputError
from provenance.io.contract.reader import Input
from provenance.model.origin import Label, Process
from provenance.model.path_pattern import ORIGIN_WORDS
from provenance.operations.ingest.options import IngestOptions
from provenance.operations.ingest.plan import IngestPlan

_TOKENS = re.compile(r"\{([a-z][a-z0-9_]*)\}|(\*\*/?)|(\*)|([^{}*]+)")
_VOCABULARIES = {"label": Label, "process": Process}
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class PathValues:
    """Values that a path gives.

    Attributes:
        origin: label, process, generator and family: declared evidence of the reading.
        attributes: all other names, including language and split.
    """

    origin: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)


NO_VALUES = PathValues()


@lru_cache(maxsize=8)
def _expression(pattern: str) -> re.Pattern[str]:
    seen: set[str] = set()
    parts: list[str] = []
    for name, any_folders, any_text, text in _TOKENS.findall(pattern):
        if name:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+?)")
            seen.add(name)
        elif any_folders:
            parts.append("(?:.*/)?" if any_folders.endswith("/") else ".*")
        else:
            parts.append("[^/]*?" if any_text else re.escape(text))
    return re.compile("(?:^|.*/)" + "".join(parts) + r"\Z", re.DOTALL)


def match_path(uri: str, pattern: str) -> dict[str, str] | None:
    """Match a pattern against the end of a path; return the values by name, or ``None``.

    >>> match_path("/data/results/gpt-4/outputs.json", "results/{generator}/outputs.json")
    {'generator': 'gpt-4'}
    >>> match_path("/data/notes.json", "results/{generator}/outputs.json") is None
    True
    """
    found = _expression(pattern.removeprefix("./")).match(uri)
    return found.groupdict() if found else None


def match_paths(inputs: Sequence[Input], pattern: str | None) -> dict[str, PathValues]:
    """Match the paths of files; return the values by uri of each match.

    Raises:
        InputError: the pattern matches no file, or a value is not a label or process.
    """
    if pattern is None:
        return {}
    found: dict[str, PathValues] = {}
    for item in inputs:
        words = match_path(item.uri, pattern)
        if words is not None:
            found[item.uri] = _checked(item.uri, words)
    if inputs and not found:
        listed = ", ".join(item.uri for item in inputs[:_SHOWN])
        raise InputError(
            f"the pattern `{pattern}` matches none of {len(inputs):,} files: {listed}",
            hint="a pattern matches the end of a path; {name} is a folder or a part of a name",
        )
    return found


def _checked(uri: str, words: Mapping[str, str]) -> PathValues:
    origin = {name: word for name, word in words.items() if name in ORIGIN_WORDS}
    for name, kind in _VOCABULARIES.items():
        if name in origin and origin[name] not in {each.value for each in kind}:
            raise InputError(
                f"{uri}: `{origin[name]}` in the path is not a {name}",
                hint=f"one of {', '.join(each.value for each in kind)}",
            )
    if origin.get("label") == Label.HUMAN and (origin.keys() & {"generator", "generator_family"}):
        raise InputError(
            f"{uri}: the path has the label human and a generator",
            hint="human records have no generator",
        )
    others = {name: word for name, word in words.items() if name not in ORIGIN_WORDS}
    return PathValues(origin, others)


def with_path_attributes(plan: IngestPlan, values: Mapping[str, PathValues]) -> IngestPlan:
    """Add the attributes from paths to the files of a plan."""
    files = tuple(
        replace(
            task, path_attributes=tuple(values.get(task.source.uri, NO_VALUES).attributes.items())
        )
        for task in plan.files
    )
    return replace(plan, files=files)


def with_path_origin(options: IngestOptions, origin: Mapping[str, str]) -> IngestOptions:
    """Override the declared origin of the options with the values from a path.

    If the path has the label human, a generator from the options is dropped.
    """
    declared = options.model_copy(
        update={n: _VOCABULARIES.get(n, str)(word) for n, word in origin.items()}
    )
    if declared.label == Label.HUMAN and (declared.generator or declared.generator_family):
        declared = declared.model_copy(update={"generator": None, "generator_family": None})
    return declared
