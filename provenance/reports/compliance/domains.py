"""Registrable domains of a release, from the addresses of its records."""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import TYPE_CHECKING

from provenance.model.base import Connection
from provenance.model.reports.release_evidence import Domain, DomainEvidence

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

LISTED = 1_000
"""Most domains that the evidence spells out; ``domain_rows`` gives every one."""

PAGE = 50_000
"""Hosts that are looked up at a time."""

SMALL_MOST = 1_000
"""A small or medium provider lists 5 % of the domains, or this many, whichever is fewer."""

DOMAINS = "release_domains"
"""Name of the temporary table of records and bytes by domain."""

# Whatever stands between the scheme, the user and the path; a bare host too.
_HOST = (
    "lower(rtrim(regexp_extract(json_extract_string(attributes, '/url'), "
    r"'^\s*(?:[A-Za-z][A-Za-z0-9+.-]*://|//)?(?:[^/?#@]*@)?(\[[0-9A-Fa-f:.]+\]|[^/?#:@\s]+)', 1), "
    "'.'))"
)


def make_domains(connection: Connection, members: str, crawled: str) -> None:
    """Make ``release_domains``: the sums of every domain, and those of crawled records beside.

    Args:
        connection: where the relations are known.
        members: the members relation of a release, quoted.
        crawled: SQL that is true of members that were crawled.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE release_hosts AS
        SELECT *, row_number() OVER () AS n FROM (
            SELECT nullif({_HOST}, '') AS host,
                sum(weight) AS records, sum(weight::HUGEINT * bytes) AS bytes,
                coalesce(sum(weight) FILTER (WHERE {crawled}), 0) AS crawled_records,
                coalesce(sum(weight::HUGEINT * bytes) FILTER (WHERE {crawled}), 0) AS crawled_bytes
            FROM {members} GROUP BY ALL)""")
    connection.execute("CREATE OR REPLACE TEMP TABLE release_registered (n BIGINT, domain VARCHAR)")
    row = connection.execute("SELECT count(*) FROM release_hosts").fetchone()
    # A page travels as one text either way, since a host holds no blanks: a list that is bound as a
    # parameter takes a hundred times as long.
    for first in range(1, row[0] + 1, PAGE):
        page = connection.execute(
            "SELECT string_agg(coalesce(host, ''), '\n' ORDER BY n) FROM release_hosts "
            "WHERE n BETWEEN ? AND ?",
            [first, first + PAGE - 1],
        ).fetchone()
        found = "\n".join(registrable(host) or "" for host in page[0].split("\n"))
        connection.execute(
            "INSERT INTO release_registered SELECT ? + generate_subscripts(names, 1) - 1, "
            "nullif(unnest(names), '') FROM (SELECT string_split(?, '\n') AS names)",
            [first, found],
        )
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {DOMAINS} AS
        SELECT r.domain, sum(h.records) AS records, sum(h.bytes) AS bytes,
            sum(h.crawled_records) AS crawled_records, sum(h.crawled_bytes) AS crawled_bytes
        FROM release_hosts h LEFT JOIN release_registered r USING (n) GROUP BY ALL""")


def registrable(host: str) -> str | None:
    """The domain that somebody registered, by the public suffix list; an address stays itself.

    >>> registrable("news.bbc.co.uk"), registrable("192.0.2.7"), registrable("localhost")
    ('bbc.co.uk', '192.0.2.7', None)
    """
    if host[-1:].isdigit() or host.startswith("["):
        try:
            return str(ipaddress.ip_address(host.strip("[]")))
        except ValueError:
            pass
    found: str | None = _suffixes().privatesuffix(host)
    # A public suffix may be somebody's site, too: `github.io` has a page of its own.
    labels = host.split(".")
    return found or (host if len(labels) > 1 and all(labels) else None)


@cache
def _suffixes() -> PublicSuffixList:
    # The list takes a moment to read, and most reports need none of it.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def domains(connection: Connection, *, crawled: bool) -> DomainEvidence:
    """The domains of a release, or of what was crawled of it."""
    records, size = _columns(crawled)
    counted, with_records, with_bytes, lone_records, lone_bytes = connection.execute(f"""
        SELECT count(*) FILTER (WHERE domain IS NOT NULL),
            coalesce(sum({records}) FILTER (WHERE domain IS NOT NULL), 0),
            coalesce(sum({size}) FILTER (WHERE domain IS NOT NULL), 0),
            coalesce(sum({records}) FILTER (WHERE domain IS NULL), 0),
            coalesce(sum({size}) FILTER (WHERE domain IS NULL), 0)
        FROM {DOMAINS} WHERE {records} > 0""").fetchone()
    return DomainEvidence(
        domains=counted,
        top_tenth=-(-counted // 10),
        top_small=min(-(-counted // 20), SMALL_MOST),
        listed=domain_rows(connection, crawled=crawled, first=0, most=LISTED),
        records=with_records,
        bytes=with_bytes,
        without_records=lone_records,
        without_bytes=lone_bytes,
    )


def domain_rows(
    connection: Connection, *, crawled: bool, first: int, most: int
) -> tuple[Domain, ...]:
    """Domains from the largest down, those of one size by name."""
    records, size = _columns(crawled)
    rows = connection.execute(
        f"""
        SELECT domain, {records}, {size} FROM {DOMAINS} WHERE domain IS NOT NULL AND {records} > 0
        ORDER BY {size} DESC, domain LIMIT ? OFFSET ?""",
        [most, first],
    ).fetchall()
    return tuple(Domain(domain=name, records=count, bytes=length) for name, count, length in rows)


def _columns(crawled: bool) -> tuple[str, str]:
    return ("crawled_records", "crawled_bytes") if crawled else ("records", "bytes")
