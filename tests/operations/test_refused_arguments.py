"""Arguments of the methods of a ledger that are refused before any work, and copies of ledgers."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import provenance
from provenance import Ledger, MisuseError, NotFoundError

POLICY = "policy: p\nunit: records\nbudgets:\n- name: b\n  max_synthetic: 0.20\n"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    found = provenance.init(tmp_path_factory.mktemp("refused") / "ledger")
    found.ingest(pa.table({"text": ["one", "two"]}), source="s", label="human")
    found.assemble("v1", POLICY)
    return found


REFUSED: list[tuple[Callable[[Any, Path], object], str, str]] = [
    (lambda k, _: k.assemble("a/b", POLICY), "'a/b' cannot be the name", "no quotes, slashes"),
    (lambda k, _: k.assemble("", POLICY, dry_run=True), "'' cannot be the name", "is not empty"),
    (lambda k, _: k.assemble("release:-v", "none.yaml"), "'release:-v' cannot", "with a dash"),
    (lambda k, _: k.assemble(3, POLICY), "3 cannot be the name", "valid string"),
    (lambda k, _: k.activity("a", kind="foo"), "activity: kind: Input should be 'ingest'", ""),
    (lambda k, _: k.activity("a", model=3), "activity: model: 3 is no text", ""),
    (lambda k, _: k.activity("a", foo=3), "activity: detail.foo: Input should be a valid", ""),
    (lambda k, out: k.export("v1", out, format="csv"), "no export format 'csv'", "parquet, jsonl"),
    (lambda k, out: k.export("v1", out, "Parquet"), "no export format 'Parquet'", "parquet, jsonl"),
    (lambda k, _: k.audit_files([], POLICY), "^nothing to audit$", "name files"),
    (lambda k, _: k.ingest([], source="s"), "^nothing to ingest$", "name files"),
    (lambda k, _: k.ingest("a\0b", source="s"), r"NUL character: 'a\\x00b'", ""),
    (lambda k, _: k.ingest([Path("a\0b")], source="s"), "NUL character", ""),
    (lambda k, _: k.audit("a\0b"), "NUL character", ""),
    (lambda k, out: k.export("v1", f"{out}/a\0b"), "NUL character", ""),
    (lambda _, out: provenance.init(f"{out}/a\0b"), "NUL character", ""),
    (lambda _, out: provenance.open(f"{out}/a\0b"), "NUL character", ""),
    (lambda k, _: k.ingest([{"text": "a"}], source="s"), "a dict is not a table", "from_pylist"),
    (lambda k, _: k.ingest({"text": ["a"]}, source="s"), "a dict is not a table", "from_pylist"),
]


@pytest.mark.parametrize(("call", "message", "hint"), REFUSED)
def test_a_value_that_is_refused_is_misuse_and_changes_nothing(
    call: Callable[[Any, Path], object], message: str, hint: str, ledger: Ledger, tmp_path: Path
) -> None:
    with pytest.raises(MisuseError, match=message) as raised:
        call(ledger, tmp_path / "out")
    assert hint in raised.value.hint
    assert [release.name for release in ledger.releases()] == ["v1"]
    assert not list(tmp_path.iterdir())


def test_options_that_are_no_model_are_a_type_error(ledger: Ledger) -> None:
    untyped: Any = ledger
    with pytest.raises(TypeError, match=r"as provenance\.IngestOptions, not as a dict"):
        untyped.ingest("x", {"source": "a"})
    with pytest.raises(TypeError, match=r"as provenance\.Selection, not as a str"):
        untyped.assemble("v2", POLICY, "s")


def test_a_policy_in_one_line_is_taken_for_a_path_and_says_so(ledger: Ledger) -> None:
    with pytest.raises(NotFoundError) as raised:
        ledger.audit("policy: half")
    assert raised.value.hint == "text of a policy needs a line break"
    with pytest.raises(NotFoundError) as raised:
        ledger.audit("half.yaml")
    assert raised.value.hint == ""


@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda ledger: pickle.loads(pickle.dumps(ledger))]
)
def test_a_ledger_is_copied_pickled_and_hashed(twin: Any, ledger: Ledger) -> None:
    other = twin(ledger)
    assert (other, hash(other), other.store.views) == (ledger, hash(ledger), ledger.store.views)
    assert other.status() == ledger.status()
    late = {name: getattr(body, "empty", "") for name, body in ledger.store.views.items()}
    assert {name: getattr(body, "empty", "") for name, body in other.store.views.items()} == late
    assert any(late.values())
