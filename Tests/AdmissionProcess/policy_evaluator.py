"""Evaluates admission policies as an API server does, with cel-cpp."""

import copy
import json
from typing import Any

from cel_expr_python import cel
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, struct_pb2

CONFIGURATION = """
name: kubernetes
extensions:
- name: optional
- name: strings
- name: two-var-comprehensions
"""


def patch_type() -> descriptor_pool.DescriptorPool:
    """The type JSONPatch of the mutations."""
    pool = descriptor_pool.DescriptorPool()
    struct = descriptor_pb2.FileDescriptorProto()
    struct_pb2.DESCRIPTOR.CopyToProto(struct)
    pool.Add(struct)
    file = descriptor_pb2.FileDescriptorProto(name="patch.proto", syntax="proto3", dependency=[struct.name])
    message = file.message_type.add(name="JSONPatch")
    string, submessage = (descriptor_pb2.FieldDescriptorProto.TYPE_STRING, descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE)
    for number, name in enumerate(["op", "path", "from", "value"], 1):
        field = message.field.add(name=name, number=number, label=1, type=string)
        if name == "value":
            field.type, field.type_name = submessage, ".google.protobuf.Value"
    pool.Add(file)
    return pool


def functions() -> list[cel.FunctionDecl]:
    """The functions of Kubernetes' libraries that the policies use (k8s.io/apiserver, pkg/cel/library)."""
    any_list, integer, text = cel.Type.List(cel.Type.DYN), cel.Type.INT, cel.Type.STRING

    def first(values: Any, wanted: Any) -> int:
        found = plain(values)
        return found.index(wanted) if wanted in found else -1

    def last(values: Any, wanted: Any) -> int:
        found = plain(values)
        return len(found) - 1 - found[::-1].index(wanted) if wanted in found else -1

    def escape(key: str) -> str:
        return key.replace("~", "~0").replace("/", "~1")

    def member(name: str, implementation: Any) -> cel.FunctionDecl:
        kinds = {"string": cel.Type.STRING, "bool": cel.Type.BOOL}
        overloads = [
            cel.Overload(
                f"{name}_{kind}", return_type=integer, parameters=[any_list, one], is_member=True, impl=implementation
            )
            for kind, one in kinds.items()
        ]
        return cel.FunctionDecl(name, overloads)

    def plain(values: Any) -> list[Any]:
        return [one.plain_value() if hasattr(one, "plain_value") else one for one in values]

    def unary(name: str, implementation: Any) -> cel.FunctionDecl:
        strings = cel.Type.List(text)
        overload = cel.Overload(
            f"list_{name}", return_type=strings, parameters=[strings], is_member=True, impl=implementation
        )
        return cel.FunctionDecl(name, [overload])

    escaping = cel.Overload("jsonpatch_escape", return_type=text, parameters=[text], is_member=False, impl=escape)
    # Of other names, since the extension of strings has the functions as well, which the policies do not use.
    return [member("listIndexOf", first), member("listLastIndexOf", last), unary("sort", lambda values: sorted(plain(values))),
            unary("distinct", lambda values: list(dict.fromkeys(plain(values)))), cel.FunctionDecl("jsonpatch.escapeKey", [escaping])]


class Policy:
    def __init__(self, manifest: dict[str, Any]) -> None:
        self.name = manifest["metadata"]["name"]
        self.spec = manifest["spec"]
        types = {"object": cel.Type.DYN, "request": cel.Type.DYN, "variables": cel.Type.DYN}
        self.environment = cel.NewEnv(
            patch_type(), config=cel.NewEnvConfigFromYaml(CONFIGURATION), variables=types, functions=functions()
        )
        self.compiled = {}
        expressions = [one["expression"] for one in self.spec["variables"] + self.spec["matchConditions"]]
        expressions += [one["jsonPatch"]["expression"] for one in self.spec.get("mutations", [])]
        expressions += [one["expression"] for one in self.spec.get("validations", [])]
        for expression in expressions:
            try:
                text = expression.replace(".indexOf(", ".listIndexOf(").replace(".lastIndexOf(", ".listLastIndexOf(")
                self.compiled[expression] = self.environment.compile(text)
            except Exception as error:
                raise AssertionError(f"{self.name}: {expression}: {error}") from error

    def _value(self, expression: str, data: dict[str, Any]) -> Any:
        value = self.compiled[expression].eval(data=data)
        plain = value.plain_value()
        assert value.type().name() != "ERROR" and not isinstance(plain, cel.Value), f"{expression}: {plain}"
        return plain

    def _data(self, pod: dict[str, Any], namespace: str) -> dict[str, Any] | None:
        data: dict[str, Any] = {"object": pod, "request": {"namespace": namespace, "operation": "CREATE"}}
        if not all(self._value(one["expression"], {**data, "variables": {}}) for one in self.spec["matchConditions"]):
            return None
        data["variables"] = {}
        for one in self.spec["variables"]:
            data["variables"][one["name"]] = self._value(one["expression"], data)
        return data

    def mutated(self, pod: dict[str, Any], namespace: str) -> dict[str, Any]:
        """The Pod after all mutations. Each one sees the result of those before it."""
        for mutation in self.spec["mutations"]:
            data = self._data(pod, namespace)
            if data is None:
                return pod
            operations = self._value(mutation["jsonPatch"]["expression"], data)
            pod = applied(pod, [json_format.MessageToDict(one) for one in operations])
        return pod

    def failures(self, pod: dict[str, Any], namespace: str) -> list[str]:
        data = self._data(pod, namespace)
        if data is None:
            return []
        return [one["message"] for one in self.spec["validations"] if self._value(one["expression"], data) is not True]


def applied(pod: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
    """RFC 6902, `add` and `replace`."""
    pod = copy.deepcopy(pod)
    for operation in operations:
        *parents, last = [one.replace("~1", "/").replace("~0", "~") for one in operation["path"].split("/")[1:]]
        place: Any = pod
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place[parent]
        value = integral(operation["value"])
        if isinstance(place, list) and operation["op"] == "add":
            place.insert(int(last), value)
        elif isinstance(place, list):
            place[int(last)] = value
        else:
            place[last] = value
    return pod


def integral(value: Any) -> Any:
    """google.protobuf.Value has no integers."""
    if isinstance(value, dict):
        return {key: integral(one) for key, one in value.items()}
    if isinstance(value, list):
        return [integral(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
