"""The gateway reads the configuration that the chart renders."""

from typing import Any

import pytest
import yaml

from .charts import ALL_VALUES, of_kind, render, the, values


def files(objects: list[dict[str, Any]]) -> dict[str, str]:
    """The files of the ConfigMaps that the Deployment mounts."""
    (deployment,) = of_kind(objects, "Deployment")
    maps = [
        volume["configMap"]["name"]
        for volume in deployment["spec"]["template"]["spec"]["volumes"]
        if "configMap" in volume
    ]
    return {
        name: text for one in maps if one != "trust" for name, text in the(objects, "ConfigMap", one)["data"].items()
    }


@pytest.mark.parametrize("name", ALL_VALUES)
def test_the_gateway_accepts_the_rendered_configuration(name: str, check: Any) -> None:
    ended = check(files(render(values(name))))
    assert ended.returncode == 0, ended.stderr
    for endpoint in values(name).get("sts", {}).get("endpoints", []):
        assert f"{endpoint['name']}: " in ended.stdout


def test_the_gateway_accepts_an_openunison_values_file(check: Any) -> None:
    ended = check({"gateway.yaml": yaml.safe_dump(values("seed")), "plugins.json": '{"plugins": [{"id": "aws"}]}'})
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("name", ALL_VALUES)
def test_the_hook_checks_the_configuration_of_the_gateway(name: str) -> None:
    objects = render(values(name))
    jobs = of_kind(objects, "Job")
    assert len(jobs) == (0 if name == "http-route" else 1)
    for job in jobs:
        pod = job["spec"]["template"]["spec"]
        (volume,) = pod["volumes"]
        checked = the(objects, "ConfigMap", volume["configMap"]["name"])
        assert checked["data"] == files(objects)
        folder = pod["containers"][0]["volumeMounts"][0]["mountPath"]
        assert pod["containers"][0]["args"] == [
            "config", "check", f"{folder}/gateway.yaml", f"--plugins={folder}/plugins.json",
        ]  # fmt: skip
        (deployment,) = of_kind(objects, "Deployment")
        gateway = deployment["spec"]["template"]["spec"]["containers"][0]
        assert pod["containers"][0]["image"] == gateway["image"]
        weights = [int(one["metadata"]["annotations"]["helm.sh/hook-weight"]) for one in [checked, job]]
        assert weights == sorted(weights) and len(set(weights)) == 2
        for one in [checked, job]:
            assert one["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
