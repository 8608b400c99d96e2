import JSON

/// The selectors of a list or watch: `labelSelector` and `fieldSelector` ("Labels and Selectors",
/// "Field Selectors" in the Kubernetes documentation).
struct Selector: Sendable {
    private enum Requirement: Sendable {
        case exists(String)
        case absent(String)
        case oneOf(String, [String])
        /// True also for objects without the label.
        case noneOf(String, [String])
    }

    private let labels: [Requirement]
    private let fields: [(path: [String], value: String, isEqual: Bool)]

    /// - Throws: 400 for an invalid selector.
    init(labelSelector: String?, fieldSelector: String?, resource: APIResource) throws(APIStatus) {
        var labels: [Requirement] = []
        for term in Self.terms(labelSelector ?? "") { labels.append(try Self.requirement(term)) }
        self.labels = labels

        var fields: [(path: [String], value: String, isEqual: Bool)] = []
        let known = ["metadata.name", "metadata.namespace"] + resource.selectableFields
        for term in Self.terms(fieldSelector ?? "") {
            guard let (name, value, isEqual) = Self.comparison(term) else {
                throw .badRequest("invalid selector: '\(term)'; can't understand '\(term)'")
            }
            guard known.contains(name) else { throw .badRequest("field label not supported: \(name)") }
            fields.append((name.split(separator: ".").map(String.init), value, isEqual))
        }
        self.fields = fields
    }

    func matches(_ object: JSONValue) -> Bool {
        let values = object[path: "metadata", "labels"]
        func value(_ key: String) -> String? { values?[key]?.string }
        let labelsMatch = labels.allSatisfy { requirement in
            switch requirement {
            case .exists(let key): value(key) != nil
            case .absent(let key): value(key) == nil
            case .oneOf(let key, let accepted): value(key).map(accepted.contains) ?? false
            case .noneOf(let key, let refused): !(value(key).map(refused.contains) ?? false)
            }
        }
        return labelsMatch
            && fields.allSatisfy { field in
                let found = field.path.reduce(Optional(object)) { $0?[$1] }?.string ?? ""
                return (found == field.value) == field.isEqual
            }
    }

    /// Splits at commas outside parentheses.
    private static func terms(_ text: String) -> [String] {
        var terms = [""]
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == "," && depth == 0 {
                terms.append("")
            } else {
                terms[terms.count - 1].append(character)
            }
        }
        return terms.map(trimmed).filter { !$0.isEmpty }
    }

    private static func comparison(_ term: String) -> (name: String, value: String, isEqual: Bool)? {
        guard let sign = term.firstIndex(of: "=") else { return nil }
        var name = term[..<sign]
        var value = term[term.index(after: sign)...]
        let isEqual = name.last != "!"
        if !isEqual { name.removeLast() }
        if value.first == "=" { value.removeFirst() }
        return (trimmed(String(name)), trimmed(String(value)), isEqual)
    }

    private static func requirement(_ term: String) throws(APIStatus) -> Requirement {
        if let (name, value, isEqual) = comparison(term) {
            return isEqual ? .oneOf(name, [value]) : .noneOf(name, [value])
        }
        let words = term.split(separator: " ", maxSplits: 2).map(String.init)
        if words.count == 1 { return term.hasPrefix("!") ? .absent(trimmed(String(term.dropFirst()))) : .exists(term) }
        let set = words.dropFirst(2).joined()
        guard words.count == 3, ["in", "notin"].contains(words[1]), set.hasPrefix("("), set.hasSuffix(")") else {
            throw .badRequest("unable to parse requirement: \(term)")
        }
        let values = set.dropFirst().dropLast().split(separator: ",").map { trimmed(String($0)) }
        return words[1] == "in" ? .oneOf(words[0], values) : .noneOf(words[0], values)
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
