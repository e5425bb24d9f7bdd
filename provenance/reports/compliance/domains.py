"""Sum up the records of a release by registrable domain of their addresses."""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import TYPE_CHECKING

from provenance.model.base import Connection
from provenance.model.reports.release_evidence import Domain, DomainEvidence

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

LISTED = 1_000
"""Most domains that the evidence lists; ``domain_rows`` returns every one."""

PAGE = 50_000
"""Hosts that are looked up in one batch."""

SMALL_MOST = 1_000
"""A small or medium provider lists 5 % of the domains, or this many, whichever is fewer."""

DOMAINS = "release_domains"
"""Temporary table of records and bytes by domain."""

# The text between scheme or user and path; also a host without a scheme.
_HOST = (
    "lower(rtrim(regexp_extract(json_extract_string(attributes, '/url'), "
    r"'^\s*(?:[A-Za-z][A-Za-z0-9+.-]*://|//)?(?:[^/?#@]*@)?(\[[0-9A-Fa-f:.]+\]|[^/?#:@\s]+)', 1), "
    "'.'))"
)


def make_domains(connection: Connection, members: str, crawled: str) -> None:
    """Create the table ``release_domains``: sums by domain, of all and of crawled records.

    Args:
        connection: where the relations are known.
        members: the members relation of a release, quoted.
        crawled: SQL condition of members that were crawled.
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
    # A batch is passed as one text in each direction, since a host has no line end: binding a list
    # as a parameter takes a hundred times as long.
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
    """Find the registrable domain of a host by the public suffix list; an IP address is kept.

    >>> registrable("news.bbc.co.uk"), registrable("192.0.2.7"), registrable("localhost")
    ('bbc.co.uk', '192.0.2.7', None)
    """
    if host[-1:].isdigit() or host.startswith("["):
        try:
            return str(ipaddress.ip_address(host.strip("[]")))
        except ValueError:
            pass
    found: str | None = _suffixes().privatesuffix(host)
    # A public suffix may itself be a site: `github.io` has a page.
    labels = host.split(".")
    return found or (host if len(labels) > 1 and all(labels) else None)


@cache
def _suffixes() -> PublicSuffixList:
    # Loaded when needed: reading the list is slow, and most reports do not use it.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def domains(connection: Connection, *, crawled: bool) -> DomainEvidence:
    """Sum up the domains of a release, or of its crawled records."""
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
    """List domains by descending size, then by name."""
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
