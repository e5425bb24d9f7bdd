"""Validate names of releases, and tell them from paths."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from provenance.model.base import Name

RELEASE_PREFIX = "release:"
"""Prefix that marks a name as that of a release."""


def release_name(text: str) -> str:
    """The name itself.

    >>> release_name("release:v1"), release_name("v1")
    ('v1', 'v1')
    """
    return text.removeprefix(RELEASE_PREFIX)


def _bare(value: Any) -> Any:
    return release_name(value) if isinstance(value, str) else value


ReleaseName = Annotated[Name, BeforeValidator(_bare)]
"""What a contract calls a release."""
