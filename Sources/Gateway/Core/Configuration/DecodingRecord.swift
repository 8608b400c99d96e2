/// Which mappings of a plugin's settings were looked into, and for which keys.
final class DecodingRecord {
    private struct Mapping {
        let members: [ConfigurationNode.Member]
        var asked: [String] = []
    }

    private let place: String
    private let line: Int
    private var mappings: [String: Mapping] = [:]
    /// In the order of their opening.
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

    func ask(_ codingPath: [any CodingKey], for key: String) {
        let path = keyPath(of: codingPath)
        guard mappings[path]?.asked.contains(key) == false else { return }
        mappings[path]?.asked.append(key)
    }

    /// After a decoding that succeeded: a key that it did not ask for is unknown.
    func reportUnknownKeys(to problems: ProblemList) {
        for path in paths {
            guard let mapping = mappings[path] else { continue }
            for member in mapping.members where !mapping.asked.contains(member.key) {
                problems.unknownKey(at: path, member.key, line: member.value.line, known: mapping.asked)
            }
        }
    }

    /// Where a decoding failed, and why.
    func explain(_ error: any Error) -> (keyPath: String, message: String) {
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            (keyPath(of: context.codingPath + [key]), "missing required key")
        // The standard library's own words for an enumeration without such a case.
        case DecodingError.dataCorrupted(let context) where context.debugDescription.hasPrefix("Cannot initialize"):
            (keyPath(of: context.codingPath), "invalid value; expected one that the plugin's page lists")
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            (keyPath(of: context.codingPath), context.debugDescription)
        default: (place, "\(error)")
        }
    }
}
