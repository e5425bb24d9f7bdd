"""The name of a release, which may be written so that it is not taken for a path."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from provenance.model.base import Name

RELEASE_PREFIX = "release:"
"""What a name may begin with that is that of a release, whatever else is called so."""


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
