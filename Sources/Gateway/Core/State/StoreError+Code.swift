extension StoreError {
    package var code: ErrorCode {
        switch self {
        case .conflict: .storeConflict
        case .malformed: .malformedDocument
        case .foreign: .foreignDocument
        case .newerVersion: .newerDocument
        case .unavailable: .storeUnavailable
        case .rejected: .operationRejected
        }
    }
}
