"""Fixtures that every room may use, and the one switch that rewrites golden files."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support import servers

from provenance.store import ledger_store
from provenance.store.layout import Layout
from provenance.store.memory_tables import Views
from provenance.views.definitions import VIEWS

settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=int(os.environ.get("PROV_EXAMPLES", "25")),
)
settings.load_profile("default")


@pytest.fixture(scope="session", autouse=True)
def quick_ledgers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Ledgers in a folder that are new and empty are all copied from the first one.

    Each test has a ledger of its own, and to make one takes longer than most tests. Of ledgers in
    a database none is copied.
    """
    made = tmp_path_factory.mktemp("empty") / "ledger"
    build = ledger_store._build

    def copied(layout: Layout, views: Views) -> None:
        if layout.database is not None or views is not VIEWS:
            build(layout, views)
            return
        if not made.exists():
            shutil.copytree(layout.folder, made)
            build(Layout(made), views)
        shutil.copytree(made, layout.folder, dirs_exist_ok=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger_store, "_build", copied)
        yield


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


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[servers.PostgresServer]:
    """A PostgreSQL of this run's own; the test is skipped where none can be started."""
    programs = servers.postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with servers.postgres_server(programs) as server:
        yield server


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A server that speaks S3; the test is skipped where none can be started."""
    lacking = servers.s3_missing()
    if lacking:
        pytest.skip(f"no server that speaks S3: {lacking}")
    with servers.s3_server() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def credentials() -> Iterator[pytest.MonkeyPatch]:
    """What a user of the servers has in the environment; nothing of the machine's own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name.startswith(("AWS_", "PG", "GOOGLE_")):
                patch.delenv(name)
        for name, value in servers.ENVIRONMENT.items():
            patch.setenv(name, value)
        yield patch


@pytest.fixture(scope="module")
def bucket(s3_endpoint: str, credentials: pytest.MonkeyPatch) -> str:
    """A new bucket, which the environment leads to."""
    credentials.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    servers.make_bucket(s3_endpoint, name)
    return name
