"""RBAC: the permissions of the gateway, which are only those that its configuration needs."""

from typing import Any

import pytest

from .charts import endpoints, of_kind, render, seed, the, values

Permission = tuple[str, str, str, str]


def permissions(given: dict[str, Any]) -> set[Permission]:
    """The scope ("cluster" or "namespace"), verb, resource and name (* for any)."""
    return {
        (where, verb, resource, name)
        for kind, where in [("ClusterRole", "cluster"), ("Role", "namespace")]
        for role in of_kind(render(given), kind)
        for rule in role["rules"]
        for verb in rule["verbs"]
        for resource in rule.get("resources", []) + rule.get("nonResourceURLs", [])
        for name in rule.get("resourceNames", ["*"])
    }


SECRETS = {("namespace", verb, "secrets", "*") for verb in ["get", "list", "watch", "create", "update"]}
PURGE = {("namespace", "delete", "secrets", "*")}
LEASES = {("namespace", "create", "leases", "*")} | {
    ("namespace", verb, "leases", "sts-gateway") for verb in ["get", "update"]
}
WEBHOOKS = {
    ("cluster", verb, "mutatingwebhookconfigurations", "sts-gateway-injector-aws")
    for verb in ["get", "patch"]
}
ALL_WEBHOOKS = {("cluster", verb, "mutatingwebhookconfigurations", "*") for verb in ["list", "watch"]}
PUBLIC = {("cluster", "get", path, "*") for path in ["/openid/v1/jwks", "/readyz", "/version"]}
REVIEWS = {("cluster", "create", "tokenreviews", "*")}
EVENTS = {("cluster", "create", "events", "*")}
PODS = {("cluster", "list", "pods", "*")}
NAMESPACES = {("cluster", "get", "namespaces", "*")}
ACCOUNTS = {("cluster", "get", "serviceaccounts", "*")}
# To delete what an earlier injection.admission has created.
POLICIES = {
    ("cluster", verb, f"{kind}admission{suffix}", f"sts-gateway-injection{name}")
    for verb in ["get", "delete"]
    for kind in ["mutating", "validating"]
    for suffix in ["policies", "policybindings"]
    for name in ["", "-warnings"]
}
USUAL = SECRETS | LEASES | WEBHOOKS | ALL_WEBHOOKS | POLICIES | PUBLIC | REVIEWS | EVENTS | PODS


def with_rule(constraint: str) -> dict[str, Any]:
    return endpoints({"azRules": [{"scope": "filter", "constraint": constraint}]})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (seed(), USUAL),
        # A rule without names would allow all objects.
        ({}, USUAL - WEBHOOKS),
        (seed(configuration={"injection": {"uninjectedPods": {"enabled": False}}}), USUAL - PODS),
        (seed(configuration={"audit": {"events": False}}), USUAL - EVENTS),
        (seed(configuration={"keyStore": {"directory": "/keys"}}), USUAL - SECRETS - LEASES - ALL_WEBHOOKS - POLICIES),
        (seed(configuration={"review": {"offline": {"jwks": "keys.json", "issuer": "https://it"}}}), USUAL - REVIEWS),
        (seed(configuration={"injection": {"serviceAccountAnnotations": True}}), USUAL | ACCOUNTS),
        (with_rule("(&(namespace=a)(namespace-label/team=blue))"), USUAL | NAMESPACES),
        (with_rule("(&(namespace=a)(SA-Label/team=blue))"), USUAL | ACCOUNTS),
        (with_rule("(&(namespace=a)(sa-annotation/team=blue))"), USUAL | ACCOUNTS),
        (endpoints({"token": {"claims": {"team": {"attribute": "namespace-label/team"}}}}), USUAL | NAMESPACES),
        (endpoints({"additionalAttributes": ["sa-label/team"]}), USUAL | ACCOUNTS),
        # cert-manager writes the caBundle.
        (seed(certManager={"enabled": True, "issuerRef": {"name": "internal"}}), USUAL - WEBHOOKS),
        (seed(rbac={"purge": True}), USUAL | PURGE),
        (seed(rbac={"purge": True}, configuration={"keyStore": {"directory": "/keys"}}), USUAL - SECRETS - LEASES - ALL_WEBHOOKS - POLICIES),
        (seed(rbac={"create": False, "purge": True}), set()),
        (seed(rbac={"create": False}), set()),
    ],
    ids=[
        "usual", "no endpoint", "no search for Pods", "no events", "a directory", "offline", "annotations",
        "namespace-label", "sa-label", "sa-annotation", "a claim", "additionalAttributes",
        "cert-manager", "purge", "purge of a directory", "purge without roles", "no roles",
    ],
)  # fmt: skip
def test_permissions_are_those_that_the_configuration_needs(given: dict[str, Any], expected: set[Permission]) -> None:
    assert permissions(given) == expected


def test_roles_are_bound_only_to_the_gateways_service_account() -> None:
    for name in ["seed", "every-option", "http-route"]:
        objects = render(values(name))
        account = next(one for one in objects if one["kind"] == "Deployment")["spec"]["template"]["spec"][
            "serviceAccountName"
        ]
        bindings = of_kind(objects, "ClusterRoleBinding") + of_kind(objects, "RoleBinding")
        assert bindings
        for binding in bindings:
            assert binding["subjects"] == [{"kind": "ServiceAccount", "name": account, "namespace": "sts"}]


def test_only_the_gateways_pod_has_a_token() -> None:
    objects = render(seed())
    assert [account["automountServiceAccountToken"] for account in of_kind(objects, "ServiceAccount")] == [False]
    for one in objects:
        if "template" in one.get("spec", {}):
            pod = one["spec"]["template"]["spec"]
            assert pod["automountServiceAccountToken"] is (one["kind"] == "Deployment")


def policy_rules(**injection: Any) -> list[dict[str, Any]]:
    objects = render(seed(configuration={"injection": injection}))
    rules = the(objects, "ClusterRole", "sts-gateway")["rules"]
    return [rule for rule in rules if any("policies" in one for one in rule.get("resources", []))]


def test_the_permissions_for_admission_policies_depend_on_the_configuration() -> None:
    assert policy_rules(manage=False) == []
    # To delete what an earlier setting has created.
    [own] = policy_rules()
    assert own["verbs"] == ["get", "delete"]
    create, own = policy_rules(admission="policy")
    assert create["verbs"] == ["create"] and own["verbs"] == ["get", "patch", "delete"]
    assert own["resourceNames"] == ["sts-gateway-injection", "sts-gateway-injection-warnings"]
    [own] = policy_rules(admission="auto", manage=False)
    assert own["verbs"] == ["get"]


def test_only_with_policies_the_leader_may_delete_its_webhook_configurations() -> None:
    def deletable(**injection: Any) -> list[list[str]]:
        objects = render(seed(configuration={"injection": injection}))
        rules = the(objects, "ClusterRole", "sts-gateway")["rules"]
        webhooks = [one for one in rules if one.get("resources") == ["mutatingwebhookconfigurations"]]
        return [one["resourceNames"] for one in webhooks if "delete" in one["verbs"]]

    assert deletable() == [] and deletable(admission="policy", manage=False) == []
    assert deletable(admission="auto") == [["sts-gateway-injector-aws"]]
