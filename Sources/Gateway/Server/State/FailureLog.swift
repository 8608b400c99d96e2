import GatewayCore
import Logging

/// Logs a failure when it begins, when its reason changes and when it ends; repetitions are not logged.
struct FailureLog: Sendable {
    let failed: Logger.Message
    /// nil where the end is not logged.
    let recovered: Logger.Message?
    let level: Logger.Level
    let logger: Logger
    /// The last logged reason; nil while there is no failure.
    private(set) var reason: String?

    init(_ failed: Logger.Message, recovered: Logger.Message? = nil, level: Logger.Level = .error, logger: Logger) {
        self.failed = failed
        self.recovered = recovered
        self.level = level
        self.logger = logger
    }

    /// - Returns: whether it was logged.
    @discardableResult
    mutating func fail(_ reason: String, code: ErrorCode, _ metadata: Logger.Metadata = [:]) -> Bool {
        guard self.reason != reason else { return false }
        self.reason = reason
        var metadata = metadata
        metadata["reason"] = "\(reason)"
        metadata["code"] = "\(code)"
        logger.log(level: level, failed, metadata: metadata)
        return true
    }

    /// - Returns: whether there was a failure before.
    @discardableResult
    mutating func succeed(_ metadata: Logger.Metadata = [:]) -> Bool {
        guard reason != nil else { return false }
        reason = nil
        if let recovered { logger.notice(recovered, metadata: metadata) }
        return true
    }
}
