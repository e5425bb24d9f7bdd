"""Connect to object stores with the usual credentials, and retries with growing delays."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from os import environ
from typing import TYPE_CHECKING, Any

from provenance.errors import StorageError
from provenance.io.objects.naming import WEB, Location

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_RETRIES = 6
BACKOFF = timedelta(milliseconds=100)
_RETRY_FOR = timedelta(seconds=90)
_TIMEOUT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Access:
    """Settings to reach S3, from the environment, the profile files or the machine."""

    region: str
    endpoint: str | None
    credentials: Any = field(repr=False)

    def frozen(self) -> tuple[str, str, str | None] | None:
        """Return key, secret and token as they are now; ``None`` without credentials."""
        if self.credentials is None:
            return None
        now = self.credentials.get_frozen_credentials()
        return now.access_key, now.secret_key, now.token


def s3_access() -> Access:
    """Resolve the AWS credential chain, once for each state of the environment.

    Raises:
        StorageError: a profile is named that does not exist, or the like.
    """
    return _access(_store_environment())


def _store_environment() -> tuple[tuple[str, str], ...]:
    """Return the environment variables of stores; they may change while a program runs."""
    variables = [pair for pair in environ.items() if pair[0].startswith(("AWS_", "GOOGLE_"))]
    return tuple(sorted(variables))


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
    """Open a bucket or a web object, with retries."""
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
    """Return credentials in the form in which the store library asks for them."""
    key, secret, token = s3_access().frozen() or ("", "", None)
    soon = datetime.now().astimezone() + timedelta(minutes=5)
    return {
        "access_key_id": key,
        "secret_access_key": secret,
        "token": token,
        "expires_at": soon,
    }


def open_store(location: Location) -> tuple[ObjectStore, str]:
    """Open the store of a location, and return the object's name in it."""
    if location.scheme in WEB:
        query = f"?{location.query}" if location.query else ""
        return _store(
            location.scheme, f"{location.scheme}://{location.store}/{location.key}{query}", ()
        ), ""
    return _store(location.scheme, location.store, _store_environment()), location.key
