"""Turn the arguments of public methods into what operations take: lists of paths, and options."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, get_origin

from pydantic import TypeAdapter, ValidationError

from provenance.errors import MisuseError
from provenance.model.base import Contract
from provenance.model.release_name import ReleaseName

AnyPath = str | os.PathLike[str]
"""A path, a glob or a URL."""

_RELEASE_NAME: TypeAdapter[str] = TypeAdapter(ReleaseName)

Options = TypeVar("Options", bound=Contract)


def path_list(paths: AnyPath | Iterable[AnyPath]) -> list[str]:
    """One path, or several, as texts.

    >>> from pathlib import Path
    >>> path_list("a.jsonl"), path_list([Path("a"), "b"])
    (['a.jsonl'], ['a', 'b'])
    """
    if isinstance(paths, str | os.PathLike):
        return [path_text(paths)]
    return [path_text(path) for path in paths]


def path_text(path: AnyPath) -> str:
    """A path as text.

    Raises:
        MisuseError: it holds a NUL, which no path can.
    """
    text = os.fspath(path)
    if "\0" in text:
        raise MisuseError(f"no path can hold a NUL character: {text!r}")
    return text


def require_some(paths: Sequence[str], verb: str) -> Sequence[str]:
    """The paths, if there are any.

    Raises:
        MisuseError: there are none.
    """
    if not paths:
        raise MisuseError(f"nothing to {verb}", hint="name files, folders or globs, or give tables")
    return paths


def new_release_name(name: str) -> str:
    """The name of a release that is to be made, without ``release:`` before it.

    Raises:
        MisuseError: no release can have that name.
    """
    try:
        return _RELEASE_NAME.validate_python(name)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise MisuseError(f"{name!r} cannot be the name of a release", hint=reason) from error


def build_options(
    kind: type[Options], given: Options | None, keywords: Mapping[str, Any], caller: str
) -> Options:
    """Build options from keyword arguments; they replace those members of a model that is given.

    Args:
        caller: name of the method, for messages.

    Raises:
        TypeError: there is no option of that name, or what is given is not such a model.
        MisuseError: a value is refused, or a required option is missing.
    """
    if given is not None and not isinstance(given, kind):
        raise TypeError(
            f"{caller}() takes its options as keywords or as provenance.{kind.__name__}, "
            f"not as a {type(given).__name__}"
        )
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
