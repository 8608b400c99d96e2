extension TokenExchangeError {
    /// The code for the log, the audit and the Event; not for the caller.
    package var code: ErrorCode {
        switch self {
        case .invalidSubjectToken(let rejection): rejection.code
        case .deniedByPolicy: .deniedByPolicy
        case .unissuable: .unissuable
        case .invalidTarget: .foreignTarget
        case .reviewUnavailable: .reviewUnavailable
        case .noSigningKey: .noSigningKey
        case .signingOverloaded: .signingOverloaded
        case .tooManyCalls(let refusal, _): refusal.limit.code
        }
    }
}

extension SubjectTokenRejection {
    var code: ErrorCode {
        switch self {
        case .malformed: .malformedSubjectToken
        case .expired: .expiredSubjectToken
        case .notYetValid: .subjectTokenNotYetValid
        case .foreignAudience: .foreignAudience
        case .unauthenticated: .unauthenticatedSubjectToken
        case .notServiceAccount: .notServiceAccount
        case .withoutPod: .subjectTokenWithoutPod
        case .workloadGone: .workloadGone
        }
    }
}

extension CallRefusal.Limit {
    package var code: ErrorCode {
        switch self {
        case .serviceAccount: .serviceAccountLimit
        case .source: .sourceLimit
        case .total: .totalLimit
        }
    }
}
