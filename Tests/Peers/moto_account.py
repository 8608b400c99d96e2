"""A boto3 client of one of moto's accounts.

Moto separates the resources of accounts, and reads the account of a request from the header `x-moto-account-id`
(moto documentation, "Multi-Account support"), so that no access key has to exist first.
"""

import threading
from functools import lru_cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from waiting import DEADLINE

REGION = "us-east-1"
_creation = threading.Lock()  # clients may be shared between threads, sessions may not


def account_client(moto: str, account: str, service: str) -> Any:
    """A client of `service` in account `account` (12 digits) of the moto server at URL `moto`, without a proxy."""
    with _creation:
        return _client(moto, account, service)


def plain_session(*credentials: str) -> boto3.Session:
    """A session with these credentials, independent of AWS_PROFILE and the configuration files of the machine."""
    nothing = (None, None, None, None)
    untouched = {"profile": nothing, "config_file": nothing, "credentials_file": nothing}
    return boto3.Session(*credentials, region_name=REGION, botocore_session=botocore.session.Session(untouched))


@lru_cache(maxsize=64)
def _client(moto: str, account: str, service: str) -> Any:
    session = plain_session("moto", "moto")
    client = session.client(
        service,
        endpoint_url=moto,
        config=Config(
            proxies={}, connect_timeout=DEADLINE, read_timeout=DEADLINE, retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        ),
    )  # fmt: skip

    def name_account(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = account

    client.meta.events.register("before-sign", name_account)
    return client
