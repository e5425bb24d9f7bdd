"""Fixtures that every room may use, and the one switch that rewrites golden files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60
)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite golden and generated files")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether golden and generated files are to be rewritten."""
    return bool(request.config.getoption("--update"))


def real_data_folder() -> Path | None:
    """Published data sets: PROV_REAL_DATA, else ``shared/data`` beside the checkout."""
    named = os.environ.get("PROV_REAL_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture
def real_data() -> Path:
    """The folder of published data sets; the test is skipped where it is absent."""
    folder = real_data_folder()
    if folder is None:
        pytest.skip("published data sets are not here: set PROV_REAL_DATA to their folder")
    return folder
