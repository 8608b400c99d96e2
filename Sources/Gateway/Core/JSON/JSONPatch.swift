package import JSON

/// A JSON Patch (RFC 6902) with `add` operations only.
package struct JSONPatch: Sendable, Equatable {
    /// The operation `add`: sets an object's member, or inserts an element before the one with that index.
    package struct Addition: Sendable, Equatable {
        package let path: JSONPointer
        package let value: JSONValue

        package init(_ path: JSONPointer, _ value: JSONValue) {
            self.path = path
            self.value = value
        }
    }

    /// The operations. Each one applies to the result of the previous ones.
    package private(set) var additions: [Addition]

    package init(_ additions: [Addition] = []) { self.additions = additions }

    package var isEmpty: Bool { additions.isEmpty }

    package mutating func add(_ value: JSONValue, at path: JSONPointer) { additions.append(Addition(path, value)) }

    /// The patch document.
    package var json: JSONValue {
        .array(additions.map { ["op": "add", "path": .string($0.path.description), "value": $0.value] })
    }

    /// The same patch for a document that contains this one's document at that location.
    package func below(_ place: JSONPointer) -> JSONPatch {
        JSONPatch(additions.map { Addition($0.path.below(place), $0.value) })
    }

    package mutating func append(_ other: JSONPatch) { additions += other.additions }

    /// Applies the patch.
    ///
    /// - Returns: nil where the target location of an operation does not exist (RFC 6902 §4.1).
    package func applied(to document: JSONValue) -> JSONValue? {
        var result = document
        for addition in additions {
            guard let changed = Self.adding(addition.value, at: addition.path.tokens[...], to: result) else {
                return nil
            }
            result = changed
        }
        return result
    }

    private static func adding(
        _ value: JSONValue, at tokens: ArraySlice<String>, to target: JSONValue
    ) -> JSONValue? {
        guard let token = tokens.first else { return value }
        let rest = tokens.dropFirst()
        switch target {
        case .object(var members):
            let index = members.firstIndex { $0.name.isExactly(token) }
            guard rest.isEmpty else {
                guard let index, let child = adding(value, at: rest, to: members[index].value) else { return nil }
                members[index] = .init(token, child)
                return .object(members)
            }
            if let index { members[index] = .init(token, value) } else { members.append(.init(token, value)) }
            return .object(members)
        case .array(var elements):
            guard let index = token == "-" ? elements.count : Self.index(token) else { return nil }
            guard rest.isEmpty else {
                guard index < elements.count, let child = adding(value, at: rest, to: elements[index]) else {
                    return nil
                }
                elements[index] = child
                return .array(elements)
            }
            guard index <= elements.count else { return nil }
            elements.insert(value, at: index)
            return .array(elements)
        default: return nil
        }
    }

    /// Digits without a leading zero (RFC 6901 §4).
    private static func index(_ token: String) -> Int? {
        guard token == "0" || token.utf8.first != UInt8(ascii: "0"),
            token.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(token)
    }
}
