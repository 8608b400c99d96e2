package import GatewayCore
package import JSON
import YAML

/// Reads a file of Kubernetes objects as `kubectl apply` does: YAML 1.1 documents, or JSON values one after the other.
///
/// It differs from ``YAMLConfigurationSource``, which rejects what has more than one reading: here merge keys are
/// merged, of duplicate keys the last one counts, and scalars are resolved by ``KubernetesScalar``.
package struct KubernetesYAML: Sendable {
    /// Duplicate keys of one document; each gives a warning.
    static let maximumDuplicates = 50

    /// The documents that are not empty.
    package private(set) var documents: [JSONValue] = []
    /// Duplicate keys.
    package private(set) var warnings: [ConfigurationProblem] = []

    /// - Parameter text: the whole file; at most 4 MiB.
    /// - Throws: the first problem, with its line in the file.
    package init(_ text: String) throws(ConfigurationProblem) {
        guard text.utf8.count <= YAMLConfigurationSource.maximumLength else {
            throw ConfigurationProblem(.error, at: "", "the file is larger than 4 MiB; split it")
        }
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        if text.utf8.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "{"),
            let values = try? JSONValue.values(parsing: Array(text.utf8))
        {
            documents = values
            return
        }
        for document in Self.split(text) { try append(document) }
    }

    private mutating func append(_ text: String) throws(ConfigurationProblem) {
        let root: YAMLNode?
        do throws(YAMLError) {
            root = try YAMLNode.parse(text, maximumDuplicates: Self.maximumDuplicates)
        } catch {
            throw ConfigurationProblem(error)
        }
        guard let root else { return }
        var reader = KubernetesNodeReader()
        let value = try reader.value(root, at: "", depth: 1)
        warnings += reader.warnings
        if value != .null { documents.append(value) }
    }

    /// Each document on the lines that it has in the file, after empty lines.
    private static func split(_ text: String) -> [String] {
        var documents: [String] = []
        var lines: [Substring] = []
        var before = 0
        let ends: Set<Character> = ["\n", "\r\n"]
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: ends.contains) + ["---"[...]] {
            guard isMarker(line) else {
                lines.append(line)
                continue
            }
            documents.append(String(repeating: "\n", count: before) + lines.joined(separator: "\n"))
            before += lines.count + 1
            lines = []
        }
        return documents
    }

    /// "---" at the beginning of a line ends a document wherever it is (YAML 1.2 §9.1.2), and so does "...".
    private static func isMarker(_ line: Substring) -> Bool {
        ["---", "..."].contains { marker in
            guard line.hasPrefix(marker) else { return false }
            let rest = line.dropFirst(3).drop { $0.isWhitespace }
            return rest.isEmpty || rest.hasPrefix("#")
        }
    }
}
