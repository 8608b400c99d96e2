package import Logging

extension Logger.MetadataValue {
    /// The first 20 names and how many more there are, so that a line stays short with thousands of endpoints.
    package static func names(_ names: [String]) -> Logger.MetadataValue {
        let more = names.count > 20 ? ["and \(names.count - 20) more"] : []
        return .array((names.prefix(20) + more).map { "\($0)" })
    }
}
