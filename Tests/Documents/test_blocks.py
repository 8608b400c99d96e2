"""Blocks of YAML and JSON can be parsed, and the gateway and the chart accept the configurations in them."""

import copy
import json
from pathlib import Path
from typing import Any

import child_process
import helm_python
import pytest
import yaml

from .documents import REPOSITORY, Block, blocks

CHART = REPOSITORY / "deploy/helm/sts-gateway"


def is_values(block: Block) -> bool:
    """Whether the block has values of the chart: it has the key `gateway`."""
    document = one(block)
    return isinstance(document, dict) and "gateway" in document


def is_gateway_yaml(block: Block) -> bool:
    """Whether the block is a gateway.yaml: it has `sts`, but no `gateway`, and is not a Kubernetes object."""
    document = one(block)
    return isinstance(document, dict) and "sts" in document and not {"gateway", "kind"} & set(document)


def one(block: Block) -> Any:
    documents = list(yaml.safe_load_all(block.text))
    return documents[0] if len(documents) == 1 else None


YAML = blocks("yaml", "yml")
JSON = blocks("json")


@pytest.mark.parametrize("block", YAML, ids=str)
def test_a_block_of_yaml_decodes(block: Block) -> None:
    assert [document for document in yaml.safe_load_all(block.text) if document], "it is empty"


@pytest.mark.parametrize("block", JSON, ids=str)
def test_a_block_of_json_decodes(block: Block) -> None:
    try:
        json.loads(block.text)
    except ValueError:
        # JSON Lines: one object per line.
        assert [json.loads(line) for line in block.text.splitlines()]


@pytest.mark.parametrize("block", [block for block in YAML if is_gateway_yaml(block)], ids=str)
def test_a_gateway_yaml_passes_config_check(block: Block, gateway: Path, tmp_path: Path) -> None:
    assert_good(block.text, gateway, tmp_path)


@pytest.mark.parametrize("block", [block for block in YAML if is_values(block)], ids=str)
def test_the_chart_accepts_values_and_their_gateway_yaml_passes_config_check(
    block: Block, gateway: Path, tmp_path: Path
) -> None:
    values = copy.deepcopy(one(block))
    if "sts" not in values:
        # Values that a reader adds to their own.
        values["sts"] = yaml.safe_load((REPOSITORY / "Tests/Chart/values/seed.yaml").read_text())["sts"]
    with helm_python.Chart.load(CHART) as chart:
        rendered = chart.render(values, name="sts-gateway", namespace="sts")
    manifests = [text for path, text in rendered.items() if path.endswith(".yaml")]
    objects = [document for text in manifests for document in yaml.safe_load_all(text) if document]
    configurations = [it["data"]["gateway.yaml"] for it in objects if "gateway.yaml" in it.get("data", {})]
    assert configurations
    for configuration in configurations:
        assert_good(configuration, gateway, tmp_path)


def test_the_pages_have_blocks_of_every_kind() -> None:
    assert [block for block in YAML if is_values(block)]
    assert [block for block in YAML if is_gateway_yaml(block)]
    assert JSON


def assert_good(text: str, gateway: Path, folder: Path) -> None:
    file = folder / "gateway.yaml"
    file.write_text(text)
    done = child_process.run([gateway, "config", "check", file], env={"POD_NAMESPACE": "sts"})
    assert done.returncode == 0, done.stderr


OBJECTS = [
    (block, document)
    for block in YAML
    for document in yaml.safe_load_all(block.text)
    if isinstance(document, dict) and "kind" in document
]


def shown(value: Any) -> str:
    return str(value) if isinstance(value, Block) else ""


@pytest.mark.parametrize(("block", "document"), OBJECTS, ids=shown)
def test_a_kubernetes_object_has_a_version_and_a_name(block: Block, document: dict[str, Any]) -> None:
    assert document["apiVersion"] and document["metadata"]["name"]


PODS = [(block, document) for block, document in OBJECTS if document["kind"] in ("Pod", "Deployment")]


@pytest.mark.parametrize(("block", "document"), PODS, ids=shown)
def test_a_pod_of_a_page_is_injected(block: Block, document: dict[str, Any], gateway: Path, tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(document))
    (tmp_path / "gateway.yaml").write_text(
        "sts: {endpoints: [{name: aws, issuer: {host: issuer.example.com},"
        " azRules: [{scope: filter, constraint: (namespace=myns)}]}]}\n"
    )
    done = child_process.run(
        [gateway, "inject", "--config", tmp_path / "gateway.yaml", "--endpoint", "aws", "-f", tmp_path / "pod.yaml"],
        env={"POD_NAMESPACE": "sts"},
    )
    assert done.returncode == 0, done.stderr
    assert "/var/run/secrets/sts/aws/token" in done.stdout
