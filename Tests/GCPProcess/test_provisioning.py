"""Sets up the relying party with one command, and removes it."""

import pytest
from waiting import until

from .gateway import Gateway
from .google import POOL, PROVIDER

ROLES = {"provision": {"roles": {"web-app@my-project-1.iam.gserviceaccount.com": {"serviceAccounts": "default/web"}}}}
ACCOUNT = "projects/my-project-1/serviceAccounts/web-app@my-project-1.iam.gserviceaccount.com"


def changes(gateway: Gateway) -> list[str]:
    return [call for call in gateway.google.calls if not call.startswith("GET") and not call.endswith((":getIamPolicy", "/token"))]


def test_a_plan_changes_nothing_and_a_second_run_neither(unprovisioned: Gateway) -> None:
    gateway = unprovisioned
    gateway.add(**ROLES)
    ended = gateway.provision("--plan")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "create the provider production" in ended.stdout and '"disabled":true' in ended.stdout
    assert changes(gateway) == []
    gateway.set_up()
    assert gateway.google.provider["disabled"] is False
    assert gateway.google.members(ACCOUNT, "roles/iam.workloadIdentityUser") == [
        f"principal://iam.googleapis.com/{POOL}/subject/trial:default:web"
    ]
    made = changes(gateway)
    gateway.set_up()
    assert changes(gateway) == made


@pytest.mark.parametrize("failing", [f"/v1/{POOL}/providers", f"/v1/{PROVIDER}", f"/v1/{POOL}:setIamPolicy"])
def test_a_run_that_failed_continues(unprovisioned: Gateway, failing: str) -> None:
    gateway = unprovisioned
    gateway.google.change = lambda method, path, body: 403 if path == failing and method != "GET" else None
    assert gateway.provision("--yes").returncode == 69
    gateway.google.change = lambda method, path, body: None
    gateway.set_up()
    gateway.serve(with_credentials=False)
    assert gateway.log_in(gateway.token())


def test_what_was_created_is_removed_and_terraform_has_the_same(unprovisioned: Gateway) -> None:
    gateway = unprovisioned
    gateway.add(**ROLES)
    gateway.set_up()
    ended = gateway.provision("--output", "terraform")
    assert ended.returncode == 0, ended.stderr
    assert f'id = "{PROVIDER}"' in ended.stdout
    ended = gateway.provision("--yes", command="deprovision")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert gateway.google.provider["state"] == "DELETED" and ACCOUNT not in gateway.google.resources
    assert gateway.google.members(POOL, "roles/iam.workloadIdentityPoolAdmin") == []


def test_documents_in_a_bucket_are_published_and_rotated_with_the_gateways_own_token(unprovisioned: Gateway) -> None:
    gateway = unprovisioned
    google = gateway.google
    google.serve_publicly(gateway.pki)
    assert google.secure is not None
    urls = {"sts": google.url, "iam": google.url, "storage": google.url}
    probe = {"interval": "10s", "connectTo": google.secure.address, "caFile": str(gateway.pki / "ca.pem")}
    gateway.add(
        issuer={"host": "documents.storage.googleapis.com"}, rotation={"propagation": "2s", "maxAge": "1s"},
        publish={"bucket": "documents", "endpoints": urls, "probe": probe},
    )  # fmt: skip
    gateway.set_up()
    assert "jwksJson" not in google.provider["oidc"]
    metadata = google.objects["documents/certs"]["metadata"]
    assert (metadata["contentType"], metadata["cacheControl"]) == ("application/json", "max-age=1")
    gateway.serve(with_credentials=False)
    assert gateway.log_in(gateway.token())
    assert gateway.command("keys", "rotate", "--endpoint", "one").returncode == 0
    until(lambda: "retiring" in gateway.states(), "the new key signs")
    assert gateway.log_in(gateway.token())
    assert google.objects["documents/certs"]["metadata"]["generation"] > metadata["generation"]
