"""Provisions the storage of the documents at a stand-in of Azure Resource Manager, and publishes there."""

from collections.abc import Iterator

import cluster_identity
import pki
import pytest
from built_programs import built_gateway
from caching_issuer import CachingIssuer
from waiting import until

from .gateway import SUBJECT, Gateway
from .management import SUBSCRIPTION, Management
from .services import PUBLISHER, TENANT, Services

HOST = "documents.blob.core.windows.net"


@pytest.fixture
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Nothing is provisioned. The issuer has no host and the publisher no identity yet."""
    folder = tmp_path_factory.mktemp("gateway")
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost", HOST])
    container = folder / "public" / "documents"
    container.mkdir(parents=True)
    issuer = CachingIssuer(folder / "pki", max_age=0.5).start()
    issuer.folders[HOST] = container.parent
    services = Services(
        container, f"https://{HOST}/documents", SUBJECT, container="documents", management=Management(TENANT, PUBLISHER)
    )
    made = Gateway(built_gateway(), folder, folder / "cluster", folder / "pki", services=services, issuer=issuer)
    endpoint = made.add().endpoints["one"]
    endpoint["issuer"] = {"path": "/documents"}
    endpoint["settings"] = {
        "tenant": TENANT, "subscription": SUBSCRIPTION, "resourceGroup": "sts",
        "endpoints": {name: services.url for name in ["authority", "management", "graph"]},
    }  # fmt: skip
    endpoint["provision"] = {"serving": "container"}
    for key in ["tenant", "client"]:
        endpoint["publish"].pop(key)
    yield made
    made.kill()
    services.stop()
    issuer.stop()
    made.check_nothing_secret_was_said()


def run(gateway: Gateway, command: str, *more: str, status: int = 0) -> str:
    """Runs a command as an administrator; returns its output."""
    ended = gateway.command(command, "azure", "--endpoint", "one", *more)
    assert ended.returncode == status, ended.stdout + ended.stderr
    return ended.stdout


def test_storage_is_provisioned_used_by_the_gateway_and_removed(gateway: Gateway) -> None:
    management = gateway.services.management
    assert management is not None
    run(gateway, "provision", "--plan")
    assert management.resources == {} and gateway.services.writes == []
    run(gateway, "provision", "--yes")
    before = dict(management.resources)
    assert len(before) == 5, before.keys()
    run(gateway, "provision", "--yes")
    assert management.resources == before
    # What the command prints for the configuration.
    endpoint = gateway.endpoints["one"]
    endpoint["issuer"]["host"] = HOST
    endpoint["publish"] |= {"container": "documents", "tenant": TENANT, "client": PUBLISHER}
    gateway.serve(with_credentials=False)
    until(lambda: gateway.metric("sts_published_matches", endpoint="one") == 1, "the public documents are read")
    # The gateway writes with its own identity.
    assert gateway.command("keys", "rotate", "--endpoint", "one", with_credentials=False).returncode == 0
    until(lambda: len(gateway.published()) == 2, "the new key is published")
    assert gateway.services.own and gateway.services.rejections == []
    gateway.stop()
    run(gateway, "deprovision", "--plan")
    assert management.resources == before
    run(gateway, "deprovision", "--yes")
    assert management.resources == {}
