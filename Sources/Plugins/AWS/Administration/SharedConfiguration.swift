import GatewayPluginAPI

/// The merged shared files of an administrator, as botocore reads them (`configloader.py`): `[profile NAME]` and
/// `[sso-session NAME]` of the config file, and the profiles of the credentials file, whose values take precedence. Unlike
/// ``ProfileFile``, a value has no comments and keeps its white space, since `credential_process` may contain both.
struct SharedConfiguration: Sendable {
    private(set) var profiles: [String: [String: String]] = [:]
    private(set) var sessions: [String: [String: String]] = [:]
    /// The profiles of the credentials file alone.
    private(set) var credentials: [String: [String: String]] = [:]

    /// - Throws: where a file cannot be read or parsed.
    init(environment: (String) -> String?, files: any PublisherFiles) throws(PublishError) {
        func given(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        let home = given("HOME")
        func content(_ variable: String, _ name: String) throws(PublishError) -> [String: [String: String]] {
            var path = given(variable)
            if let found = path, found.hasPrefix("~/"), let home { path = home + found.dropFirst() }
            guard let path = path ?? home.map({ "\($0)/.aws/\(name)" }), let bytes = try files.read(path) else {
                return [:]
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw PublishError(.misconfigured, "\(Quotation.of(path)) is not UTF-8")
            }
            return try Self.sections(text, path)
        }
        for (section, values) in try content("AWS_CONFIG_FILE", "config") {
            if section == "default" { profiles[section] = values }
            guard let words = ShellWords.split(section), words.count == 2 else { continue }
            if section.hasPrefix("profile") { profiles[words[1]] = values }
            if section.hasPrefix("sso-session") { sessions[words[1]] = values }
        }
        credentials = try content("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        for (section, values) in credentials {
            profiles[section, default: [:]].merge(values) { $1 }
        }
    }

    /// The keys are in lower case.
    static func sections(_ text: String, _ path: String) throws(PublishError) -> [String: [String: String]] {
        var sections: [String: [String: String]] = [:]
        var section: String?
        var key: String?
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let trimmed = Self.trimmed(line)
            guard let first = trimmed.first, first != "#", first != ";" else { continue }
            func invalid(_ expected: String) -> PublishError {
                PublishError(.misconfigured, "\(Quotation.of(path)), line \(index + 1): expected \(expected)")
            }
            if line.first?.isWhitespace == true, let section, let key {
                // A nested value, such as those of `s3`.
                sections[section]?[key, default: ""] += "\n" + trimmed
                continue
            }
            if first == "[" {
                guard let end = trimmed.lastIndex(of: "]") else { throw invalid("[SECTION]") }
                let name = String(trimmed[trimmed.index(after: trimmed.startIndex)..<end])
                guard sections[name] == nil else { throw invalid("each section once") }
                sections[name] = [:]
                (section, key) = (name, nil)
                continue
            }
            guard let current = section, let separator = trimmed.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
                throw invalid(section == nil ? "a section before the first key" : "KEY = VALUE")
            }
            let name = Self.trimmed(trimmed[..<separator]).lowercased()
            guard sections[current]?[name] == nil else { throw invalid("each key of a section once") }
            sections[current]?[name] = Self.trimmed(trimmed[trimmed.index(after: separator)...])
            key = name
        }
        return sections
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(text[first...last])
    }
}
