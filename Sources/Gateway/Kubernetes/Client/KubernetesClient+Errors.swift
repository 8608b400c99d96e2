import AsyncHTTPClient
import NIOCore
import NIOSSL

extension KubernetesClient {
    static func isClosedConnection(_ error: any Error) -> Bool {
        if let error = error as? HTTPClientError { return error == .remoteConnectionClosed }
        if let error = error as? IOError { return error.errnoCode == connectionReset || error.errnoCode == brokenPipe }
        return false
    }

    /// ECONNRESET and EPIPE of Linux and Darwin.
    #if os(Linux)
        private static let connectionReset: CInt = 104
    #else
        private static let connectionReset: CInt = 54
    #endif
    private static let brokenPipe: CInt = 32

    static func mapped(_ error: any Error) -> KubernetesRequestError {
        switch error {
        case let error as KubernetesRequestError: return error
        case is CancellationError: return .cancelled
        case is NIOTooManyBytesError, is ResponseAccumulator.ResponseTooBigError: return .replyTooLarge
        case let error as HTTPClientError:
            switch error {
            case .deadlineExceeded, .connectTimeout, .readTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
                return .timeout
            case .cancelled: return .cancelled
            default: return .unreachable(error.shortDescription)
            }
        default: return .unreachable(TLSFailure(error)?.description ?? "\(error)")
        }
    }
}
