import GatewayPluginAPI

extension ServiceError {
    /// Whether the credentials are expired or revoked, so that a renewal may help.
    var isAboutExpiredCredentials: Bool {
        ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidClientTokenId"]
            .contains(code)
    }

    /// Whether the credentials are valid, and a policy denies the call.
    var isDenial: Bool { ["AccessDenied", "AccessDeniedException"].contains(code) }

    /// Whether the bucket is in another region ("Redirection" in the S3 User Guide; the code AuthorizationHeaderMalformed
    /// where the request was signed for another region). The response to a HEAD has only the status.
    var isAboutRegion: Bool {
        switch code {
        case "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException":
            true
        case Self.code(of: status): region != nil && [301, 302, 307, 308, 400].contains(status)
        default: false
        }
    }

    /// Maps the response to an error for the operator, whose kind decides about retries. Codes: S3 API Reference "Error responses", CloudFront API
    /// Reference "Common Error Types", STS API Reference "Common Error Types".
    ///
    /// - Parameters:
    ///   - call: such as `s3:PutObject on "bucket/key"`.
    ///   - permission: the IAM action that the role needs.
    func publishError(_ call: String, permission: String) -> PublishError {
        func error(_ kind: PublishError.Kind, _ fix: String) -> PublishError {
            // The summary of a foreign body says what to do.
            PublishError(
                kind, "\(call): \(summary)" + (isForeign ? "" : "; \(fix)"), retryAfter: retryAfter,
                reference: requestID)
        }
        func denied() -> PublishError {
            error(
                .denied,
                "allow \(permission) in the publisher role's policy (and in a bucket policy or key policy "
                    + "that denies it)")
        }
        switch code {
        case "PreconditionFailed", "ConditionalRequestConflict":
            return error(.conflict, "another writer changed it")
        case "NoSuchKey": return error(.conflict, "another writer deleted it")
        case "NoSuchBucket": return error(.misconfigured, "create the bucket, or correct publish.bucket")
        case "NoSuchDistribution": return error(.misconfigured, "correct publish.distribution")
        case "NoSuchInvalidation":
            return error(.malformed, "the invalidation does not exist any more; the gateway creates it again")
        case "InvalidBucketName": return error(.misconfigured, "correct publish.bucket")
        case "AllAccessDisabled", "AccountProblem", "NotSignedUp", "OptInRequired":
            return error(.denied, "the account or the bucket is disabled; check it in the AWS console")
        case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidClientTokenId",
            "InvalidAccessKeyId", "UnrecognizedClientException":
            return error(.denied, "the credentials are expired or revoked; renew those of publish.credentials")
        case "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature":
            return error(.denied, "the secret key does not belong to the access key; correct the credentials")
        case "RequestTimeTooSkewed", "RequestExpired":
            return error(.denied, "the clock of this machine is wrong; correct it")
        // CloudFront's common errors use these codes with statuses other than 403 too.
        case "AccessDenied", "AccessDeniedException", "NotAuthorized": return denied()
        case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException",
            "TooManyInvalidationsInProgress":
            return error(.throttled, "the gateway tries again later")
        case "RequestTimeout", "RequestTimeoutException", "InternalError", "InternalFailure", "ServiceUnavailable",
            "OperationAborted":
            return error(.unavailable, "the gateway tries again")
        case "BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch":
            return error(.malformed, "the content was changed in transit; check for a proxy in between")
        case "MissingContentLength", "InvalidArgument", "InvalidRequest", "MalformedXML", "NotImplemented",
            "MethodNotAllowed", "ValidationError", "InvalidAction", "UnknownOperationException":
            return error(.misconfigured, "the service does not support this call; see docs/plugins/aws.md")
        case _ where code.hasPrefix("KMS."):
            return error(.misconfigured, "the bucket's KMS key cannot be used; check it in the AWS console")
        default: break
        }
        if isAboutRegion {
            let actual = region.map { "\(Quotation.of($0))" } ?? "another region"
            return error(.misconfigured, "the bucket is in \(actual); correct publish.region")
        }
        switch status {
        case 429: return error(.throttled, "the gateway tries again later")
        case 408, 500...599: return error(.unavailable, "the gateway tries again")
        case _ where isForeign: return error(.malformed, "")
        case 300..<400: return error(.misconfigured, "redirects are not followed; correct the endpoint override")
        case 401, 403: return denied()
        case 404: return error(.misconfigured, "correct publish.bucket, publish.distribution or the endpoint override")
        case 409, 412: return error(.conflict, "another writer changed it")
        default: return error(.malformed, "unexpected response; check for a proxy in between")
        }
    }
}

extension PublishError {
    init(_ error: HTTPTransportError, calling call: String) {
        switch error {
        case .timedOut, .failed:
            self.init(
                .unavailable, "\(call): \(error); check network, proxy and publish.caFile; the gateway tries again")
        case .tooLong: self.init(.malformed, "\(call): \(error); check for a proxy in between")
        }
    }
}
