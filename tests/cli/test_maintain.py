"""`prov maintain` as it is run by hand and by cron."""

from __future__ import annotations

import json

import pytest
from support.terminal import Terminal


@pytest.mark.slow
def test_it_says_what_it_did_and_does_it_once(terminal: Terminal) -> None:
    for name in "abcd":
        rows = [{"text": f"{name} text number {n}, long enough"} for n in range(5)]
        terminal.write(f"{name}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        assert terminal.prov("ingest", f"{name}.jsonl", "--source", "web", "-q").code == 0
    planned = terminal.prov("maintain", "--dry-run")
    assert planned.code == 0
    assert planned.out.endswith("dry run: nothing was changed\n")
    done = terminal.prov("maintain")
    assert "kept for open readers" in done.out
    assert "sightings" in done.out
    again = terminal.prov("maintain", "--json").json
    assert (again["tables"], again["removed_parts"]) == ([], 0)
    assert again["parts_before"] == again["parts_after"]
    last = terminal.prov("maintain", "--keep-hours", "0")
    assert "nothing to compact" in last.out
    assert "no longer in use" in last.out
    assert terminal.prov("verify").code == 0
    assert terminal.prov("status", "--json").json["sightings"] == 20


def test_bad_input_is_one_line(terminal: Terminal) -> None:
    refused = terminal.prov("maintain", "--keep-hours", "-1")
    assert (refused.code, refused.out) == (2, "")
    assert "Traceback" not in refused.err
    assert terminal.prov("maintain").code == 11
