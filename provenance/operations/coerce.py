"""Turn the arguments of public methods into what operations take: lists of paths, and options."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_origin

from pydantic import ValidationError

from provenance.errors import MisuseError
from provenance.model.base import Contract

AnyPath = str | os.PathLike[str]
"""A path, a glob or a URL."""

Options = TypeVar("Options", bound=Contract)


def path_list(paths: AnyPath | Iterable[AnyPath]) -> list[str]:
    """One path, or several, as texts.

    >>> from pathlib import Path
    >>> path_list("a.jsonl"), path_list([Path("a"), "b"])
    (['a.jsonl'], ['a', 'b'])
    """
    if isinstance(paths, str | os.PathLike):
        return [os.fspath(paths)]
    return [os.fspath(path) for path in paths]


def build_options(
    kind: type[Options], given: Options | None, keywords: Mapping[str, Any], caller: str
) -> Options:
    """Build options from keyword arguments; they replace those members of a model that is given.

    Args:
        caller: name of the method, for messages.

    Raises:
        TypeError: there is no option of that name.
        MisuseError: a value is refused, or a required option is missing.
    """
    for name in keywords:
        if name not in kind.model_fields:
            similar = difflib.get_close_matches(name, kind.model_fields, n=1)
            hint = f"; did you mean {similar[0]!r}?" if similar else ""
            raise TypeError(f"{caller}() got an unexpected keyword argument {name!r}{hint}")
    if given is not None and not keywords:
        return given
    members = given.model_dump(exclude_unset=True) if given is not None else {}
    members |= {name: _listed(kind, name, value) for name, value in keywords.items()}
    try:
        return kind.model_validate(members)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        reason = first["msg"].removeprefix("Value error, ")
        raise MisuseError(f"{caller}: {f'{name}: ' if name else ''}{reason}") from error


def _listed(kind: type[Contract], name: str, value: Any) -> Any:
    """A single text where a list of texts is asked for, as a list."""
    several = get_origin(kind.model_fields[name].annotation) is tuple
    return (value,) if several and isinstance(value, str) else value
