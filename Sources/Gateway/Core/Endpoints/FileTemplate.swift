import JSON

/// A file beside the token file, whose content is a template.
package struct FileTemplate: Sendable, Equatable {
    /// How values are escaped in the content.
    package enum Format: String, Sendable, CaseIterable {
        /// A JSON text (RFC 8259). Placeholders are inside strings.
        case json
        /// TOML 1.0. Placeholders are inside basic strings (`"…"`), whose escapes are those of JSON.
        case toml
        /// YAML 1.2. Placeholders are inside double-quoted strings, whose escapes include those of JSON.
        case yaml
        /// Lines of any other format, such as INI. A value is one line and is not escaped.
        case text

        /// The format of a file's name.
        package init(fileName: String) {
            switch fileName.split(separator: ".").last {
            case "json": self = .json
            case "toml": self = .toml
            case "yaml", "yml": self = .yaml
            default: self = .text
            }
        }
    }

    private enum Content: Sendable, Equatable {
        case json(JSONValue)
        case quoted(InjectionTemplate)
        case plain(InjectionTemplate)
    }

    package let name: String
    /// The variable with the file's path; nil for none.
    package let variable: String?
    private let content: Content

    /// Parses the content.
    ///
    /// - Throws: why the content is not valid in its format.
    package init(
        name: String, format: Format, contents: String, variable: String?
    ) throws(FileTemplateError) {
        self.name = name
        self.variable = variable
        switch format {
        case .json:
            guard let value = try? JSONValue(parsing: Array(contents.utf8)) else { throw .invalidJSON }
            content = .json(value)
        case .toml, .yaml:
            let template = InjectionTemplate(contents)
            guard Self.isQuoted(template) else { throw .placeholderOutsideQuotes }
            content = .quoted(template)
        case .text: content = .plain(InjectionTemplate(contents))
        }
    }

    /// The names of the placeholders.
    package var names: [String] {
        switch content {
        case .json(let value): Self.names(value)
        case .quoted(let template), .plain(let template): template.names
        }
    }

    /// The content as text with placeholders.
    package var pieces: [InjectionTemplate.Piece] {
        switch content {
        case .json(let value): Self.pieces(value)
        case .quoted(let template): template.pieces(quoted: true)
        case .plain(let template): template.pieces(quoted: false)
        }
    }

    private static func pieces(_ value: JSONValue) -> [InjectionTemplate.Piece] {
        func list(_ parts: [[InjectionTemplate.Piece]], _ open: String, _ close: String) -> [InjectionTemplate.Piece] {
            [.text(open)] + Array(parts.joined(separator: [.text(",")])) + [.text(close)]
        }
        switch value {
        case .string(let text):
            let inner = InjectionTemplate(text).pieces(quoted: true).map { piece -> InjectionTemplate.Piece in
                guard case .text(let text) = piece else { return piece }
                return .text(String(JSONValue.string(text).text.dropFirst().dropLast()))
            }
            return [.text("\"")] + inner + [.text("\"")]
        case .array(let elements): return list(elements.map(pieces), "[", "]")
        case .object(let members):
            return list(
                members.map { [.text(JSONValue.string($0.name).text + ":")] + pieces($0.value) }, "{", "}")
        default: return [.text(value.text)]
        }
    }

    /// The content; nil where a placeholder has no value.
    func render(_ values: [String: String]) -> String? {
        switch content {
        case .json(let value): Self.render(value, values)?.text
        case .quoted(let template): template.render(values) { String(JSONValue.string($0).text.dropFirst().dropLast()) }
        case .plain(let template): template.render(values)
        }
    }

    private static func names(_ value: JSONValue) -> [String] {
        switch value {
        case .string(let text): InjectionTemplate(text).names
        case .array(let elements): elements.flatMap(names)
        case .object(let members): members.flatMap { names($0.value) }
        default: []
        }
    }

    private static func render(_ value: JSONValue, _ values: [String: String]) -> JSONValue? {
        switch value {
        case .string(let text): return InjectionTemplate(text).render(values).map(JSONValue.string)
        case .array(let elements):
            let rendered = elements.compactMap { render($0, values) }
            return rendered.count == elements.count ? .array(rendered) : nil
        case .object(let members):
            let rendered = members.compactMap { member in
                render(member.value, values).map { JSONValue.Member(member.name, $0) }
            }
            return rendered.count == members.count ? .object(rendered) : nil
        default: return value
        }
    }

    /// Whether every placeholder follows an odd number of double quotes in its line, without escaped ones.
    private static func isQuoted(_ template: InjectionTemplate) -> Bool {
        var isInside = false
        for part in template.parts {
            switch part {
            case .placeholder where !isInside: return false
            case .placeholder: continue
            case .text(let text):
                var isEscaped = false
                for byte in text.utf8 {
                    switch byte {
                    case UInt8(ascii: "\n"): isInside = false
                    case UInt8(ascii: "\"") where !isEscaped: isInside.toggle()
                    default: break
                    }
                    isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
                }
            }
        }
        return true
    }
}

/// Why the content of a file is not valid; for the operator.
package enum FileTemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalidJSON
    case placeholderOutsideQuotes

    package var description: String {
        switch self {
        case .invalidJSON: "not valid JSON; expected a JSON text with placeholders in strings only"
        case .placeholderOutsideQuotes: "a placeholder is not in double quotes; write \"{name}\""
        }
    }
}
