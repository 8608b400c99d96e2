"""The strict STS rejects what AWS rejects, with one test for each rule, and accepts what AWS accepts.

    .venv/bin/python -m pytest -q Tests/Peers
"""

import base64
import json
import time
import unittest
import urllib.parse

from botocore import UNSIGNED
from botocore.config import Config
from joserfc import jwk, jws

from moto_account import plain_session
from strict_sts_case import ACCOUNT, AUDIENCE, HOST, OTHER_ACCOUNT, OTHER_HOST, SUBJECT, StrictSTSCase

IDENTITY = "InvalidIdentityToken"


class AcceptedTests(StrictSTSCase):
    def test_boto3_gets_credentials_that_moto_knows(self) -> None:
        unsigned = Config(signature_version=UNSIGNED, proxies={})
        anonymous = plain_session().client("sts", endpoint_url=self.sts.url, config=unsigned)
        answer = anonymous.assume_role_with_web_identity(
            RoleArn=self.arn, RoleSessionName="demo", WebIdentityToken=self.token(), DurationSeconds=900
        )
        keys = answer["Credentials"]
        session = plain_session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        signed = session.client("sts", endpoint_url=self.sts.url, config=Config(proxies={}))
        identity = signed.get_caller_identity()
        self.assertEqual(f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.role}/demo", identity["Arn"])

    def assert_accepted(self, token: str, **parameters: str) -> None:
        status, _, body = self.request(token, **parameters)
        self.assertEqual(200, status, body)
        self.assertIn("<AccessKeyId>", body)

    def test_es256(self) -> None:
        self.assert_accepted(self.token(self.second_key))

    def test_any_audience_of_several(self) -> None:
        self.assert_accepted(self.token(aud=["foreign", AUDIENCE]))

    def test_a_query_string(self) -> None:
        query = urllib.parse.urlencode({"Action": "AssumeRoleWithWebIdentity", "RoleArn": self.arn,
            "RoleSessionName": "test", "WebIdentityToken": self.token(), "Version": "2011-06-15"})  # fmt: skip
        status, body = self.send("GET", f"/?{query}")
        self.assertEqual(200, status, body)

    def test_expired_within_the_leeway(self) -> None:
        self.assert_accepted(self.token(exp=int(time.time()) - 200))

    def test_wildcards_in_a_condition(self) -> None:
        issuer = HOST + self.path
        like = {f"{issuer}:sub": "demo:default:*", f"{issuer}:aud": ["sts.*.com", "x"]}
        self.trust(Condition={"StringLike": like})
        self.assert_accepted(self.token())

    def test_a_deny_for_another_subject(self) -> None:
        self.deny({"StringEquals": {f"{HOST}{self.path}:sub": "demo:default:other"}})
        self.assert_accepted(self.token())

    def test_a_new_key_is_found_though_documents_are_cached(self) -> None:
        self.assert_accepted(self.token())
        reads = self.issuer.reads
        self.assert_accepted(self.token())
        self.assertEqual(reads, self.issuer.reads)
        new = jwk.ECKey.generate_key("P-256")
        self.issuer.publish(HOST, self.path, [self.key, new])
        self.assert_accepted(self.token(new))
        self.assertEqual(reads + 2, self.issuer.reads)


class RefusedTokenTests(StrictSTSCase):
    def test_bad_signature(self) -> None:
        head, claims, signature = self.token().split(".")
        swapped = ("B" if signature[0] == "A" else "A") + signature[1:]
        self.assert_refused(IDENTITY, "BadSignature", f"{head}.{claims}.{swapped}")
        foreign = self.token(jwk.RSAKey.generate_key(2048), {"kid": self.key.thumbprint()})
        self.assert_refused(IDENTITY, "BadSignature", foreign)

    def test_wrong_issuer(self) -> None:
        self.assert_refused(IDENTITY, "no such provider", self.token(iss=self.url + "/"))
        self.assert_refused(IDENTITY, "no such provider", self.token(iss=self.url.replace("https:", "http:")))
        self.assert_refused(IDENTITY, "claim: iss", self.token(iss=None))

    def test_wrong_audience(self) -> None:
        self.assert_refused(IDENTITY, "no aud", self.token(aud="sts.example.com"))
        self.assert_refused(IDENTITY, "claim: aud", self.token(aud=None))
        self.assert_refused(IDENTITY, "no aud", self.token(azp="foreign"))  # azp goes before aud

    def test_expired(self) -> None:
        self.assert_refused("ExpiredTokenException", "Token expired", self.token(exp=int(time.time()) - 301))

    def test_not_yet_valid(self) -> None:
        self.assert_refused(IDENTITY, "nbf", self.token(nbf=int(time.time()) + 400))
        self.assert_refused(IDENTITY, "iat", self.token(iat=int(time.time()) + 400))

    def test_times_that_are_no_integers(self) -> None:
        for value in (time.time() + 900, "2100000000", True, None):
            self.assert_refused(IDENTITY, "exp is absent or no integer", self.token(exp=value))
        self.assert_refused(IDENTITY, "iat is absent", self.token(iat=None))

    def test_missing_subject(self) -> None:
        self.assert_refused(IDENTITY, "claim: sub", self.token(sub=None))

    def test_missing_kid(self) -> None:
        self.assert_refused(IDENTITY, "claim: kid", self.token(header={"kid": None}))

    def test_unknown_kid(self) -> None:
        self.assert_refused(IDENTITY, "no key of the JWKS", self.token(header={"kid": "another"}))

    def test_kid_of_a_key_of_another_type(self) -> None:
        self.assert_refused(IDENTITY, "needs kty RSA", self.token(header={"kid": self.second_key.thumbprint()}))

    def test_alg_none(self) -> None:
        _, claims, _ = self.token().split(".")
        header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": self.key.thumbprint()}).encode())
        unsigned = f"{header.decode().rstrip('=')}.{claims}"
        self.assert_refused(IDENTITY, "alg 'none'", f"{unsigned}.AA")
        self.assert_refused(IDENTITY, "base64url", f"{unsigned}.")

    def test_hs256_with_the_public_key(self) -> None:
        secret = jwk.OctKey.import_key(self.key.as_pem(private=False).hex())
        members = {"alg": "HS256", "kid": self.key.thumbprint()}
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": SUBJECT, "exp": int(time.time()) + 900}
        self.assert_refused(IDENTITY, "alg 'HS256'", jws.serialize_compact(members, json.dumps(claims), secret))

    def test_an_algorithm_that_discovery_does_not_name(self) -> None:
        self.issuer.publish(HOST, self.path, [self.key], id_token_signing_alg_values_supported=["ES256"])
        self.assert_refused(IDENTITY, "does not name RS256", self.token())

    def test_text_that_is_no_token(self) -> None:
        self.assert_refused(IDENTITY, "header: ", "YQ.YQ.YQ")
        for text in ("abcd", "....", "ä.b.c", self.token().replace(".", "=.", 1), self.token() + "\n"):
            self.assert_refused(IDENTITY, "base64url", text)


class RefusedDocumentsTests(StrictSTSCase):
    def assert_document_refused(self, reason: str, document: str, content: object, code: str = IDENTITY) -> None:
        self.issuer.documents[HOST, self.path + document] = content
        self.assert_refused(code, reason, self.token())

    def test_issuer_mismatch_in_discovery(self) -> None:
        self.issuer.publish(HOST, self.path, [self.key], issuer=self.url + "/")
        self.assert_refused(IDENTITY, "discovery document is of issuer", self.token())

    def test_discovery_lacks_a_member(self) -> None:
        for name in ("jwks_uri", "response_types_supported", "subject_types_supported"):
            self.issuer.publish(HOST, self.path, [self.key], **{name: None})
            self.assert_refused(IDENTITY, f"lacks {name}", self.token())

    def test_oversized_document(self) -> None:
        self.assert_document_refused("is larger than", "/certs", b'{"keys": [], "pad": "' + b" " * 65_536 + b'"}')

    def test_no_document(self) -> None:
        self.assert_document_refused("answered 404", "/certs", (404, b""))

    def test_redirect(self) -> None:
        self.assert_document_refused("answered 302", "/certs", (302, f"https://{HOST}/elsewhere"))

    def test_not_json(self) -> None:
        self.assert_document_refused("is not JSON", "/.well-known/openid-configuration", b"<html>")

    def test_jwks_over_plain_http(self) -> None:
        self.issuer.publish(HOST, self.path, [self.key], jwks_uri=self.url.replace("https:", "http:") + "/certs")
        self.assert_refused(IDENTITY, "not an https URL", self.token())

    def test_private_key_in_the_jwks(self) -> None:
        private = {**self.key.as_dict(private=True), "kid": self.key.thumbprint()}
        self.assert_document_refused("a private key", "/certs", {"keys": [private]})

    def test_issuer_that_fails(self) -> None:
        self.assert_document_refused("answered 503", "/certs", (503, b""), "IDPCommunicationError")

    def test_certificate_of_another_name(self) -> None:
        other = self.issuer.publish(OTHER_HOST, self.path, [self.key])
        self.set_up_account(ACCOUNT, OTHER_HOST + self.path)
        self.assert_refused("IDPCommunicationError", "Hostname mismatch", self.token(iss=other))


class RefusedByTheAccountTests(StrictSTSCase):
    def assert_denied(self, reason: str, token: str, **parameters: str) -> None:
        self.assert_refused("AccessDenied", reason, token, **parameters)

    def test_foreign_account(self) -> None:
        arn = self.set_up_account(OTHER_ACCOUNT, f"{HOST}/of-another-account")
        self.assert_refused(IDENTITY, "222222222222 has no such provider", self.token(), RoleArn=arn)

    def test_unknown_role(self) -> None:
        self.assert_denied("no such role", self.token(), RoleArn=self.arn + "x")

    def test_subject_mismatch(self) -> None:
        self.assert_denied("StringEquals on", self.token(sub="demo:default:other"))

    def test_trust_policy_without_aud_or_sub(self) -> None:
        issuer = HOST + self.path
        for bound in ({f"{issuer}:sub": SUBJECT}, {f"{issuer}:aud": AUDIENCE}, {f"{issuer}:sub": "*"}):
            self.trust(Condition={"StringLike": bound})
            self.assert_denied("does not bind", self.token())

    def test_trust_policy_for_another_audience(self) -> None:
        self.add_condition("StringEquals", "aud", AUDIENCE)
        self.assert_denied(":aud does not hold", self.token(aud="second"))

    def test_condition_on_a_claim_that_the_token_lacks(self) -> None:
        self.add_condition("StringLike", "amr", "*")
        self.assert_denied(":amr does not hold", self.token())

    def test_unknown_operator(self) -> None:
        self.add_condition("StringEqualsIfExists", "sub", SUBJECT)
        self.assert_denied("StringEqualsIfExists", self.token())

    def test_deny_wins(self) -> None:
        self.deny({"StringLike": {f"{HOST}{self.path}:sub": "demo:*"}})
        self.assert_denied("a Deny statement", self.token())

    def test_another_principal(self) -> None:
        self.trust(Principal={"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{OTHER_HOST}"})
        self.assert_denied("names the provider", self.token())

    def test_another_action(self) -> None:
        self.trust(Action="sts:AssumeRole")
        self.assert_denied("does not allow sts:AssumeRoleWithWebIdentity", self.token())


class RefusedRequestTests(StrictSTSCase):
    def test_parameters_out_of_bounds(self) -> None:
        for reason, parameters in (
            ("RoleArn", {"RoleArn": None}), ("ARN is invalid", {"RoleArn": "arn:aws:iam::1:role/x"}),
            ("RoleSessionName", {"RoleSessionName": None}), ("roleSessionName", {"RoleSessionName": "a b"}),
            ("between 900 and", {"DurationSeconds": "899"}), ("between 900 and", {"DurationSeconds": "43201"}),
            ("MaxSessionDuration", {"DurationSeconds": "3601"}),
            ("WebIdentityToken", {"WebIdentityToken": None}), ("webIdentityToken", {"WebIdentityToken": "x" * 20_001}),
        ):  # fmt: skip
            self.assert_refused("ValidationError", reason, self.token(), **parameters)

    def test_a_parameter_twice(self) -> None:
        status, body = self.send("POST", "/", "Action=AssumeRoleWithWebIdentity&RoleArn=a&RoleArn=b")
        self.assertEqual(400, status)
        self.assertIn("ValidationError", body)

    def test_no_action(self) -> None:
        status, body = self.send("POST", "/", "RoleArn=a")
        self.assertEqual(400, status)
        self.assertIn("MissingAction", body)


if __name__ == "__main__":
    unittest.main()
