"""The snippets of the how-to pages run."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from provenance.origin.recognisers import base, producers

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "add-a-recogniser.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
PREAMBLE = """
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
import pyarrow as pa
"""


@pytest.mark.parametrize("snippet", SNIPPETS, ids=["producer", "recogniser"])
def test_a_snippet_runs(snippet: str) -> None:
    module = ModuleType("snippet")
    vars(module).update({**vars(base), **vars(producers), "__name__": __name__})
    exec(PREAMBLE + snippet, vars(module))
