import GatewayCore
import GatewayPluginAPI

extension ErrorCode {
    /// The code of a failure that a service logs and repeats. An error of another kind wraps one of the API server.
    static func of(_ failure: any Error) -> ErrorCode {
        switch failure {
        case let error as StoreError: error.code
        case let error as PublishError: error.code
        case let error as any CodedFailure: error.code
        default: .apiServer
        }
    }
}

/// A failure of a service that has a code of its own.
protocol CodedFailure: Error {
    var code: ErrorCode { get }
}
