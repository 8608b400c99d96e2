import Logging

extension Logger {
    /// For commands that have no log.
    static var silent: Logger { Logger(label: "sts-gateway") { _ in SwiftLogNoOpLogHandler() } }
}
