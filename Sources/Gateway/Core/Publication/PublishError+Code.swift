package import GatewayPluginAPI

extension PublishError {
    package var code: ErrorCode {
        switch kind {
        case .conflict: .publishConflict
        case .denied: .publishDenied
        case .misconfigured: .publishMisconfigured
        case .throttled: .publishThrottled
        case .unavailable: .publishUnavailable
        case .malformed: .publishMalformed
        }
    }
}

extension ProvisioningError {
    package var code: ErrorCode { kind == .transient ? .provisioningInterrupted : .provisioningFailed }
}

extension PublicationConflict {
    package var code: ErrorCode { .publicationConflict }
}
