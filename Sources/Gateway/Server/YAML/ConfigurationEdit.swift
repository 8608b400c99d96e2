import FoundationEssentials
import GatewayCore
package import JSON
import LocalFiles
import YAML

/// Inserts keys into one endpoint of a configuration's text. All other bytes stay, comments included.
///
/// The result is parsed again and compared with what was asked for, so that a text which cannot be edited safely, such as
/// one with anchors at that place, is never damaged.
package enum ConfigurationEdit {
    /// What happened to a file.
    package enum Outcome: Sendable, Equatable {
        case written
        /// The file has the keys already.
        case unchanged
        /// The file cannot be edited safely.
        case unsafe
    }

    /// Edits a file, and replaces it atomically. A symbolic link is not replaced.
    ///
    /// - Throws: where the file cannot be read or written; the text names it.
    package static func insert(
        _ members: [JSONValue.Member], intoEndpoint endpoint: String, ofFile path: String
    ) throws -> Outcome {
        guard let bytes = try LocalFile.read(path, atMost: YAMLConfigurationSource.maximumLength),
            let text = String(validating: bytes, as: UTF8.self),
            let edited = inserting(members, intoEndpoint: endpoint, of: text)
        else { return .unsafe }
        guard edited != text else { return .unchanged }
        guard let permissions = LocalFile.permissions(path) else { return .unsafe }
        try LocalFile.write(Array(edited.utf8), to: path, permissions: permissions)
        return .written
    }

    /// - Parameters:
    ///   - members: the members to insert, each a mapping or a scalar. Members of a mapping are inserted into the existing
    ///     one; keys that exist already stay as they are.
    ///   - endpoint: the endpoint's name.
    /// - Returns: the edited text; nil where it cannot be edited safely.
    package static func inserting(
        _ members: [JSONValue.Member], intoEndpoint endpoint: String, of text: String
    ) -> String? {
        var text = text
        for member in members {
            guard let edited = inserting(member, endpoint, text) else { return nil }
            text = edited
        }
        return text
    }

    private static func inserting(_ member: JSONValue.Member, _ endpoint: String, _ text: String) -> String? {
        guard let before = try? YAMLConfigurationSource.parse(text),
            let expected = before.settingEndpoint(
                endpoint, { $0.inserting(member.name, ConfigurationNode(json: member.value)) })
        else { return nil }
        if normalized(expected) == normalized(before) { return text }
        guard let root = try? YAMLNode.parse(text),
            let mapping = mapping(of: endpoint, in: root)
        else { return nil }
        let edited: String?
        let existing = mapping[member.name]
        if case .object(let inner) = member.value, case .mapping(let nested) = existing, !nested.entries.isEmpty {
            let missing = inner.filter { nested[$0.name] == nil }
            edited = inserting(missing, into: nested, text)
        } else if existing == nil {
            edited = inserting([member], into: mapping, text)
        } else {
            edited = nil
        }
        guard let edited, let after = try? YAMLConfigurationSource.parse(edited),
            normalized(after) == normalized(expected)
        else { return nil }
        return edited
    }

    private static func mapping(of endpoint: String, in root: YAMLNode) -> YAMLNode.Mapping? {
        guard case .sequence(let endpoints) = root["sts"]?["endpoints"] else { return nil }
        for case .mapping(let mapping) in endpoints.elements {
            if case .scalar(let name) = mapping["name"], name.text == endpoint { return mapping }
        }
        return nil
    }

    private static func inserting(
        _ members: [JSONValue.Member], into mapping: YAMLNode.Mapping, _ text: String
    ) -> String? {
        // As scalars: "\r\n" is one Character.
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        let ending = lines.first?.unicodeScalars.last == "\r" ? "\r" : ""
        if let place = place(mapping.mark, in: lines), place.rest.hasPrefix("{") {
            let inserted = members.map { "\(JSONValue.string($0.name).text): \($0.value.text)" }.joined(separator: ", ")
            lines[mapping.mark.line - 1] = place.prefix + "{" + inserted + ", " + String(place.rest.dropFirst())
            return lines.joined(separator: "\n")
        }
        for entry in mapping.entries {
            let mark = entry.key.mark
            guard let place = place(mark, in: lines), place.prefix.allSatisfy({ $0 == " " }) else {
                continue
            }
            lines.insert(
                contentsOf: members.flatMap { self.lines($0, indentation: place.prefix) }.map { $0 + ending },
                at: mark.line - 1)
            return lines.joined(separator: "\n")
        }
        return nil
    }

    private static func place(_ mark: YAMLNode.Mark, in lines: [String]) -> (prefix: String, rest: String)? {
        guard mark.line >= 1, mark.line <= lines.count, mark.column >= 1 else { return nil }
        let scalars = lines[mark.line - 1].unicodeScalars
        guard mark.column - 1 <= scalars.count else { return nil }
        return (String(scalars.prefix(mark.column - 1)), String(scalars.dropFirst(mark.column - 1)))
    }

    /// Block style with two spaces for each level; a mapping below the second level is in flow style.
    package static func lines(_ member: JSONValue.Member, indentation: String) -> [String] {
        guard case .object(let inner) = member.value else {
            return ["\(indentation)\(member.name): \(scalar(member.value))"]
        }
        return ["\(indentation)\(member.name):"]
            + inner.map { "\(indentation)  \($0.name): \(scalar($0.value))" }
    }

    private static func scalar(_ value: JSONValue) -> String {
        guard case .string(let text) = value, let first = text.utf8.first, isLetter(first), text.last != ":",
            text.utf8.allSatisfy({ isLetter($0) || (0x30...0x39).contains($0) || "-_./:".utf8.contains($0) }),
            !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
        else { return value.text }
        return text
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

    private static func normalized(_ node: ConfigurationNode) -> JSONValue { sorted(JSONValue(node)) }

    private static func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            .object(members.map { .init($0.name, sorted($0.value)) }.sorted { $0.name < $1.name })
        case .array(let values): .array(values.map(sorted))
        default: value
        }
    }
}
