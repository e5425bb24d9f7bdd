"""Import libraries that only some formats need and that may not be installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from provenance.errors import MisuseError


def require_library(module: str, extra: str, purpose: str) -> Any:
    """Import a module of a library that an extra of this package installs.

    Raises:
        MisuseError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MisuseError(
            f"to read {purpose} the library {module.partition('.')[0]} is needed",
            hint=f"pip install 'prov-ledger[{extra}]'",
        ) from error
