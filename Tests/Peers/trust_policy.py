"""Decides whether a role's trust policy lets a web identity assume the role.

Sources: IAM User Guide, "IAM JSON policy elements" (Principal, Action, Condition, condition operators), "Policy
evaluation logic" (an explicit Deny wins, nothing said is no), "Available keys for AWS OIDC federation".

Stricter than AWS in one point, the gateway's own rule: an Allow statement counts only if it binds both `aud` and
`sub`. What is not understood here (NotPrincipal, NotAction, other operators) never helps a caller: it voids an Allow
and completes a Deny.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

ACTION = "sts:AssumeRoleWithWebIdentity"

Context = Mapping[str, tuple[str, ...]]
"""The values of the request's condition keys, by lower-case key."""


def refusal(policy: Mapping[str, Any], provider_arn: str, context: Context) -> str | None:
    """Why `policy` denies the identity of provider `provider_arn`; None if it allows it."""
    statements = _list(policy.get("Statement"))
    if any(s.get("Effect") == "Deny" and _denies(s, provider_arn, context) for s in statements):
        return "a Deny statement of the trust policy applies"
    reasons = [_objection(s, provider_arn, context) for s in statements if s.get("Effect") == "Allow"]
    if None in reasons:
        return None
    return next(iter(reasons), None) or "no statement of the trust policy allows it"


def _objection(statement: Mapping[str, Any], provider_arn: str, context: Context) -> str | None:
    """Why an Allow statement does not apply; None if it applies."""
    principal = statement.get("Principal")
    if not isinstance(principal, dict) or provider_arn not in _list(principal.get("Federated")):
        return "no Allow statement names the provider as Principal.Federated"
    if not _names_action(statement):
        return f"the statement does not allow {ACTION}"
    provider = provider_arn.split(":oidc-provider/", 1)[1].lower()
    for key in (f"{provider}:aud", f"{provider}:sub"):
        if not _binds(statement, key):
            return f"the statement does not bind {key}"
    for operator, key, wanted in _conditions(statement):
        if not _holds(operator, wanted, context.get(key, ()), unknown=False):
            return f"condition {operator} on {key} does not hold"
    return None


def _denies(statement: Mapping[str, Any], provider_arn: str, context: Context) -> bool:
    principal = statement.get("Principal")
    named = _list(principal)
    if isinstance(principal, dict):
        named = [name for names in principal.values() for name in _list(names)]
    if "NotPrincipal" not in statement and provider_arn not in named and "*" not in named:
        return False
    if "NotAction" not in statement and not _names_action(statement):
        return False
    return all(_holds(o, wanted, context.get(key, ()), unknown=True) for o, key, wanted in _conditions(statement))


def _names_action(statement: Mapping[str, Any]) -> bool:
    return any(_like(pattern.lower(), ACTION.lower()) for pattern in _list(statement.get("Action")))


def _conditions(statement: Mapping[str, Any]) -> Iterable[tuple[str, str, list[str]]]:
    """Each condition as operator, lower-case key, expected values."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, wanted in keys.items():
            yield operator, key.lower(), _list(wanted)


def _binds(statement: Mapping[str, Any], key: str) -> bool:
    """Whether a positive condition narrows `key`; a pattern of wildcards alone does not."""
    return any(
        operator in ("StringEquals", "StringLike") and found == key and all(value.strip("*?") for value in wanted)
        for operator, found, wanted in _conditions(statement)
    )


def _holds(operator: str, wanted: list[str], values: tuple[str, ...], unknown: bool) -> bool:
    """Evaluates one condition; `unknown` is the result for an unknown operator."""
    match operator:
        case "StringEquals":
            return any(value in wanted for value in values)
        case "StringLike":
            return any(_like(pattern, value) for pattern in wanted for value in values)
        case "StringNotEquals":
            return not any(value in wanted for value in values)
        case "StringNotLike":
            return not any(_like(pattern, value) for pattern in wanted for value in values)
    return unknown


def _like(pattern: str, value: str) -> bool:
    """IAM's wildcards: `*` is any run of characters, `?` any one."""
    expression = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
