import GatewayPluginAPI

extension ServiceError {
    /// Maps a rejected `AssumeRoleWithWebIdentity` (STS API Reference 2011-06-15, "Errors") to an error for the operator.
    func assumeRoleError(_ call: String) -> PublishError {
        func error(_ kind: PublishError.Kind, _ fix: String) -> PublishError {
            PublishError(kind, "\(call): \(summary); \(fix)", retryAfter: retryAfter, reference: requestID)
        }
        switch code {
        case "AccessDenied":
            return error(
                .denied,
                "the role's trust policy must name the issuer's OIDC provider, its :aud, and the :sub of the token "
                    + "(docs/plugins/aws.md)")
        case "InvalidIdentityToken", "IDPRejectedClaim":
            return error(
                .denied,
                "create an IAM OIDC provider for the issuer in this account with the endpoint's audience, and make its "
                    + "two documents public (docs/plugins/aws.md)")
        case "IDPCommunicationError":
            return error(
                .denied, "AWS must be able to read the issuer's two documents within 5 s; the gateway tries again")
        case "ExpiredTokenException", "ExpiredToken":
            return error(.denied, "the token is expired; renew it, and correct this machine's clock if it is wrong")
        case "RegionDisabledException":
            return error(.misconfigured, "activate STS in that region for the account, or set publish.endpoints.sts")
        default: return publishError(call, permission: "sts:AssumeRoleWithWebIdentity")
        }
    }
}
