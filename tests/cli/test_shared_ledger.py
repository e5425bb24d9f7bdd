"""A shared ledger from `init` to `purge` as a user types it, and no secret of theirs anywhere."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator

import boto3
import pyarrow.parquet as pq
import pytest
from support.servers import KEY_ID, SECRETS, PostgresServer
from support.terminal import Answer, Terminal

ROWS = [
    {"id": "h1", "text": "a text that Jo wrote by hand", "author": "Jo"},
    {"id": "h2", "text": "a text that Al wrote by hand", "author": "Al"},
]
MADE = [{"id": "m1", "text": "a text that a machine made of it", "parent": "h1"}]
POLICY = "policy: p\nbudgets:\n  - name: overall\n    max_synthetic: 0.9\n"


class Team:
    """Somebody who works on the shared ledger, and everything that was ever printed."""

    def __init__(self, terminal: Terminal, url: str) -> None:
        self._terminal = terminal
        self._url = url
        self.printed = ""

    def prov(self, *arguments: str, code: int = 0) -> Answer:
        """Run ``prov`` on the ledger."""
        answer = self._terminal.prov("--ledger", self._url, *arguments)
        self.printed += answer.out + answer.err
        assert answer.code == code, answer.err
        return answer


@pytest.fixture
def store(bucket: str) -> Iterator[object]:
    client = boto3.client("s3")
    put = client.put_object
    put(Bucket=bucket, Key="in/h.jsonl", Body="".join(json.dumps(r) + "\n" for r in ROWS).encode())
    body = gzip.compress("".join(json.dumps(r) + "\n" for r in MADE).encode())
    put(Bucket=bucket, Key="in/made/m.jsonl.gz", Body=body)
    yield client
    client.close()


def everything(client: object, bucket: str) -> Iterator[bytes]:
    """Every object of a bucket, as it lies there and as rows."""
    for item in client.list_objects_v2(Bucket=bucket)["Contents"]:  # type: ignore[attr-defined]
        body = client.get_object(Bucket=bucket, Key=item["Key"])["Body"]  # type: ignore[attr-defined]
        with body:
            content = body.read()
        yield content
        if item["Key"].endswith(".parquet"):
            yield str(pq.read_table(io.BytesIO(content)).to_pylist()).encode()


@pytest.mark.slow
def test_the_whole_job(
    terminal: Terminal, postgres_cluster: PostgresServer, store: object, bucket: str
) -> None:
    terminal.write("p.yaml", POLICY)
    url = postgres_cluster.url(f"s3://{bucket}/ledger", "job")
    team = Team(terminal, url)
    assert f"ledgers?data=s3://{bucket}/ledger" in team.prov("init").out
    read = team.prov(
        *("ingest", f"s3://{bucket}/in/h.jsonl", "--source", "hand", "--label", "human"),
        *("--id", "id", "--attr", "author=author", "--json"),
    )
    assert (read.json["read"], read.json["kept"]) == (2, 2)
    made = team.prov(
        *("ingest", f"s3://{bucket}/in/made/", "--source", "made", "--label", "synthetic"),
        *("--id", "id", "--parent", "parent", "--parent-source", "hand", "--json"),
    )
    assert made.json["parents"]["found"] == 1
    assert len(team.prov("trace", "m1", "--json").json["edges"]) == 1
    team.prov("assemble", "r1", "--policy", "p.yaml")
    assert team.prov("audit", "r1", "--policy", "p.yaml", "--json").json["verdict"] == "pass"
    team.prov("export", "r1", "--to", "out", "--format", "jsonl")
    assert len((terminal.folder / "out" / "data.jsonl").read_text().splitlines()) == 3
    named = team.prov("revoke", "--attr", "author=Jo", "--reason", "asked", "--json").json
    assert named["reach"]["derived"]["records"] == 1
    assert "1 tombstone" in team.prov("purge", named["revocation"], "--yes").out
    again = team.prov("ingest", f"s3://{bucket}/in/h.jsonl", "--source", "back", "--json")
    assert (again.json["kept"], again.json["rejected"]) == (1, 1)
    assert again.json["files"][0]["quarantine"].startswith(f"s3://{bucket}/ledger/quarantine/")
    assert "now " in team.prov("maintain", "--keep-hours", "0").out
    assert "OK: all files and digests match" in team.prov("verify").out
    assert team.prov("query", "SELECT count(*) AS n FROM records", "--json").json == [{"n": 3}]
    team.prov("query", "FROM read_text('/etc/passwd')", code=2)
    team.prov("ingest", f"s3://{bucket}/nothing", "--source", "x", code=11)
    wrong = Team(terminal, url.replace("ada@", "ada:wr0ng@"))
    wrong.prov("-v", "status", code=14)
    lost = Team(terminal, url.replace("/ledgers?", "/lost?").replace("ada@", f"ada:{SECRETS[0]}@"))
    lost.prov("--json", "status", code=11)
    said = [t.printed.encode() for t in (team, wrong, lost)]
    said += [postgres_cluster.dump().encode(), *everything(store, bucket)]
    said += [path.read_bytes() for path in terminal.folder.rglob("*") if path.is_file()]
    for secret in (*SECRETS, KEY_ID, "wr0ng"):
        assert not any(secret.encode() in text for text in said), secret
