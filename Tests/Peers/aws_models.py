"""Validates recorded requests against the service models of botocore, which AWS generates its SDKs from.

A request must fit one operation: method and path, the required members, no unknown member, and the types of values.
"""

import re
import urllib.parse
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from botocore.loaders import Loader
from fault_rule import Request

IGNORED_HEADERS = {
    "host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "authorization", "content-type", "content-length",
    "accept", "user-agent", "connection", "accept-encoding", "x-amz-checksum-sha256", "x-amz-sdk-checksum-algorithm",
}  # fmt: skip


@lru_cache
def model(service: str) -> dict[str, Any]:
    return Loader().load_service_model(service, "service-2")


def operation(service: str, request: Request, bucket: str | None = None) -> tuple[str, list[str]]:
    """The operation of a request, and what violates the model."""
    url = urllib.parse.urlsplit(request.path)
    query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
    if service in ("iam", "sts"):
        return _query(service, dict(urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True)))
    return _rest(service, request, urllib.parse.unquote(url.path), query)


def _query(service: str, form: dict[str, str]) -> tuple[str, list[str]]:
    name = form.pop("Action", "")
    found = model(service)["operations"].get(name)
    if not found:
        return name, [f"no action {name}"]
    problems = [] if form.pop("Version", "") == model(service)["metadata"]["apiVersion"] else ["wrong Version"]
    tree: dict[str, Any] = {}
    for key, value in form.items():
        place = tree
        *parents, last = key.split(".")
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    shape = found.get("input", {}).get("shape")
    return name, problems + (_form(service, shape, tree, name) if shape else [])


def _form(service: str, shape_name: str, value: Any, place: str) -> list[str]:
    shape = model(service)["shapes"][shape_name]
    if shape["type"] == "structure":
        if not isinstance(value, dict):
            return [f"{place}: no structure"]
        problems = [f"{place}.{name}: missing" for name in shape.get("required", []) if name not in value]
        for name, inner in value.items():
            member = shape["members"].get(name)
            problems += (
                _form(service, member["shape"], inner, f"{place}.{name}") if member else [f"{place}.{name}: unknown"]
            )
        return problems
    if shape["type"] == "list":
        if not isinstance(value, dict) or list(value) != ["member"]:
            return [f"{place}: no list"]
        items = value["member"]
        if list(items) != [str(index + 1) for index in range(len(items))]:
            return [f"{place}: wrong indices"]
        return [p for item in items.values() for p in _form(service, shape["member"]["shape"], item, f"{place}[]")]
    return _scalar(shape, value, place)


def _scalar(shape: dict[str, Any], value: str, place: str) -> list[str]:
    if shape["type"] == "boolean" and value not in ("true", "false"):
        return [f"{place}: no boolean"]
    if shape["type"] in ("integer", "long") and not re.fullmatch(r"-?[0-9]+", value):
        return [f"{place}: no integer"]
    if "enum" in shape and value not in shape["enum"]:
        return [f"{place}: {value} is not in the enumeration"]
    if shape["type"] == "string" and not shape.get("min", 0) <= len(value) <= shape.get("max", 1 << 30):
        return [f"{place}: wrong length"]
    # Python has no classes of Unicode categories.
    if "pattern" in shape and r"\p{" not in shape["pattern"] and not re.fullmatch(shape["pattern"], value):
        return [f"{place}: {value!r} does not match {shape['pattern']}"]
    return []


def _rest(service: str, request: Request, path: str, query: dict[str, str]) -> tuple[str, list[str]]:
    best: tuple[str, list[str]] = ("", [f"no operation for {request.method} {path} {sorted(query)}"])
    for name, found in model(service)["operations"].items():
        http = found["http"]
        if http["method"] != request.method or not found.get("input"):
            continue
        uri, _, fixed = http["requestUri"].partition("?")
        names = re.findall(r"\{(\w+)\+?\}", uri)
        pattern = re.sub(r"\{\w+\\\+\}", "(.+)", re.sub(r"\{\w+\}", "([^/]+)", re.escape(uri).replace(r"\{", "{").replace(r"\}", "}")))
        match = re.fullmatch(pattern, path)
        wanted = dict(urllib.parse.parse_qsl(fixed, keep_blank_values=True))
        if not match or any(query.get(key) != value for key, value in wanted.items()):
            continue
        if re.search(r"\{\w+\+\}", uri) is None and path.rstrip("/") != path:
            continue
        shape = model(service)["shapes"][found["input"]["shape"]]
        given: dict[str, Any] = dict(zip(names, match.groups(), strict=True))
        problems = _members(service, shape, given, {k: v for k, v in query.items() if k not in wanted}, request, name)
        if not problems:
            return name, []
        if not best[0] or len(problems) < len(best[1]):
            best = name, problems
    return best


def _members(
    service: str, shape: dict[str, Any], given: dict[str, Any], query: dict[str, str], request: Request, place: str
) -> list[str]:
    problems = []
    headers = {name: value for name, value in request.headers.items() if name not in IGNORED_HEADERS}
    present = set()
    for name, member in shape["members"].items():
        where, wire = member.get("location"), member.get("locationName", name)
        inner = model(service)["shapes"][member["shape"]]
        if where == "headers":
            headers = {key: value for key, value in headers.items() if not key.startswith(wire.lower())}
            continue
        value = (
            given.get(wire) if where == "uri"
            else query.pop(wire, None) if where == "querystring"
            else headers.pop(wire.lower(), None) if where == "header"
            else request.body or None if shape.get("payload") == name
            else None
        )  # fmt: skip
        if value is None:
            continue
        present.add(name)
        if shape.get("payload") == name:
            if inner["type"] == "structure":
                problems += _document(service, member["shape"], request.body, wire)
        else:
            problems += _scalar(inner, value, f"{place}.{name}")
    problems += [f"{place}.{name}: missing" for name in shape.get("required", []) if name not in present]
    problems += [f"{place}: unknown parameter {name}" for name in query]
    problems += [f"{place}: unknown header {name}" for name in headers]
    if request.body and not shape.get("payload"):
        problems.append(f"{place}: a body")
    return problems


def _document(service: str, shape_name: str, body: bytes, wire: str) -> list[str]:
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        return [f"{wire}: {error}"]
    if root.tag.partition("}")[2] != wire:
        return [f"the root is {root.tag}, expected {wire}"]
    return _xml(service, shape_name, root, wire)


def _xml(service: str, shape_name: str, element: ElementTree.Element, place: str) -> list[str]:
    shape = model(service)["shapes"][shape_name]
    children = [(child.tag.partition("}")[2] or child.tag, child) for child in element]
    if shape["type"] == "structure":
        wires = {member.get("locationName", name): member for name, member in shape["members"].items()}
        required = {shape["members"][name].get("locationName", name) for name in shape.get("required", [])}
        problems = [f"{place}.{name}: missing" for name in required if name not in dict(children)]
        for name, child in children:
            member = wires.get(name)
            problems += (
                _xml(service, member["shape"], child, f"{place}.{name}") if member else [f"{place}.{name}: unknown"]
            )
        return problems
    if shape["type"] == "list":
        if shape.get("flattened"):
            return _xml(service, shape["member"]["shape"], element, place)
        wire = shape["member"].get("locationName", "member")
        problems = [f"{place}: {name}, expected {wire}" for name, _ in children if name != wire]
        return problems + [p for _, child in children for p in _xml(service, shape["member"]["shape"], child, f"{place}[]")]
    return _scalar(shape, element.text or "", place)
