import Logging

extension Logger {
    /// A logger without output.
    static var silent: Logger { Logger(label: "sts-gateway") { _ in SwiftLogNoOpLogHandler() } }
}
