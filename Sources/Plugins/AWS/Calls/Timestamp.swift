import FoundationEssentials

/// A timestamp in responses: `2026-05-08T14:56:00Z`, with or without a fraction.
enum Timestamp {
    static func date(_ text: String) -> Date? {
        if let date = try? Date(text, strategy: .iso8601) { return date }
        return try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
