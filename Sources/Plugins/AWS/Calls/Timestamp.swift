import FoundationEssentials

/// A time as the services write it: `2026-05-08T14:56:00Z`, with a fraction or without.
enum Timestamp {
    static func date(_ text: String) -> Date? {
        if let date = try? Date(text, strategy: .iso8601) { return date }
        return try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
