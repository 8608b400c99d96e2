import GatewayCore
import GatewayServer
import JSON

/// A file of objects, as `kubectl apply` takes it.
enum InjectCommandManifest {
    /// - Parameter text: JSON, or documents of YAML.
    /// - Returns: the documents that are not empty.
    /// - Throws: what is wrong first, with its line in the whole file.
    static func documents(_ text: String) throws(ConfigurationProblem) -> [WorkloadManifest] {
        if let manifest = WorkloadManifest(jsonText: Array(text.utf8)) { return [manifest] }
        var documents: [WorkloadManifest] = []
        var lines: [Substring] = []
        // What is cut off stays as empty lines, so that line numbers are the file's.
        var before = 0
        let ends: Set<Character> = ["\n", "\r\n"]
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: ends.contains) + ["---"[...]] {
            guard isMarker(line) else {
                lines.append(line)
                continue
            }
            let document = String(repeating: "\n", count: before) + lines.joined(separator: "\n")
            before += lines.count + 1
            lines = []
            let node = try YAMLConfigurationSource.parse(document)
            if case .mapping(let members, _) = node, members.isEmpty { continue }
            if case .scalar("", isPlain: true, _) = node { continue }
            documents.append(WorkloadManifest(node))
        }
        return documents
    }

    /// "---" at a line's beginning ends a document wherever it is (YAML 1.2 §9.1.2), and so does "...".
    private static func isMarker(_ line: Substring) -> Bool {
        ["---", "..."].contains { marker in
            guard line.hasPrefix(marker) else { return false }
            let rest = line.dropFirst(3).drop { $0.isWhitespace }
            return rest.isEmpty || rest.hasPrefix("#")
        }
    }
}
