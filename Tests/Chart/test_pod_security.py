"""Every Pod of the chart but the node driver's complies with the Pod Security Standard `restricted`.

The node driver needs root and folders of the node; test_node_driver.py has what it may.
"""

from typing import Any

import pytest
import test_patches

from .charts import ALL_VALUES, pod_templates, render, values


@pytest.mark.parametrize("name", ALL_VALUES)
def test_no_rule_is_violated(name: str) -> None:
    given = values(name)
    # The host's network needs a namespace with the level privileged, and has nothing to do with the other rules.
    given.setdefault("gateway", {})["hostNetwork"] = False
    templates = pod_templates(render(given))
    templates.pop("DaemonSet", None)
    assert "Deployment" in templates
    for template in templates.values():
        assert {rule: found for rule, found in test_patches.violations(template).items() if found} == {}


@pytest.mark.parametrize("name", ALL_VALUES)
def test_every_container_has_a_read_only_root_and_resource_limits(name: str) -> None:
    for template in pod_templates(render(values(name))).values():
        for container in template["spec"]["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"]


def test_a_security_context_can_lose_members() -> None:
    """OpenShift assigns users and groups of a range of the namespace, and rejects fixed ones."""
    given = {"gateway": {"podSecurityContext": {"runAsUser": None, "runAsGroup": None, "fsGroup": None}}}
    for template in pod_templates(render(given)).values():
        assert template["spec"]["securityContext"] == {
            "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"},
        }  # fmt: skip


def test_a_violation_is_found() -> None:
    template: dict[str, Any] = pod_templates(render({}))["Deployment"]
    template["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    assert any(test_patches.violations(template).values())
