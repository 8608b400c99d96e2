/// A shared config or credentials file (AWS SDKs and Tools Reference Guide, "Shared config and credentials files"):
/// sections of `key = value`; comments begin with `#` or `;`, in a value after a space. Nested values are ignored.
struct ProfileFile: Sendable {
    private var sections: [String: [String: String]] = [:]

    /// - Parameter prefixed: whether sections are `[profile NAME]`, as in the config file; `default` has no prefix
    ///   in either file.
    init(_ text: String, prefixed: Bool) {
        var section: String?
        for line in text.split(whereSeparator: \.isNewline) {
            guard let first = line.first, first != "#", first != ";" else { continue }
            let words = line.split(whereSeparator: \.isWhitespace)
            guard !words.isEmpty else { continue }
            if first == "[" {
                let name = line.dropFirst().prefix { $0 != "]" }.split(whereSeparator: \.isWhitespace)
                switch name.count {
                case 1 where !prefixed || name[0] == "default": section = String(name[0])
                case 2 where prefixed && name[0] == "profile": section = String(name[1])
                default: section = nil
                }
                continue
            }
            guard let section, !first.isWhitespace, let separator = line.firstIndex(of: "=") else { continue }
            let key = line[..<separator].split(whereSeparator: \.isWhitespace).joined()
            let value = line[line.index(after: separator)...].split(whereSeparator: \.isWhitespace)
                .prefix { $0.first != "#" && $0.first != ";" }.joined(separator: " ")
            sections[section, default: [:]][key.lowercased()] = value
        }
    }

    subscript(_ profile: String) -> [String: String]? { sections[profile] }
}
