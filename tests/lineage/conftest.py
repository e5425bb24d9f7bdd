"""One connection for all tests of lineage; every test makes its own tables."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest


@pytest.fixture(scope="session")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory."""
    with duckdb.connect(config={"threads": 2}) as connection:
        yield connection
