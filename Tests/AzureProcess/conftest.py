"""Fixtures: the services, the public issuer URL, and a gateway whose documents were published once."""

from collections.abc import Iterator

import cluster_identity
import pki
import pytest
from built_programs import built_gateway
from caching_issuer import CachingIssuer

from .gateway import HOST, SUBJECT, Gateway
from .services import Services


@pytest.fixture
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """It does not run yet."""
    folder = tmp_path_factory.mktemp("gateway")
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost", "*.issuer.example"])
    public = folder / "public"
    public.mkdir()
    issuer = CachingIssuer(folder / "pki", max_age=0.5).start()
    issuer.folders[HOST] = public
    services = Services(public, f"https://{HOST}", SUBJECT)
    made = Gateway(
        built_gateway(), folder, folder / "cluster", folder / "pki", services=services, issuer=issuer
    )  # fmt: skip
    made.add()
    ended = made.provision()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    yield made
    made.kill()
    services.stop()
    issuer.stop()
    made.check_nothing_secret_was_said()
