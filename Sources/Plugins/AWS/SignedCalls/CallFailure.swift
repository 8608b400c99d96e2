import GatewayPluginAPI

/// Why an administrator's call failed.
struct CallFailure: Error, Sendable {
    enum Cause: Sendable {
        /// The service's error response.
        case response(ServiceError)
        /// No response, or one that cannot be parsed.
        case other(PublishError)
    }

    /// Such as `iam:CreateRole on "publisher"`.
    let call: String
    let cause: Cause

    /// The service's error code; nil where there is none.
    var code: String? {
        guard case .response(let error) = cause else { return nil }
        return error.code
    }

    /// The HTTP status; nil where there is no response.
    var status: Int? {
        guard case .response(let error) = cause else { return nil }
        return error.status
    }

    /// The error for the operator.
    var provisioningError: ProvisioningError {
        switch cause {
        case .other(let error):
            return ProvisioningError(
                [.unavailable, .throttled].contains(error.kind) ? .transient : .permanent, error.message,
                retryAfter: error.retryAfter)
        case .response(let error):
            let action = call.split(separator: " ").first.map(String.init) ?? call
            if Self.isTransient(error) {
                return ProvisioningError(.transient, "\(call): \(error.summary)", retryAfter: error.retryAfter)
            }
            let isDenied = error.isDenial || [401, 403].contains(error.status)
            return ProvisioningError(
                .permanent,
                "\(call): \(error.summary)"
                    + (isDenied && !error.isForeign
                        ? "; allow \(action) for the identity that runs this command" : ""))
        }
    }

    /// Whether a repetition may succeed. The names of absent and duplicate resources are in the list because a new resource
    /// is not visible to each call at once (IAM User Guide, "Changes that I make are not always immediately visible").
    private static func isTransient(_ error: ServiceError) -> Bool {
        switch error.code {
        case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException",
            "RequestTimeout", "RequestTimeoutException", "InternalError", "InternalFailure", "ServiceUnavailable",
            "OperationAborted", "ConditionalRequestConflict", "PreconditionFailed", "InvalidIfMatchVersion",
            "ConcurrentModification", "ServiceFailure":
            true
        case "EntityAlreadyExists", "BucketAlreadyOwnedByYou", "OriginAccessControlAlreadyExists",
            "DistributionAlreadyExists", "NoSuchEntity", "NoSuchBucket", "NoSuchDistribution",
            "NoSuchOriginAccessControl", "NoSuchResource", "MalformedPolicyDocument", "MalformedPolicy",
            "DistributionNotDisabled", "DeleteConflict", "OriginAccessControlInUse":
            true
        default: error.status == 429 || error.status == 408 || error.status >= 500
        }
    }
}
