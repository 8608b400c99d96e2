package import Logging
import Synchronization

/// A log whose records a test reads: a line each, with level, message and metadata.
package final class RecordedLog: Sendable {
    private let lines = Mutex<[String]>([])

    package init() {}

    package var text: String { lines.withLock { $0.joined(separator: "\n") } }

    package var logger: Logger {
        Logger(label: "test") { _ in Handler { [self] line in lines.withLock { $0.append(line) } } }
    }

    private struct Handler: LogHandler {
        let add: @Sendable (String) -> Void
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        init(_ add: @escaping @Sendable (String) -> Void) { self.add = add }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
            let fields = all.map { "\($0.key)=\($0.value)" }
            add(([event.level.rawValue, "\(event.message)"] + fields).joined(separator: " "))
        }
    }
}
