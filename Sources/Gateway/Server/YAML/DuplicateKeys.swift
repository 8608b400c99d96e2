import Yams

/// Parses YAML whose mappings may have duplicate keys, which the parser rejects: the earlier one is given another name, and
/// ``original(_:marker:)`` returns what it was.
enum DuplicateKeys {
    /// Each one takes another pass over the text.
    static let maximum = 50

    /// - Returns: the document, and what precedes the names of earlier duplicates; nil if there are none.
    /// - Throws: `YamlError`, also for more than ``maximum`` duplicates, and for those that are aliases or have a tag.
    static func compose(_ text: String) throws -> (root: Node?, marker: String?) {
        var text = text
        var marker = "duplicate"
        while text.contains(marker) { marker += "-" }
        var attempt = 0
        while true {
            do {
                let root = try Yams.compose(yaml: text, Resolver.basic, .default, .utf8)
                return (root, attempt == 0 ? nil : marker)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                guard attempt < maximum, let key = keys.first,
                    let renamed = rename(key, at: context.mark, in: text, to: "\(marker)\(attempt).")
                else { throw YamlError.duplicatedKeysInMapping(duplicates: keys, context: context) }
                text = renamed
                attempt += 1
            }
        }
    }

    /// The name that a key has in the file; nil if it was not renamed.
    static func original(_ key: String, marker: String) -> String? {
        guard key.hasPrefix(marker), let end = key.firstIndex(of: ".") else { return nil }
        return String(key[key.index(after: end)...])
    }

    /// - Returns: nil if the text at the mark is not the key.
    private static func rename(_ key: String, at mark: Mark, in text: String, to prefix: String) -> String? {
        let scalars = text.unicodeScalars
        var position = scalars.startIndex
        for _ in 1..<max(1, mark.line) {
            guard let end = scalars[position...].firstIndex(of: "\n") else { return nil }
            position = scalars.index(after: end)
        }
        guard let start = scalars.index(position, offsetBy: mark.column - 1, limitedBy: scalars.endIndex) else {
            return nil
        }
        position = start
        if position < scalars.endIndex, ["\"", "'"].contains(scalars[position]) {
            position = scalars.index(after: position)
        }
        guard scalars[position...].starts(with: key.unicodeScalars) else { return nil }
        return String(scalars[..<position]) + prefix + String(scalars[position...])
    }
}
