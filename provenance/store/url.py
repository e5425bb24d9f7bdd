"""Parse the URL of a shared ledger: a PostgreSQL database, and a location for data files."""

from __future__ import annotations

import getpass
import re
import socket
from dataclasses import dataclass, field
from os import getpid
from pathlib import Path
from urllib.parse import unquote, urlsplit

from provenance.errors import MisuseError
from provenance.io import objects
from provenance.io.objects import Location

SCHEMES = ("postgres", "postgresql")

DEFAULT_SCHEMA = "prov"

_EXAMPLE = "for example postgres://ada@db.example.org/ledger?data=s3://bucket/ledger"

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,40}")


@dataclass(frozen=True, slots=True)
class Postgres:
    """Where a catalog is: what libpq is told, and the schema; the password never shows.

    What is not said here libpq takes from where it always does: ``PGPASSWORD``, ``~/.pgpass``, a
    service file.
    """

    settings: tuple[tuple[str, str], ...]
    schema: str = DEFAULT_SCHEMA
    password: str | None = field(default=None, repr=False)

    def conninfo(self, purpose: str, **more: str) -> str:
        """The words for libpq, without the password; others see the purpose beside our session."""
        told = dict(self.settings)
        told.setdefault("application_name", f"prov {purpose}, {_who()}"[:63])
        return " ".join(f"{name}='{_escaped(value)}'" for name, value in (told | more).items())

    @property
    def name(self) -> str:
        """The database as it is shown."""
        told = dict(self.settings)
        user = f"{told['user']}@" if "user" in told else ""
        port = f":{told['port']}" if "port" in told else ""
        service = f"?service={told['service']}" if "service" in told else ""
        return f"postgres://{user}{told.get('host', '')}{port}/{told.get('dbname', '')}{service}"


def _who() -> str:
    return f"process {getpid()} of {getpass.getuser()} on {socket.gethostname()}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def parse(url: str) -> tuple[Postgres, Path | Location]:
    """Database and place of the parts behind ``postgres://user@host/db?data=PLACE``.

    Raises:
        MisuseError: it says no place, or one that cannot be used. The message holds no password.
    """
    pieces = urlsplit(url)
    query: dict[str, str] = {}
    for pair in filter(None, pieces.query.split("&")):
        name, _, value = pair.partition("=")
        query[name] = unquote(value)
    schema = query.pop("schema", DEFAULT_SCHEMA)
    if not _SCHEMA.fullmatch(schema):
        raise MisuseError(
            f"{schema!r} cannot be the schema of a ledger",
            hint="small letters, digits and `_`, 40 at most",
        )
    place = _place(query.pop("data", ""))
    # A password may stand in either place of the URL, as libpq has it.
    password = query.pop("password", None)
    user, _, host = pieces.netloc.rpartition("@")
    user, _, said = user.partition(":")
    told = {"user": unquote(user), "dbname": unquote(pieces.path.removeprefix("/"))}
    told |= _host(host) | query
    settings = tuple((name, value) for name, value in told.items() if value)
    return Postgres(settings, schema, password or unquote(said) or None), place


def _host(text: str) -> dict[str, str]:
    """Host and port; several hosts, each with its port, as libpq takes them."""
    hosts: list[str] = []
    ports: list[str] = []
    for one in text.split(","):
        host, _, port = one.rpartition(":") if re.search(r":\d*$", one) else (one, "", "")
        hosts.append(unquote(host.strip("[]")))
        ports.append(port)
    return {"host": ",".join(hosts), "port": ",".join(ports) if any(ports) else ""}


def _place(data: str) -> Path | Location:
    if not data:
        raise MisuseError(
            "a ledger in PostgreSQL needs a place for its parts: `?data=`", hint=_EXAMPLE
        )
    if not objects.is_url(data):
        if "://" in data:
            raise MisuseError(
                f"parts cannot be kept at {data.partition('://')[0]}://", hint=_EXAMPLE
            )
        return Path(data).absolute()
    place = objects.parse_url(data.rstrip("/"))
    if place.scheme != "s3":
        raise MisuseError(f"parts cannot be kept at {place.scheme}://", hint=_EXAMPLE)
    return place
