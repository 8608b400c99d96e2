extension AdmissionDenial {
    package var errorCode: ErrorCode {
        switch code {
        case .badRequest: .invalidReview
        case .forbidden: .podDenied
        case .unavailable: .reviewNotPossible
        }
    }
}

extension AdmissionError {
    package var code: ErrorCode {
        switch self {
        case .tooLarge: .reviewTooLarge
        case .malformed: .malformedReview
        }
    }
}
