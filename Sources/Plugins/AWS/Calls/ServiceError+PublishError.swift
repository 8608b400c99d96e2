import GatewayPluginAPI

extension ServiceError {
    /// Whether the credentials are at an end, or not known any more: others may do.
    var isAboutExpiredCredentials: Bool {
        ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidClientTokenId"]
            .contains(code)
    }

    /// Whether S3 says that the bucket is in another region ("Redirection" in the S3 User Guide, and the code
    /// AuthorizationHeaderMalformed of a call that was signed for the wrong one).
    var isAboutRegion: Bool {
        ["PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed"].contains(code)
            || [301, 302, 307, 308].contains(status) || status == 400 && region != nil
    }

    /// What the operator is told, and whether to come again. Codes: S3 API Reference "Error responses", CloudFront API
    /// Reference "Common Error Types", STS API Reference "Common Error Types".
    ///
    /// - Parameters:
    ///   - call: such as `s3:PutObject on "bucket/key"`.
    ///   - permission: the action that the role must be allowed.
    func publishError(_ call: String, permission: String) -> PublishError {
        func error(_ kind: PublishError.Kind, _ mend: String) -> PublishError {
            PublishError(kind, "\(call): \(told); \(mend)", retryAfter: retryAfter)
        }
        switch code {
        case "PreconditionFailed", "ConditionalRequestConflict":
            return error(.conflict, "somebody else wrote it in between")
        case "NoSuchBucket": return error(.misconfigured, "make the bucket, or correct publish.bucket")
        case "NoSuchDistribution": return error(.misconfigured, "correct publish.distribution")
        case "NoSuchInvalidation": return error(.malformed, "the invalidation is gone and is asked for anew")
        case "InvalidBucketName": return error(.misconfigured, "correct publish.bucket")
        case "AllAccessDisabled", "AccountProblem", "NotSignedUp":
            return error(.denied, "the account or the bucket is closed; see to it in the console")
        case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidClientTokenId",
            "InvalidAccessKeyId":
            return error(.denied, "the credentials are expired or withdrawn; renew what publish.credentials names")
        case "SignatureDoesNotMatch":
            return error(.denied, "the secret key does not belong to the access key; correct the credentials")
        case "RequestTimeTooSkewed", "RequestExpired":
            return error(.denied, "the clock of this machine is wrong; set it")
        case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException",
            "TooManyInvalidationsInProgress":
            return error(.throttled, "it is tried again later")
        case "RequestTimeout", "InternalError", "InternalFailure", "ServiceUnavailable", "OperationAborted":
            return error(.unavailable, "it is tried again")
        case "MissingContentLength", "InvalidArgument", "MalformedXML", "NotImplemented", "MethodNotAllowed":
            return error(.misconfigured, "the service does not take this call; see docs/plugins/aws.md")
        default: break
        }
        if isAboutRegion {
            return error(.misconfigured, "the bucket is in another region; correct publish.region")
        }
        switch status {
        case 401, 403:
            return error(
                .denied, "allow \(permission) in the publisher role's policy (and in a bucket policy or key policy "
                    + "that denies it)")
        case 404: return error(.misconfigured, "correct publish.bucket, publish.distribution or the endpoint override")
        case 409, 412: return error(.conflict, "somebody else wrote it in between")
        case 429: return error(.throttled, "it is tried again later")
        case 500...599: return error(.unavailable, "it is tried again")
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
