/// The template of `sub`: text with the placeholders `{cluster}`, `{namespace}` and `{saname}`.
package struct SubjectTemplate: Sendable, Equatable, CustomStringConvertible {
    package enum Placeholder: String, Sendable, CaseIterable { case cluster, namespace, saname }

    enum Part: Sendable, Equatable {
        case text(String)
        case placeholder(Placeholder)
    }

    /// The maximum length of a subject, in ASCII characters (OpenID Connect Core 1.0 §2).
    package static let maximumLength = 255
    package static let standard = SubjectTemplate(parts: [
        .placeholder(.cluster), .text(":"), .placeholder(.namespace), .text(":"), .placeholder(.saname),
    ])
    /// The prefix of subjects that is reserved for the gateway's publishers.
    static let reservedPrefix = "sts-gateway:"

    let parts: [Part]

    init(parts: [Part]) { self.parts = parts }

    /// Parses a template.
    ///
    /// - Throws: the first error.
    package init(_ text: String) throws(SubjectTemplateError) {
        guard !text.isEmpty else { throw .empty }
        guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw .notASCII }
        guard text.utf8.count <= Self.maximumLength else { throw .tooLong }
        guard !text.hasPrefix(Self.reservedPrefix) else { throw .reservedPrefix }
        var parts: [Part] = []
        var rest = Substring(text)
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            if brace > rest.startIndex { parts.append(.text(String(rest[..<brace]))) }
            guard rest[brace] == "{", let end = rest[brace...].firstIndex(of: "}") else { throw .unbalancedBrace }
            let name = String(rest[rest.index(after: brace)..<end])
            guard let placeholder = Placeholder(rawValue: name) else { throw .unknownPlaceholder(name) }
            parts.append(.placeholder(placeholder))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    /// The subject of a workload; nil where it is longer than ``maximumLength`` or not printable ASCII.
    package func render(cluster: String, namespace: String, serviceAccount: String) -> String? {
        var subject = ""
        for part in parts {
            switch part {
            case .text(let text): subject += text
            case .placeholder(.cluster): subject += cluster
            case .placeholder(.namespace): subject += namespace
            case .placeholder(.saname): subject += serviceAccount
            }
        }
        guard subject.utf8.count <= Self.maximumLength, subject.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            return nil
        }
        return subject
    }

    /// The template as written in the configuration.
    package var description: String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .placeholder(let placeholder): "{\(placeholder.rawValue)}"
            }
        }.joined()
    }

    func contains(_ placeholder: Placeholder) -> Bool { parts.contains(.placeholder(placeholder)) }

    /// Whether two workloads can have the same subject: `{namespace}-{saname}` is `a-b-c` for two of them. A character
    /// between placeholders that names do not contain, such as `:`, prevents this.
    var isAmbiguous: Bool {
        var isSeparated = true
        for part in parts {
            switch part {
            case .text(let text): isSeparated = isSeparated || !text.utf8.allSatisfy(Self.isOfName)
            case .placeholder:
                guard isSeparated else { return true }
                isSeparated = false
            }
        }
        return false
    }

    /// Whether names of clusters, namespaces and ServiceAccounts may contain the character.
    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "._-".utf8.contains(byte)
        }
    }
}

/// Why a text is not a valid subject template; for the operator.
package enum SubjectTemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    case empty
    case notASCII
    case tooLong
    case reservedPrefix
    case unbalancedBrace
    case unknownPlaceholder(String)

    package var description: String {
        switch self {
        case .empty: "empty; expected a template such as \(SubjectTemplate.standard)"
        case .notASCII: "not printable ASCII; remove the other characters"
        case .tooLong: "expected at most \(SubjectTemplate.maximumLength) characters"
        case .reservedPrefix: "\(SubjectTemplate.reservedPrefix) is reserved for the gateway; use a different prefix"
        case .unbalancedBrace: "unbalanced brace; expected {cluster}, {namespace} or {saname}"
        case .unknownPlaceholder(let name): "unknown placeholder {\(name)}; expected {cluster}, {namespace} or {saname}"
        }
    }
}
