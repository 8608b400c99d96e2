"""Rules of trust policies that moto's validation does not allow in a test with processes.

    .venv/bin/python -m pytest -q Tests/Peers
"""

import unittest
from typing import Any

from trust_policy import refusal

PROVIDER = "arn:aws:iam::111111111111:oidc-provider/issuer.example/a"
CONTEXT = {"issuer.example/a:aud": ("one", "two"), "issuer.example/a:sub": ("demo:default:web",)}
BOUND = {"StringEquals": {"issuer.example/a:aud": "two", "issuer.example/a:sub": "demo:default:web"}}
ALLOW = {
    "Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": BOUND,
}  # fmt: skip


class TrustPolicyTests(unittest.TestCase):
    def assert_allows(self, *statements: dict[str, Any]) -> None:
        self.assertIsNone(refusal({"Statement": list(statements)}, PROVIDER, CONTEXT))

    def assert_refuses(self, *statements: dict[str, Any]) -> None:
        self.assertIsNotNone(refusal({"Statement": list(statements)}, PROVIDER, CONTEXT))

    def test_actions_have_wildcards_and_no_case(self) -> None:
        for action in ("sts:*", ["sts:TagSession", "STS:assumerolewithwebidentity"], "sts:AssumeRoleWith*"):
            self.assert_allows({**ALLOW, "Action": action})
        self.assert_refuses({**ALLOW, "Action": "sts:AssumeRole"})

    def test_one_statement_that_allows_is_enough(self) -> None:
        self.assert_allows({**ALLOW, "Action": "sts:AssumeRole"}, ALLOW)
        self.assertIsNone(refusal({"Statement": ALLOW}, PROVIDER, CONTEXT))

    def test_nothing_said_is_no(self) -> None:
        self.assert_refuses()
        self.assertIsNotNone(refusal({}, PROVIDER, CONTEXT))

    def test_keys_have_no_case_but_values_do(self) -> None:
        upper = {"issuer.example/A:AUD": "two", "Issuer.Example/a:Sub": "demo:default:web"}
        self.assert_allows({**ALLOW, "Condition": {"StringEquals": upper}})
        self.assert_refuses({**ALLOW, "Condition": {"StringEquals": {**upper, "issuer.example/a:aud": "Two"}}})

    def test_what_is_not_understood_never_helps(self) -> None:
        for odd in ({"NumericEquals": {"issuer.example/a:aud": "1"}}, {"ForAllValues:StringEquals": {"x": "y"}}):
            self.assert_refuses({**ALLOW, "Condition": {**BOUND, **odd}})
            self.assert_refuses(ALLOW, {**ALLOW, "Effect": "Deny", "Condition": odd})
        voided = {**ALLOW, "NotAction": "sts:AssumeRole"}
        del voided["Action"]
        self.assert_refuses(voided)
        self.assert_refuses(ALLOW, {**voided, "Effect": "Deny"})

    def test_a_deny_for_everyone_but_one(self) -> None:
        but = {"StringNotEquals": {"issuer.example/a:sub": "demo:default:web"}}
        self.assert_allows(ALLOW, {"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Condition": but})
        but = {"StringNotLike": {"issuer.example/a:sub": "prod:*"}}
        self.assert_refuses(ALLOW, {"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Condition": but})


if __name__ == "__main__":
    unittest.main()
