"""How stores are reached: the usual credentials, and retries that wait longer each time."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from os import environ
from typing import TYPE_CHECKING, Any

from provenance.errors import StorageError
from provenance.io.objects.naming import WEB, Place

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_RETRIES = 6
BACKOFF = timedelta(milliseconds=100)
_RETRY_FOR = timedelta(seconds=90)
_TIMEOUT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Access:
    """How S3 is reached: what the environment, the profile files or the machine say."""

    region: str
    endpoint: str | None
    credentials: Any = field(repr=False)

    def frozen(self) -> tuple[str, str, str | None] | None:
        """Key, secret and token as they are now; nothing where there are none."""
        if self.credentials is None:
            return None
        now = self.credentials.get_frozen_credentials()
        return now.access_key, now.secret_key, now.token


def s3_access() -> Access:
    """What the usual AWS chain says; one look for each state of the environment.

    Raises:
        StorageError: a profile is named that does not exist, or the like.
    """
    return _access(_told())


def _told() -> tuple[tuple[str, str], ...]:
    """What the environment says of stores now: it may change while a program runs."""
    said = [pair for pair in environ.items() if pair[0].startswith(("AWS_", "GOOGLE_"))]
    return tuple(sorted(said))


@functools.lru_cache(maxsize=8)
def _access(_environment: tuple[tuple[str, str], ...]) -> Access:
    from botocore.configprovider import ConfiguredEndpointProvider
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    session = Session()
    try:
        endpoint = ConfiguredEndpointProvider(
            full_config=session.full_config,
            scoped_config=session.get_scoped_config(),
            client_name="s3",
        ).provide()
        credentials = session.get_credentials()
        region = session.get_config_variable("region") or environ.get("AWS_REGION")
    except BotoCoreError as error:
        raise StorageError(
            f"the AWS credentials cannot be used: {type(error).__name__}",
            hint="see AWS_PROFILE and the files in ~/.aws",
        ) from error
    return Access(region or "us-east-1", endpoint, credentials)


@functools.lru_cache(maxsize=64)
def _store(scheme: str, name: str, _environment: tuple[tuple[str, str], ...]) -> ObjectStore:
    """A bucket, or an object on the web, with retries that wait longer each time."""
    from obstore.store import GCSStore, HTTPStore, S3Store

    retry: Any = {
        "max_retries": _RETRIES,
        "retry_timeout": _RETRY_FOR,
        "backoff": {"init_backoff": BACKOFF, "max_backoff": timedelta(seconds=5), "base": 2},
    }
    client: Any = {"timeout": _TIMEOUT}
    if scheme == "gs":
        client["allow_http"] = True  # as the service account says: an emulator has no certificate
        return GCSStore(name, client_options=client, retry_config=retry)
    if scheme in WEB:
        client["allow_http"] = scheme == "http"
        return HTTPStore.from_url(name, client_options=client, retry_config=retry)
    access = s3_access()
    config: Any = {"region": access.region, "checksum_algorithm": "sha256"}
    if access.credentials is None:
        config["skip_signature"] = True
    if environ.get("AWS_REQUEST_PAYER", "").lower() == "requester":
        config["request_payer"] = True
    if access.endpoint:
        config["endpoint"] = access.endpoint
        client["allow_http"] = access.endpoint.startswith("http://")
    provider: Any = None if access.credentials is None else _provide
    return S3Store(
        name,
        config=config,
        client_options=client,
        retry_config=retry,
        credential_provider=provider,
    )


def _provide() -> Any:
    """Credentials as the store's library asks for them, again and again."""
    key, secret, token = s3_access().frozen() or ("", "", None)
    soon = datetime.now().astimezone() + timedelta(minutes=5)
    return {
        "access_key_id": key,
        "secret_access_key": secret,
        "token": token,
        "expires_at": soon,
    }


def opened(place: Place) -> tuple[ObjectStore, str]:
    """The store of a place, and the object's name in it."""
    if place.scheme in WEB:
        query = f"?{place.query}" if place.query else ""
        return _store(place.scheme, f"{place.scheme}://{place.store}/{place.key}{query}", ()), ""
    return _store(place.scheme, place.store, _told()), place.key
