"""Patches of `sts-gateway inject`, applied by jsonpatch (RFC 6902), and checked for Pod Security `restricted`.

    .venv/bin/python -m pytest -q Tests/Peers/test_patches.py
"""

import json
import tempfile
import unittest
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import jsonpatch
import yaml

import child_process
import pki
from built_programs import REPOSITORY, built_gateway, built_sidecar

PODS = REPOSITORY / "Tests/Fixtures/Pods"
ADMITTED = sorted(PODS.glob("*.json"))
DENIED = sorted((PODS / "denied").glob("*.json"), key=lambda file: file.stem)
REPLACED = {"openunison-after-injection", "sidecar-of-another-gateway", "sidecar-with-a-variable-twice"}
"""Injected Pods whose sidecar has other values than today's; nothing is missing in them."""
OF_THE_EXAMPLE_PLUGIN = {"annotation-with-newlines"}
"""Pods that a plugin denies; another plugin has another text."""

CONFIGURATION = {
    "keyStore": {"directory": "keys"},
    "review": {"offline": {"jwks": "keys.json", "issuer": "https://kubernetes.default.svc"}},
    "injection": {"gatewayURL": "https://sts-gateway.test.svc:8443", "sidecar": {"image": "example.com/sts-sidecar:1"}},
    "sts": {
        "endpoints": [
            {
                "name": name, "plugin": "oidc", "audience": "https://example.com", "path": path,
                "issuer": {"host": f"{name}.example.com"},
                "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
                "subjectToken": {"audiences": ["sts-gateway.test.svc"]},
                "injector": {
                    "label": f"{label}-role", "token_environment_variable_name": f"{label.upper()}_TOKEN_FILE",
                    "label_value_environment_variable_name": f"{label.upper()}_ROLE",
                },
            }
            for name, label, path in [("one", "example", "/one"), ("two", "two", "/deep/two")]
        ]
    },
}  # fmt: skip
SIDECAR = "sts-sidecar"


class InjectCase(unittest.TestCase):
    folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        (Path(cls.folder.name) / "gateway.yaml").write_text(json.dumps(CONFIGURATION))

    def inject(self, text: str, *options: str) -> CompletedProcess[str]:
        """Runs the command with a file as its standard input."""
        return child_process.run(
            [built_gateway(), "inject", "--config", f"{self.folder.name}/gateway.yaml", "--plugins",
             REPOSITORY / "plugins.json", "-f", "-", *options],
            input=text,
        )  # fmt: skip

    def patch_and_result(self, text: str, *options: str) -> tuple[Any, Any]:
        """The JSON Patch, and the injected object of the command."""
        outputs = []
        for more in ["--patch"], []:
            ended = self.inject(text, *options, *more)
            self.assertEqual(0, ended.returncode, ended.stderr)
            outputs.append(json.loads(ended.stdout))
        return outputs[0], outputs[1]


class PatchTests(InjectCase):
    def test_jsonpatch_makes_the_same_pod(self) -> None:
        injected = 0
        for file in ADMITTED:
            with self.subTest(file.stem):
                text = file.read_text()
                ended = self.inject(text)
                if ended.returncode == 1:
                    self.assertIn("nothing is injected for", ended.stderr)
                    self.assertIn(file.stem, {"label-false", "label-without-annotation", "label-with-empty-annotation",
                                              "no-label", "mirror-of-a-static-pod", "injected-by-openunison"})  # fmt: skip
                    continue
                patch, result = self.patch_and_result(text)
                pod = json.loads(text)
                self.assertEqual(result, jsonpatch.apply_patch(pod, patch))
                self.assertEqual(pod, json.loads(text), "the Pod itself is left alone")
                expected = "replace" if file.stem in REPLACED else "add"
                self.assertEqual({expected} if patch else set(), {operation["op"] for operation in patch})
                again, unchanged = self.patch_and_result(json.dumps(result))
                self.assertEqual(([], result), (again, unchanged))
                injected += 1
        self.assertGreaterEqual(injected, 20)

    def test_what_is_denied_is_refused_with_the_reason(self) -> None:
        reasons = dict(line.split(": ", 1) for line in (PODS / "denied/reasons.txt").read_text().splitlines())
        self.assertEqual(sorted(reasons), [file.stem for file in DENIED])
        for file in DENIED:
            with self.subTest(file.stem):
                ended = self.inject(file.read_text())
                self.assertEqual((1, ""), (ended.returncode, ended.stdout))
                if file.stem not in OF_THE_EXAMPLE_PLUGIN:
                    self.assertEqual(f"-: Pod web: {reasons[file.stem]} (STS1202)\n", ended.stderr)

    def test_values_are_what_the_annotation_says_after_kubernetes_has_expanded_them(self) -> None:
        pod = json.loads((PODS / "shell-characters-in-annotation.json").read_text())
        wanted = pod["metadata"]["annotations"]["tremolo.io/example-role"]
        _, result = self.patch_and_result(json.dumps(pod))
        variables = {v["name"]: v["value"] for v in result["spec"]["containers"][0]["env"]}
        self.assertEqual(wanted, expanded(variables["EXAMPLE_ROLE"], variables))

    def test_yaml_of_every_kind(self) -> None:
        pod = json.loads((PODS / "two-endpoints.json").read_text())
        template = {"metadata": pod["metadata"], "spec": pod["spec"]}
        objects = [
            {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web"}, "spec": {"template": template}}
            for kind in ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"]
        ]
        objects.append({"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": template}}}})
        objects.append({"kind": "List", "items": [pod, objects[0], {"kind": "Service", "spec": {}}]})
        alone = self.patch_and_result(json.dumps(pod))[1]
        for item in objects:
            patch, result = self.patch_and_result(yaml.safe_dump(item), "--endpoint", "one", "--endpoint", "two")
            self.assertEqual(result, jsonpatch.apply_patch(item, patch))
            self.assertIn(json.dumps(alone["spec"], sort_keys=True), json.dumps(result, sort_keys=True))
        ended = self.inject(yaml.safe_dump_all(objects))
        self.assertEqual(7, len(list(yaml.safe_load_all(ended.stdout))), "JSON is YAML too")


class RestrictedTests(InjectCase):
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/"""

    def test_each_rule(self) -> None:
        text = (PODS / "restricted.json").read_text()
        for version in ["1.31", "1.34"]:
            _, pod = self.patch_and_result(text, "--kubernetes-version", version)
            for name, problems in violations(pod).items():
                with self.subTest(f"{name} with {version}"):
                    self.assertEqual([], problems)
            self.assertIn(SIDECAR, [c["name"] for c in containers(pod)])

    def test_what_breaks_a_rule_is_found(self) -> None:
        pod = {"spec": {"hostPID": True, "volumes": [{"name": "v", "hostPath": {}}], "containers": [
            {"name": "c", "securityContext": {"privileged": True, "runAsUser": 0, "capabilities": {"add": ["X"]}}}]}}
        self.assertEqual([], [name for name, problems in violations(pod).items() if not problems])


class SidecarTests(InjectCase):
    def test_the_sidecar_understands_its_settings(self) -> None:
        authority = Path(self.folder.name) / "ca.pem"
        pki.write(Path(self.folder.name), ["sts-gateway.test.svc"])
        _, pod = self.patch_and_result((PODS / "two-endpoints.json").read_text(), "--ca-file", str(authority))
        sidecar = next(c for c in containers(pod) if c["name"] == SIDECAR)
        variables = {v["name"]: v["value"] for v in sidecar["env"]}
        self.assertEqual(authority.read_text(), variables["STS_CA_CERTIFICATES"])
        for command, status, word in [("probe", 1, "two: "), ("once", 69, "one: ")]:
            # Without the Pod's volumes there is no token to exchange, and none to find.
            more = {"STS_DEADLINE": "1s", "STS_TERMINATION_LOG": f"{self.folder.name}/log"}
            ended = child_process.run([built_sidecar(), command], env={**variables, **more})
            self.assertEqual(status, ended.returncode, ended.stderr)
            self.assertIn(word, ended.stderr)
        self.assertEqual(["probe"], sidecar["startupProbe"]["exec"]["command"][1:])
        self.assertEqual(["run"], sidecar["args"])


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return (pod["spec"].get("initContainers") or []) + pod["spec"]["containers"]


def violations(pod: dict[str, Any]) -> dict[str, list[str]]:
    """The violations by the name of the rule."""
    spec = pod["spec"]
    whole = spec.get("securityContext") or {}
    contexts = {c["name"]: {**whole, **(c.get("securityContext") or {})} for c in containers(pod)}
    types = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}

    def broken(holds: Any) -> list[str]:
        return [name for name, context in contexts.items() if not holds(context)]

    return {
        "host namespaces": [k for k in ("hostNetwork", "hostPID", "hostIPC") if spec.get(k)],
        "privileged": broken(lambda c: not c.get("privileged")),
        "privilege escalation": broken(lambda c: c.get("allowPrivilegeEscalation") is False),
        "running as non-root": broken(lambda c: c.get("runAsNonRoot") is True),
        "running as a user": broken(lambda c: c.get("runAsUser") != 0),
        "seccomp": broken(lambda c: c.get("seccompProfile", {}).get("type") in {"RuntimeDefault", "Localhost"}),
        "dropped capabilities": broken(lambda c: "ALL" in c.get("capabilities", {}).get("drop", [])),
        "added capabilities": broken(lambda c: set(c.get("capabilities", {}).get("add", [])) <= {"NET_BIND_SERVICE"}),
        "volume types": [v["name"] for v in spec.get("volumes") or [] if not (set(v) - {"name"}) <= types],
    }


def expanded(text: str, variables: dict[str, str]) -> str:
    """Expands a variable's value as Kubernetes does (EnvVar, core/v1): `$(NAME)`, and `$$` for a dollar sign."""
    result, position = "", 0
    while position < len(text):
        rest = text[position:]
        name = rest[2 : rest.find(")")] if rest.startswith("$(") and ")" in rest else None
        if rest.startswith("$$"):
            result, position = result + "$", position + 2
        elif name is not None:
            result, position = result + variables.get(name, f"$({name})"), position + len(name) + 3
        else:
            result, position = result + rest[0], position + 1
    return result


if __name__ == "__main__":
    unittest.main()
