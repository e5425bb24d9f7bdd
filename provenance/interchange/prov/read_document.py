"""Read PROV-JSON, PROV-JSONLD and PROV-N documents, or refuse them with the reason."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import prov
from prov.model import ProvDocument, ProvWarning

from provenance.content.display import visible
from provenance.content.json_reader import read_document
from provenance.errors import InputError
from provenance.interchange.prov.write_document import ProvFormat
from provenance.interchange.text import shorten
from provenance.model.finding import Finding

_PROVN = re.compile(r"(?:\s|//[^\n\r]*|/\*.*?\*/)*document\b", re.S)
_TURTLE = re.compile(r"\s*@?(?:prefix|base)\s", re.I)
_CONVERT = "convert it with `prov-convert` to PROV-JSON, PROV-JSONLD or PROV-N"

# The library checks the outer structure only: a prefix bound to an object, or a list as a datatype,
# raises one of these.
_WRONG_SHAPE = (TypeError, AttributeError, KeyError, IndexError)


def read_prov(data: bytes) -> tuple[ProvDocument, tuple[Finding, ...]]:
    """Read a PROV document, and findings where it was read differently from how it was written.

    Raises:
        InputError: the bytes are not a document in one of the three formats; the message says why.
    """
    text = _decode(data)
    format_ = _format(text)
    caught: list[warnings.WarningMessage] = []
    try:
        with _watch(caught):
            document = ProvDocument.deserialize(content=text, format=format_)
    except RecursionError as error:
        raise InputError("not a PROV document: nested too deeply") from error
    except (prov.Error, ValueError) as error:
        raise _refusal(str(error)) from error
    except _WRONG_SHAPE as error:
        raise _refusal(f"a value has the wrong shape ({error})") from error
    return document, tuple(_reading_findings(caught))


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"not UTF-8: byte {data[error.start]:#04x} at offset {error.start}"
        ) from error
    if not text.strip():
        raise InputError("the document is empty")
    return text


def _format(text: str) -> ProvFormat:
    """Detect the format by the first characters, and for JSON by its members."""
    if text.lstrip().startswith("<"):
        raise InputError("XML: PROV-XML and RDF/XML are not supported", hint=_CONVERT)
    if _TURTLE.match(text):
        raise InputError("Turtle or TriG: not supported", hint=_CONVERT)
    if _PROVN.match(text):
        return "provn"
    try:
        value = read_document(text)
    except ValueError as error:
        raise InputError(f"neither JSON nor PROV-N: {error}", hint=_CONVERT) from error
    return "jsonld" if isinstance(value, dict) and "@context" in value else "json"


@contextmanager
def _watch(caught: list[warnings.WarningMessage]) -> Iterator[None]:
    """Collect the library's warnings, and silence its log."""
    log = logging.getLogger("prov.model")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", ProvWarning)
        level = log.level
        log.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            log.setLevel(level)
            caught.extend(seen)


def _refusal(reason: str) -> InputError:
    return InputError(f"not a PROV document: {shorten(visible(reason), 300)}")


_NEXT_RELEASE = re.compile(r"\. prov 3\.3\.0 will .* \(#\d+\)$", re.S)


def _reading_findings(caught: list[warnings.WarningMessage]) -> Iterator[Finding]:
    for reason in dict.fromkeys(_NEXT_RELEASE.sub("", str(w.message)) for w in caught):
        subject = (
            reason.partition(":")[0] if reason.startswith(("record ", "bundle ")) else "document"
        )
        yield Finding(
            code="prov-reading",
            severity="warning",
            subject=shorten(visible(subject), 200),
            reason=shorten(visible(reason), 300),
            remedy="Correct the document: it is read here as the reason says.",
        )
