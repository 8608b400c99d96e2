import GatewayPluginAPI

extension ServiceError {
    /// Whether the credentials are at an end, or not known any more: others may do.
    var isAboutExpiredCredentials: Bool {
        ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidClientTokenId"]
            .contains(code)
    }

    /// Whether S3 says that the bucket is in another region ("Redirection" in the S3 User Guide, and the code
    /// AuthorizationHeaderMalformed of a call that was signed for the wrong one). A HEAD has the status alone.
    var isAboutRegion: Bool {
        switch code {
        case "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException":
            true
        case Self.code(of: status): region != nil && [301, 302, 307, 308, 400].contains(status)
        default: false
        }
    }

    /// What the operator is told, and whether to come again. Codes: S3 API Reference "Error responses", CloudFront API
    /// Reference "Common Error Types", STS API Reference "Common Error Types".
    ///
    /// - Parameters:
    ///   - call: such as `s3:PutObject on "bucket/key"`.
    ///   - permission: the action that the role must be allowed.
    func publishError(_ call: String, permission: String) -> PublishError {
        func error(_ kind: PublishError.Kind, _ mend: String) -> PublishError {
            // Somebody else's page has its question already.
            PublishError(
                kind, "\(call): \(told)" + (isForeign ? "" : "; \(mend)"), retryAfter: retryAfter,
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
            return error(.conflict, "somebody else wrote it in between")
        case "NoSuchKey": return error(.conflict, "somebody else deleted it in between")
        case "NoSuchBucket": return error(.misconfigured, "make the bucket, or correct publish.bucket")
        case "NoSuchDistribution": return error(.misconfigured, "correct publish.distribution")
        case "NoSuchInvalidation": return error(.malformed, "the invalidation is gone and is asked for anew")
        case "InvalidBucketName": return error(.misconfigured, "correct publish.bucket")
        case "AllAccessDisabled", "AccountProblem", "NotSignedUp", "OptInRequired":
            return error(.denied, "the account or the bucket is closed; see to it in the console")
        case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidClientTokenId",
            "InvalidAccessKeyId", "UnrecognizedClientException":
            return error(.denied, "the credentials are expired or withdrawn; renew what publish.credentials names")
        case "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature":
            return error(.denied, "the secret key does not belong to the access key; correct the credentials")
        case "RequestTimeTooSkewed", "RequestExpired":
            return error(.denied, "the clock of this machine is wrong; set it")
        // CloudFront's common errors have these with other statuses than 403 too.
        case "AccessDenied", "AccessDeniedException", "NotAuthorized": return denied()
        case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException",
            "TooManyInvalidationsInProgress":
            return error(.throttled, "it is tried again later")
        case "RequestTimeout", "RequestTimeoutException", "InternalError", "InternalFailure", "ServiceUnavailable",
            "OperationAborted":
            return error(.unavailable, "it is tried again")
        case "BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch":
            return error(.malformed, "the content was changed on its way; is there a proxy in between?")
        case "MissingContentLength", "InvalidArgument", "InvalidRequest", "MalformedXML", "NotImplemented",
            "MethodNotAllowed", "ValidationError", "InvalidAction", "UnknownOperationException":
            return error(.misconfigured, "the service does not take this call; see docs/plugins/aws.md")
        case _ where code.hasPrefix("KMS."):
            return error(.misconfigured, "the bucket's KMS key cannot be used; see to it in the console")
        default: break
        }
        if isAboutRegion {
            let there = region.map { "\(Quotation.of($0))" } ?? "another region"
            return error(.misconfigured, "the bucket is in \(there); correct publish.region")
        }
        switch status {
        case 429: return error(.throttled, "it is tried again later")
        case 408, 500...599: return error(.unavailable, "it is tried again")
        case _ where isForeign: return error(.malformed, "")
        case 300..<400: return error(.misconfigured, "no redirect is followed; correct the endpoint override")
        case 401, 403: return denied()
        case 404: return error(.misconfigured, "correct publish.bucket, publish.distribution or the endpoint override")
        case 409, 412: return error(.conflict, "somebody else wrote it in between")
        default: return error(.malformed, "the service answers otherwise than documented")
        }
    }
}

extension PublishError {
    init(_ error: HTTPTransportError, calling call: String) {
        switch error {
        case .timedOut, .failed:
            self.init(.unavailable, "\(call): \(error); check network, proxy and publish.caFile; it is tried again")
        case .tooLong: self.init(.malformed, "\(call): \(error); is there a proxy in between?")
        }
    }
}
