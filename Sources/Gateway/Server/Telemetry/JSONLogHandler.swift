import FoundationEssentials
import GatewayCore
import JSON
package import Logging

/// Writes each log record as one line of JSON: `time`, `level`, `logger`, `message`, then the metadata in name order.
///
/// A warning or an error of a module that has no codes, such as a plugin or a library, gets one.
package struct JSONLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    let label: String
    /// nil for none.
    let failures: RecentFailures?
    let write: @Sendable (String) -> Void

    /// - Parameters:
    ///   - failures: gets the records of level `warning` and above; nil for none.
    ///   - write: writes a complete line; called from any thread.
    package init(
        label: String, logLevel: Logger.Level, failures: RecentFailures? = nil,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.failures = failures
        self.label = label
        self.logLevel = logLevel
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var merged = merged(event.metadata)
        if event.level >= .warning, merged["code"] == nil {
            merged["code"] = "\(Self.code(ofModule: event.source))"
        }
        failures?.record(event.level, event.message.description, merged)
        var members: [JSONValue.Member] = []
        members.reserveCapacity(5 + merged.count)
        members.append(.init("time", .string(Timestamp.text(.now))))
        members.append(.init("level", .string(event.level.rawValue)))
        members.append(.init("logger", .string(label)))
        members.append(.init("message", .string(event.message.description)))
        if let error = event.error { members.append(.init("error", .string("\(error)"))) }
        for (name, value) in merged.sorted(by: { $0.key < $1.key }) where !Self.reservedNames.contains(name) {
            members.append(.init(name, Self.json(value)))
        }
        write(JSONValue.object(members).line)
    }

    private func merged(_ explicit: Logger.Metadata?) -> Logger.Metadata {
        let provided = metadataProvider?.get() ?? [:]
        guard !metadata.isEmpty || !provided.isEmpty else { return explicit ?? [:] }
        return metadata.merging(provided) { $1 }.merging(explicit ?? [:]) { $1 }
    }

    /// The code of a record without one.
    private static func code(ofModule module: String) -> ErrorCode {
        module == "Kubernetes" ? .apiServer : .unspecified
    }

    private static let reservedNames = ["time", "level", "logger", "message"]

    private static func json(_ value: Logger.Metadata.Value) -> JSONValue {
        switch value {
        case .string(let string): .string(string)
        case .stringConvertible(let integer as Int): .integer(integer)
        case .stringConvertible(let flag as Bool): .bool(flag)
        case .stringConvertible(let other): .string(other.description)
        case .array(let values): .array(values.map(json))
        case .dictionary(let values):
            .object(values.sorted { $0.key < $1.key }.map { .init($0.key, json($0.value)) })
        }
    }
}
