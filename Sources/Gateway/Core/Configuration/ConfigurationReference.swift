import JSON

/// The generated parts of docs/configuration.md: a table for each block, and the annotated example. They derive from the
/// declarations of the keys. Each one is between two lines of the page:
///
///     <!-- keys of limits, written by make schema -->
///     <!-- example, written by make schema -->
///     <!-- end -->
package enum ConfigurationReference {
    private static let (opening, closing) = ("<!-- ", ", written by make schema -->")
    private static let end = "<!-- end -->"
    /// The name of the section with the top-level keys.
    private static let root = "gateway.yaml"

    /// The page with its generated parts updated.
    package static func updated(_ page: String) -> String {
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let sections = Set(lines.compactMap(blockName))
        var updated: [String] = []
        var isGenerated = false
        for line in lines {
            if line == end { isGenerated = false }
            if !isGenerated { updated.append(line) }
            if line == "\(opening)example\(closing)" {
                updated += ["", "```yaml"] + example + ["```", ""]
                isGenerated = true
            } else if let section = blockName(line) {
                updated += [""] + table(of: section, sections) + [""]
                isGenerated = true
            }
        }
        return updated.joined(separator: "\n")
    }

    /// The block whose table follows the line.
    private static func blockName(_ line: String) -> String? {
        let prefix = opening + "keys of "
        guard line.hasPrefix(prefix), line.hasSuffix(closing) else { return nil }
        return String(line.dropFirst(prefix.utf8.count).dropLast(closing.utf8.count))
    }

    // MARK: Tables

    /// The keys of a block and of its inner blocks, except those with a section of their own.
    private static func table(of section: String, _ sections: Set<String>) -> [String] {
        var rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
        func add(_ keys: [KeyDeclaration], at place: String, in names: String) {
            for key in keys {
                let (path, name) = (place.isEmpty ? key.name : "\(place).\(key.name)", names + key.name)
                rows.append(key.row(name))
                let brackets = key.type.pathSuffix
                if !sections.contains(path + brackets) {
                    add(key.type.keys, at: path + brackets, in: "\(name)\(brackets).")
                }
            }
        }
        let isRoot = section == root
        add(isRoot ? GatewayKeys.type.description.keys : keys(of: section), at: isRoot ? "" : section, in: "")
        return rows
    }

    private static func keys(of section: String) -> [KeyDeclaration] {
        section.split(separator: ".").reduce(GatewayKeys.type.description.keys) { keys, name in
            keys.first { $0.name == name.prefix { $0 != "[" } }?.type.keys ?? []
        }
    }

    // MARK: The annotated example

    private static var example: [String] {
        lines(GatewayKeys.type.description.keys, indentation: 0).flatMap { text, comment in
            let padded = text + String(repeating: " ", count: max(2, 36 - text.count))
            if padded.count + comment.count <= 118 { return ["\(padded)# \(comment)"] }
            return ["\(String(text.prefix { $0 == " " }))# \(comment)", text]
        }
    }

    private static func lines(
        _ keys: [KeyDeclaration], indentation: Int
    ) -> [(text: String, comment: String)] {
        let margin = String(repeating: " ", count: indentation)
        return keys.flatMap { key -> [(text: String, comment: String)] in
            if let value = key.exampleValue {
                return [("\(margin)\(key.isAlternative ? "# " : "")\(key.name): \(value)", key.comment)]
            }
            var inner = lines(key.type.keys, indentation: indentation + (key.type.exampleName == nil ? 2 : 4))
            if let name = key.type.exampleName { inner.insert(("\(margin)  \(name):", "An example"), at: 0) }
            if key.type.isList, let first = inner.first {
                inner[0].text = "\(margin)- \(first.text.dropFirst(indentation + 2))"
            }
            let isAlternative = inner.allSatisfy { $0.text.drop { $0 == " " }.hasPrefix("#") }
            return [("\(margin)\(isAlternative ? "# " : "")\(key.name):", key.comment)] + inner
        }
    }
}

extension KeyDeclaration {
    fileprivate func row(_ name: String) -> String {
        let shown = isRequired ? "required" : otherwise ?? fallback.map { "`\($0.yaml)`" } ?? ""
        return "| `\(name)` | \(type.expected) | \(shown) | \(documentation) |"
    }

    fileprivate var exampleValue: String? { example ?? fallback?.yaml }

    /// The first sentence, as plain text.
    fileprivate var comment: String {
        let sentence = documentation.firstRange(of: ". ").map { documentation[..<$0.lowerBound] } ?? documentation[...]
        return sentence.filter { $0 != "`" }.trimmingSuffix { $0 == "." }
    }
}

extension JSONValue {
    /// A scalar.
    fileprivate var yaml: String {
        guard case .string(let string) = self else { return text }
        let isPlain =
            string.utf8.allSatisfy { $0.isLetterOrDigit || "._-/".utf8.contains($0) }
            && !string.utf8.allSatisfy(\.isDigit)
        return isPlain ? string : text
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
        var rest = self
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return String(rest)
    }
}
