"""Objects moved over a bad network: whole and as they were found, or a clear error."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from support import websites
from support.websites import Site

from provenance.errors import InputError, NotFoundError, ProvError, StorageError
from provenance.io import objects
from provenance.io.objects import access, transfer

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def site(credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server in whose moods requests are tried again at once."""
    monkeypatch.setattr(access, "BACKOFF", datetime.timedelta(milliseconds=1))
    monkeypatch.setattr(transfer, "BACKOFF", datetime.timedelta(milliseconds=1))
    monkeypatch.setattr(transfer, "RANGE_BYTES", 4000)
    with websites.served(Site({"/bucket/a.bin": CONTENT})) as site:
        monkeypatch.setenv("AWS_ENDPOINT_URL", site.url)
        yield site


@pytest.fixture(params=["s3", "web"])
def url(request: pytest.FixtureRequest, site: Site) -> str:
    """One object by both kinds of URL."""
    return "s3://bucket/a.bin" if request.param == "s3" else f"{site.url}/bucket/a.bin?sig=5ec7e7"


def fetched(url: str, folder: Path) -> bytes:
    stored = objects.find(objects.parse_url(url))
    assert stored is not None
    objects.download(stored, folder / "copy")
    return (folder / "copy").read_bytes()


@pytest.mark.newest
def test_an_object_comes_range_by_range(url: str, site: Site, tmp_path: Path) -> None:
    assert fetched(url, tmp_path) == CONTENT
    ranges = [h["range"] for method, _, h in lowered(site) if method == "GET"]
    assert sorted(ranges) == ["bytes=0-3999", "bytes=4000-7999", "bytes=8000-10239"]
    assert all("if-match" in h for method, _, h in lowered(site) if method == "GET")


def lowered(site: Site) -> list[tuple[str, str, dict[str, str]]]:
    return [(m, p, {name.lower(): value for name, value in h.items()}) for m, p, h in site.asked]


def test_some_ranges_are_asked_for_at_once(url: str, site: Site, tmp_path: Path) -> None:
    together = threading.Barrier(transfer.AT_ONCE)
    first = threading.Event()

    def meet(_path: str) -> None:
        if first.is_set():
            together.wait(timeout=30)
        first.set()

    site.before = meet
    site.files["/bucket/a.bin"] = data = bytes(range(250)) * 16 * (1 + 2 * transfer.AT_ONCE)
    assert fetched(url, tmp_path) == data


def test_a_store_that_is_busy_is_asked_again(url: str, site: Site, tmp_path: Path) -> None:
    site.statuses = [503, 500, 503]
    assert fetched(url, tmp_path) == CONTENT


def test_a_body_that_breaks_off_is_asked_for_again(url: str, site: Site, tmp_path: Path) -> None:
    site.breaks = 2
    assert fetched(url, tmp_path) == CONTENT


def test_a_server_without_ranges_is_read_in_one_go(site: Site, tmp_path: Path) -> None:
    site.ranges = False
    assert fetched(f"{site.url}/bucket/a.bin", tmp_path) == CONTENT


def test_an_object_that_changes_is_an_error(url: str, site: Site, tmp_path: Path) -> None:
    site.before = lambda path: site.files.update({path: CONTENT + b"more"})
    with pytest.raises(InputError, match=r"/a\.bin: changed while it was read"):
        fetched(url, tmp_path)


def test_a_change_is_noticed_by_its_time_where_there_are_no_tags(
    site: Site, tmp_path: Path
) -> None:
    site.etags = False
    stored = objects.find(objects.parse_url(f"{site.url}/bucket/a.bin"))
    assert stored is not None
    assert stored.fingerprint.startswith("modified:")
    site.files["/bucket/a.bin"] = CONTENT + b"more"
    with pytest.raises(InputError, match="changed while it was read"):
        objects.download(stored, tmp_path / "copy")


def test_an_object_that_vanishes_is_an_error(url: str, site: Site, tmp_path: Path) -> None:
    site.before = lambda path: site.files.pop(path, None) and None
    with pytest.raises(InputError, match=r"/a\.bin: vanished while it was read"):
        fetched(url, tmp_path)


def test_what_is_not_there_is_nothing(site: Site) -> None:
    assert objects.find(objects.parse_url("s3://bucket/nothing")) is None
    assert objects.find(objects.parse_url(f"{site.url}/nothing")) is None
    assert objects.find(objects.parse_url("s3://bucket/")) is None
    with pytest.raises(NotFoundError, match="no such object: s3://bucket/nothing"):
        objects.read(objects.parse_url("s3://bucket/nothing"))


@pytest.mark.parametrize(
    ("status", "why"), [(403, "access is denied"), (401, "access is denied"), (400, "400")]
)
def test_what_is_denied_is_said_without_secrets(
    url: str, site: Site, status: int, why: str
) -> None:
    site.statuses = [status] * 20
    with pytest.raises(StorageError, match=why) as caught:
        objects.find(objects.parse_url(url))
    assert_no_secret(caught.value)


def test_a_server_that_is_gone_is_said_without_secrets(credentials: None) -> None:
    with pytest.raises(StorageError, match="Connection refused") as caught:
        objects.find(objects.parse_url("http://127.0.0.1:9/a?sig=5ec7e7"))
    assert_no_secret(caught.value)


def assert_no_secret(error: ProvError) -> None:
    said = f"{error!r} {error.message} {error.hint} {error.__cause__!r}"
    assert "5ec7e7" not in said
    assert "Secret" not in said


def test_a_listing_goes_on_page_by_page(site: Site) -> None:
    site.files = {f"/bucket/d/{n:05}.txt": b"" for n in range(2500)} | {"/bucket/e.txt": b""}
    found = [stored.location.key for stored in objects.listing(objects.parse_url("s3://bucket/d/"))]
    assert found == [f"d/{n:05}.txt" for n in range(2500)]
    assert len(site.asked) == 3


def test_a_prefix_is_a_folder(site: Site) -> None:
    site.files = {"/bucket/data/a.txt": b"", "/bucket/database.txt": b""}
    found = [
        str(stored.location) for stored in objects.listing(objects.parse_url("s3://bucket/data"))
    ]
    assert found == ["s3://bucket/data/a.txt"]


def test_a_key_that_is_no_path_is_said(site: Site) -> None:
    site.files = {"/bucket/d//a.txt": b""}
    with pytest.raises(InputError, match="a key with an empty"):
        list(objects.listing(objects.parse_url("s3://bucket/d")))
    with pytest.raises(StorageError, match="piece, which cannot be read"):
        objects.find(objects.parse_url("s3://bucket/d//a.txt"))


def test_who_asks_is_told_to_pay(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REQUEST_PAYER", "requester")
    objects.find(objects.parse_url("s3://bucket/a.bin"))
    ((_, _, headers),) = lowered(site)
    assert headers["x-amz-request-payer"] == "requester"


@pytest.mark.newest
def test_credentials_come_from_a_profile(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "credentials").write_text(
        "[work]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = x\n"
    )
    (tmp_path / "config").write_text(
        f"[profile work]\nregion = eu-central-1\nendpoint_url = {site.url}\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert objects.find(objects.parse_url("s3://bucket/a.bin")) is not None
    ((_, _, headers),) = lowered(site)
    assert "Credential=AKIAPROFILE/" in headers["authorization"]
    assert "/eu-central-1/s3/" in headers["authorization"]
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StorageError, match="credentials cannot be used: ProfileNotFound"):
        objects.find(objects.parse_url("s3://bucket/a.bin"))


def test_without_credentials_a_bucket_may_still_be_public(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert objects.find(objects.parse_url("s3://bucket/a.bin")) is not None
    ((_, _, headers),) = lowered(site)
    assert "authorization" not in headers


@pytest.mark.slow
@settings(max_examples=20)
@given(size=st.integers(0, 9000), breaks=st.integers(0, 3))
def test_whatever_the_size_and_the_breaks_it_comes_whole(
    size: int, breaks: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = CONTENT[:size]
    with (
        pytest.MonkeyPatch.context() as patch,
        websites.served(Site({"/a": content}, breaks=breaks if size > 1 else 0)) as site,
    ):
        patch.setattr(access, "BACKOFF", datetime.timedelta(milliseconds=1))
        patch.setattr(transfer, "BACKOFF", datetime.timedelta(0))
        patch.setattr(transfer, "RANGE_BYTES", 4000)
        assert fetched(f"{site.url}/a", tmp_path_factory.mktemp("copies")) == content


def test_google_s_store_is_read_with_its_own_credentials(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = {"gcs_base_url": site.url, "disable_oauth": True}
    account |= dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
    (tmp_path / "account.json").write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(tmp_path / "account.json"))
    assert fetched("gs://bucket/a.bin", tmp_path) == CONTENT
    found = [str(stored.location) for stored in objects.listing(objects.parse_url("gs://bucket"))]
    assert found == ["gs://bucket/a.bin"]
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(tmp_path / "nothing.json"))
    with pytest.raises(StorageError, match="the credentials cannot be read"):
        objects.find(objects.parse_url("gs://bucket/a.bin"))
