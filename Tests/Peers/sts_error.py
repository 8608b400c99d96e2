"""The errors of AWS STS, and their XML document.

Codes and HTTP statuses: AWS STS API Reference, "AssumeRoleWithWebIdentity" (section Errors) and "Common Error Types".
Messages are those of AWS if they are publicly known; `detail` is only in this server's log.
"""

import uuid
from xml.sax.saxutils import escape

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


class STSError(Exception):
    """An error as a caller of STS sees it: an error code, a message and an HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400, detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.detail = detail or message

    def document(self) -> bytes:
        """The `ErrorResponse` document, in UTF-8."""
        fault = "Sender" if self.status < 500 else "Receiver"
        return (
            f'<ErrorResponse xmlns="{NAMESPACE}">\n'
            f"  <Error>\n    <Type>{fault}</Type>\n    <Code>{escape(self.code)}</Code>\n"
            f"    <Message>{escape(self.message)}</Message>\n  </Error>\n"
            f"  <RequestId>{uuid.uuid4()}</RequestId>\n</ErrorResponse>\n"
        ).encode()


def invalid_identity_token(message: str, detail: str = "") -> STSError:
    """The token, or a document that verifies it, is invalid."""
    return STSError("InvalidIdentityToken", message, detail=detail)


def no_verification_key(detail: str) -> STSError:
    """The issuer responded, but its documents do not have the token's key."""
    return invalid_identity_token("Couldn't retrieve verification key from your identity provider", detail)


def expired_token(now: int, expiry: int) -> STSError:
    return STSError(
        "ExpiredTokenException",
        f"Token expired: current date/time {now} must be before the expiration date/time {expiry}",
    )


def idp_communication_error(detail: str) -> STSError:
    """The issuer did not respond in time."""
    return STSError("IDPCommunicationError", "Couldn't reach your identity provider", detail=detail)


def access_denied(detail: str) -> STSError:
    return STSError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403, detail)


def validation_error(message: str) -> STSError:
    return STSError("ValidationError", message)


def missing_action() -> STSError:
    return STSError("MissingAction", "The request is missing an action or a required parameter")
