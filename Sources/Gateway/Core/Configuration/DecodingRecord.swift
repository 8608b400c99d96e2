import JSON

/// Records which keys of a plugin's settings were decoded.
final class DecodingRecord {
    private struct Mapping {
        let members: [ConfigurationNode.Member]
        var decoded: [String] = []
    }

    private let place: String
    private let line: Int
    private var mappings: [String: Mapping] = [:]
    /// The paths of the mappings in the order in which they were opened.
    private var paths: [String] = []

    init(_ settings: ConfigurationNode, at place: String) {
        self.place = place
        self.line = settings.line
    }

    func keyPath(of codingPath: [any CodingKey]) -> String {
        codingPath.reduce(place) { path, key in
            key.intValue.map { "\(path)[\($0)]" } ?? "\(path).\(key.stringValue)"
        }
    }

    func open(_ codingPath: [any CodingKey], _ members: [ConfigurationNode.Member]) {
        let path = keyPath(of: codingPath)
        guard mappings[path] == nil else { return }
        mappings[path] = Mapping(members: members)
        paths.append(path)
    }

    func add(_ key: String, at codingPath: [any CodingKey]) {
        let path = keyPath(of: codingPath)
        guard mappings[path]?.decoded.containsExactly(key) == false else { return }
        mappings[path]?.decoded.append(key)
    }

    /// Reports the keys that a successful decoding did not use.
    func reportUnknownKeys(to problems: ProblemList) {
        for path in paths {
            guard let mapping = mappings[path] else { continue }
            for member in mapping.members where !mapping.decoded.containsExactly(member.key) {
                problems.unknownKey(at: path, member.key, line: member.value.line, known: mapping.decoded)
            }
        }
    }

    /// The key path and the message of a failed decoding.
    func explain(_ error: any Error) -> (keyPath: String, message: String) {
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            (keyPath(of: context.codingPath + [key]), "missing required key")
        // The standard library's text for an unknown raw value of an enumeration.
        case DecodingError.dataCorrupted(let context) where context.debugDescription.hasPrefix("Cannot initialize"):
            (keyPath(of: context.codingPath), "invalid value; expected one that the plugin's page lists")
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            (keyPath(of: context.codingPath), context.debugDescription)
        default: (place, "\(error)")
        }
    }
}
