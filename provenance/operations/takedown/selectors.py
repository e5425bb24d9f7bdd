"""SQL of the sightings that a takedown selects."""

from __future__ import annotations

from provenance.model.base import quote_literal
from provenance.model.takedown import Selector, Takedown

_SHA256 = "sha256:"

# The host of a URL: whatever stands between the scheme, the user and the path; a bare host too.
_HOST = (
    "lower(rtrim(regexp_extract({url}, "
    "'^(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://)?(?:[^/?#@]*@)?([^/?#:@]+)', 1), '.'))"
)


def matching_sql(takedown: Takedown, among: str = "TRUE") -> str:
    """SQL of the sightings that satisfy every selector, in current and superseded files.

    Records of a superseded version of a file may be in a release, and may have had another id.

    Args:
        among: SQL condition over ``s``, the sightings to consider.
    """
    condition = " AND ".join(_condition(selector) for selector in takedown.selectors)
    return f"""(
        WITH matched AS (
            SELECT s.record_id, s.digest_rest, s.former_id, s.former_rest FROM ledger.sightings s
            JOIN ledger.files f ON f.reading_id = s.reading_id
            LEFT JOIN sources c ON c.name = f.source
            WHERE {among} AND {condition})
        SELECT record_id, digest_rest FROM matched
        UNION ALL
        SELECT former_id, former_rest FROM matched WHERE former_id IN (
            SELECT record_id FROM ledger.sightings))"""


def _condition(selector: Selector) -> str:
    if selector.kind == "record":
        halves = [value.removeprefix(_SHA256) for value in selector.values]
        first = ", ".join(f"'{digest[:32]}'::UUID" for digest in halves)
        rest = ", ".join(f"'{digest[32:]}'::UUID" for digest in halves)
        # A record that was re-read under another rule is the same record.
        return (
            f"(s.record_id IN ({first}) AND s.digest_rest IN ({rest})"
            f" OR s.former_id IN ({first}) AND s.former_rest IN ({rest}))"
        )
    if selector.kind == "attribute":
        if selector.name == "domain":
            return _below(_HOST.format(url=_attribute("url")), selector.values)
        found = _is(_attribute(selector.name or ""), selector.values)
        if selector.name == "licence":  # the record's own licence or its source's
            return f"({found} OR {_is('c.licence', selector.values)})"
        return found
    column = {"external_id": "s.external_id", "source": "f.source", "file": "f.uri"}
    return _is(column[selector.kind], selector.values)


def _attribute(name: str) -> str:
    if name == "lang":
        return "s.lang"
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    return f"json_extract_string(s.attributes, {quote_literal(pointer)})"


def _is(found: str, values: tuple[str, ...]) -> str:
    """SQL that compares a column with values, or with digests after a purge."""
    same = f"{found} IN ({', '.join(map(quote_literal, values))})"
    blind = _digests(values)
    return f"({same} OR sha256({found}) IN ({blind}))" if blind else same


def _below(host: str, values: tuple[str, ...]) -> str:
    """SQL that tests whether a host is one of the domains or a subdomain."""
    plain = [value for value in values if not value.startswith(_SHA256)]
    tests = [
        f"{host} = {quote_literal(value)} OR ends_with({host}, {quote_literal('.' + value)})"
        for value in plain
    ]
    if blind := _digests(values):
        labels = f"string_split({host}, '.')"
        above = f"lambda n: sha256(array_to_string(list_slice({labels}, n, len({labels})), '.'))"
        domains = f"list_transform(range(1, len({labels}) + 1), {above})"
        tests.append(f"list_has_any({domains}, [{blind}])")
    return f"({' OR '.join(tests)})"


def _digests(values: tuple[str, ...]) -> str:
    return ", ".join(
        quote_literal(value.removeprefix(_SHA256)) for value in values if value.startswith(_SHA256)
    )
