import GatewayPluginAPI

extension ServiceError {
    /// What the operator is told of a refused `AssumeRoleWithWebIdentity` (STS API Reference 2011-06-15, "Errors").
    func assumeRoleError(_ call: String) -> PublishError {
        func error(_ kind: PublishError.Kind, _ mend: String) -> PublishError {
            PublishError(kind, "\(call): \(told); \(mend)", retryAfter: retryAfter, reference: requestID)
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
                "AWS must know the issuer as an OIDC provider of this account with the endpoint's audience, and reach "
                    + "its two documents (docs/plugins/aws.md)")
        case "IDPCommunicationError":
            return error(.denied, "AWS must reach the issuer's two documents within 5 s; it is tried again")
        case "ExpiredTokenException", "ExpiredToken":
            return error(.denied, "the token is at an end; renew it, and set this machine's clock if it is wrong")
        case "RegionDisabledException":
            return error(.misconfigured, "activate STS in that region for the account, or set publish.endpoints.sts")
        default: return publishError(call, permission: "sts:AssumeRoleWithWebIdentity")
        }
    }
}
