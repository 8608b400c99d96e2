"""The output of `sts-gateway webhook manifest`, parsed by PyYAML, and by kubectl if it is installed.

    .venv/bin/python -m pytest -q Tests/Peers/test_webhook_manifest.py
"""

import json
import os
import shutil
import tempfile
import unittest
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import yaml

import child_process
from built_programs import REPOSITORY, built_gateway

NAMES = ["one", "no", "a-very-long-name-of-an-endpoint-with-sixty-three-letters-in-all"]
CONFIGURATION = {
    "injection": {"prefix": "example.com", "webhook": {"service": "hook", "configuration": "west"}},
    "sts": {
        "endpoints": [
            {
                "name": name, "plugin": "oidc", "audience": "https://example.com", "path": f"/{name}",
                "issuer": {"host": f"{index}.example.com"},
                "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
                "injector": {"label": f"label-{index}"},
            }
            for index, name in enumerate(NAMES)
        ]
    },
}  # fmt: skip


class WebhookManifestTests(unittest.TestCase):
    folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        (Path(cls.folder.name) / "gateway.yaml").write_text(json.dumps(CONFIGURATION))

    def manifest(self, *options: str, environment: dict[str, str] | None = None) -> CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if name != "POD_NAMESPACE"}
        return child_process.run(
            [built_gateway(), "webhook", "manifest", "--config", f"{self.folder.name}/gateway.yaml", "--plugins",
             REPOSITORY / "plugins.json", *options],
            env=inherited | (environment or {}),
        )  # fmt: skip

    def documents(self) -> list[dict[str, Any]]:
        ended = self.manifest("--namespace", "sts")
        self.assertEqual((0, ""), (ended.returncode, ended.stderr))
        return list(yaml.safe_load_all(ended.stdout))

    def test_there_is_one_for_each_endpoint_and_json_says_the_same(self) -> None:
        documents = self.documents()
        self.assertEqual([f"west-injector-{name}" for name in NAMES], [one["metadata"]["name"] for one in documents])
        listed = self.manifest("--namespace", "sts", "--json")
        self.assertEqual({"apiVersion": "v1", "kind": "List", "items": documents}, json.loads(listed.stdout))

    def test_each_fails_closed_for_labelled_pods_of_other_namespaces_only(self) -> None:
        for index, (name, document) in enumerate(zip(NAMES, self.documents(), strict=True)):
            (webhook,) = document["webhooks"]
            self.assertEqual(
                {
                    "name": f"injector-{name}.sts-gateway.io",
                    "clientConfig": {
                        "service": {
                            "name": "hook", "namespace": "sts", "path": f"/k8s/webhooks/v1/injector-{name}",
                            "port": 443,
                        }
                    },
                    "rules": [
                        {
                            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
                            "scope": "Namespaced",
                        }
                    ],
                    "matchPolicy": "Equivalent",
                    "objectSelector": {
                        "matchExpressions": [
                            {"key": f"example.com/label-{index}", "operator": "Exists"},
                            {"key": f"example.com/label-{index}", "operator": "NotIn", "values": ["false"]},
                        ]
                    },
                    "namespaceSelector": {
                        "matchExpressions": [
                            {
                                "key": "kubernetes.io/metadata.name", "operator": "NotIn",
                                "values": ["sts", "kube-system", "kube-public", "kube-node-lease"],
                            }
                        ]
                    },
                    "failurePolicy": "Fail", "timeoutSeconds": 5, "sideEffects": "None",
                    "reinvocationPolicy": "IfNeeded", "admissionReviewVersions": ["v1", "v1beta1"],
                },
                webhook,
            )  # fmt: skip

    def test_the_namespace_is_the_pods_own_where_it_is_not_given_and_has_to_be_known(self) -> None:
        ended = self.manifest(environment={"POD_NAMESPACE": "own"})
        first = next(yaml.safe_load_all(ended.stdout))
        self.assertEqual("own", first["webhooks"][0]["clientConfig"]["service"]["namespace"])
        unknown = self.manifest()
        self.assertEqual((64, ""), (unknown.returncode, unknown.stdout))
        self.assertIn("--namespace", unknown.stderr)

    @unittest.skipUnless(shutil.which("kubectl"), "there is no kubectl")
    def test_kubectl_reads_the_same(self) -> None:
        text = self.manifest("--namespace", "sts").stdout
        ended = child_process.run(
            ["kubectl", "annotate", "--local", "-f", "-", "read=yes", "-o", "json"],
            input=text, env={"PATH": os.environ["PATH"], "HOME": self.folder.name},
        )  # fmt: skip
        self.assertEqual(0, ended.returncode, ended.stderr)
        decoder, rest, read = json.JSONDecoder(), ended.stdout.strip(), []
        while rest:
            one, end = decoder.raw_decode(rest)
            self.assertEqual({"read": "yes"}, one["metadata"].pop("annotations"))
            read.append(one)
            rest = rest[end:].strip()
        self.assertEqual(self.documents(), read)


if __name__ == "__main__":
    unittest.main()
