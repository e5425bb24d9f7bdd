"""Real servers for tests and benchmarks: a PostgreSQL cluster, and S3 as `moto` speaks it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSWORD = "pg-Passw0rd-4711"
KEY_ID = "AKIATESTKEYID4711"
SECRET = "s3/Secret+4711"
TOKEN = "s3-session-token-4711"

ENVIRONMENT = {
    "PGPASSWORD": PASSWORD,
    "AWS_ACCESS_KEY_ID": KEY_ID,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_SESSION_TOKEN": TOKEN,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What a user of the two servers has in the environment, beside the endpoint."""

SECRETS = (PASSWORD, SECRET, TOKEN)

_HOW = ("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync")


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A cluster that listens on this machine, with one database."""

    port: int
    bin: Path

    def url(self, data: str | Path, schema: str = "prov") -> str:
        """The URL of a ledger in it."""
        return f"postgres://ada@127.0.0.1:{self.port}/ledgers?data={data}&schema={schema}"

    def sql(self, statement: str) -> str:
        """What it answers to a statement."""
        arguments = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "ada", "-d", "ledgers"]
        return subprocess.run(
            [self.bin / "psql", *arguments, "-Atqc", statement],
            env={**os.environ, "PGPASSWORD": PASSWORD},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def dump(self) -> str:
        """Everything that is in it, as SQL."""
        arguments = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "ada", "ledgers"]
        return subprocess.run(
            [self.bin / "pg_dump", *arguments],
            env={**os.environ, "PGPASSWORD": PASSWORD},
            check=True,
            capture_output=True,
            text=True,
        ).stdout


def postgres_programs() -> Path | None:
    """Where the programs of PostgreSQL are: on the path, or where Debian puts them."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    for folder in reversed(debian):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextlib.contextmanager
def postgres_server(programs: Path) -> Iterator[PostgresServer]:
    """A new cluster; root may not run one, so nobody does."""
    person: dict[str, Any] = {}
    if os.geteuid() == 0:
        person = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="prov-pg-"))
    try:
        if person:
            shutil.chown(folder, "nobody", "nogroup")
        word = folder / "password"
        word.write_text(PASSWORD)
        word.chmod(0o644)
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", "ada", f"--pwfile={word}", *_HOW],
            check=True,
            capture_output=True,
            cwd=folder,
            **person,
        )
        port = free_port()
        settings = {"listen_addresses": "127.0.0.1", "port": port, "fsync": "off"}
        settings["unix_socket_directories"] = str(folder)
        told = [piece for name, value in settings.items() for piece in ("-c", f"{name}={value}")]
        with (folder / "log").open("w") as log:
            running = subprocess.Popen(
                [programs / "postgres", "-D", folder / "data", *told],
                stdout=log,
                stderr=log,
                cwd=folder,
                **person,
            )
        try:
            server = PostgresServer(port, programs)
            _wait(lambda: _ready(server, running))
            yield server
        finally:
            running.send_signal(signal.SIGINT)  # sessions are cut off, not waited for
            running.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ready(server: PostgresServer, running: subprocess.Popen[bytes]) -> bool:
    if running.poll() is not None:
        raise RuntimeError("PostgreSQL did not start")
    try:
        arguments = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "ada", "ledgers"]
        subprocess.run(
            [server.bin / "createdb", *arguments],
            env={**os.environ, "PGPASSWORD": PASSWORD},
            check=True,
            capture_output=True,
        )
    except subprocess.CalledProcessError:
        return False
    return True


def s3_missing() -> str | None:
    """Why no server that speaks S3 can be started; nothing where it can."""
    for name in ("moto", "flask", "flask_cors"):
        if importlib.util.find_spec(name) is None:
            return f"the package {name} is not installed"
    return None


@contextlib.contextmanager
def s3_server() -> Iterator[str]:
    """A server that speaks S3, in a process of its own; its endpoint."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    running = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(lambda: _answers(endpoint))
        yield endpoint
    finally:
        running.terminate()
        running.wait(30)


def _answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(endpoint, timeout=5):
            return True
    except urllib.error.URLError:
        return False


def make_bucket(endpoint: str, name: str) -> None:
    """A new bucket."""
    request = urllib.request.Request(f"{endpoint}/{name}", method="PUT")
    with urllib.request.urlopen(request, timeout=30):
        pass


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait(ready: Any, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            raise TimeoutError("the server does not answer")
        time.sleep(0.1)
