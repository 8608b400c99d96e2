package import JSON

/// A JSON Patch (RFC 6902) with `add` and `replace` operations only.
package struct JSONPatch: Sendable, Equatable {
    package struct Operation: Sendable, Equatable {
        package enum Kind: String, Sendable {
            /// Sets an object's member, or inserts an element before the one with that index.
            case add
            /// Replaces an existing member or element.
            case replace
        }

        package let kind: Kind
        package let path: JSONPointer
        package let value: JSONValue

        package init(_ path: JSONPointer, _ value: JSONValue, kind: Kind = .add) {
            self.kind = kind
            self.path = path
            self.value = value
        }
    }

    /// Each operation applies to the result of the previous ones.
    package private(set) var operations: [Operation]

    package init(_ operations: [Operation] = []) { self.operations = operations }

    package var isEmpty: Bool { operations.isEmpty }

    package mutating func add(_ value: JSONValue, at path: JSONPointer) { operations.append(Operation(path, value)) }

    package mutating func replace(_ value: JSONValue, at path: JSONPointer) {
        operations.append(Operation(path, value, kind: .replace))
    }

    /// The patch document.
    package var json: JSONValue {
        .array(
            operations.map {
                ["op": .string($0.kind.rawValue), "path": .string($0.path.description), "value": $0.value]
            })
    }

    /// The text of the patch document, written without a value of it.
    package var utf8Text: [UInt8] {
        var writer = JSONWriter(capacity: 4_096)
        writer.array(count: operations.count) { index, object in
            let operation = operations[index]
            object.member("op", operation.kind.rawValue)
            object.member("path", operation.path.description)
            object.member("value", operation.value)
        }
        return writer.utf8Text
    }

    /// The same patch for a document that contains this one's document at that location.
    package func below(_ place: JSONPointer) -> JSONPatch {
        JSONPatch(operations.map { Operation($0.path.below(place), $0.value, kind: $0.kind) })
    }

    package mutating func append(_ other: JSONPatch) { operations += other.operations }

    /// Applies the patch.
    ///
    /// - Returns: nil where the target location of an operation does not exist (RFC 6902 §4.1).
    package func applied(to document: JSONValue) -> JSONValue? {
        operations.reduce(.some(document)) { result, operation in
            result.flatMap { Self.applying(operation, at: operation.path.tokens[...], to: $0) }
        }
    }

    private static func applying(
        _ operation: Operation, at tokens: ArraySlice<String>, to target: JSONValue
    ) -> JSONValue? {
        guard let token = tokens.first else { return operation.value }
        let rest = tokens.dropFirst()
        switch target {
        case .object(var members):
            let index = members.firstIndex { $0.name.isExactly(token) }
            if let index {
                guard let child = applying(operation, at: rest, to: members[index].value) else { return nil }
                members[index] = .init(token, child)
                return .object(members)
            }
            guard rest.isEmpty, operation.kind == .add else { return nil }
            return .object(members + [.init(token, operation.value)])
        case .array(var elements):
            guard let index = token == "-" ? elements.count : Self.index(token) else { return nil }
            if rest.isEmpty, operation.kind == .add {
                guard index <= elements.count else { return nil }
                elements.insert(operation.value, at: index)
                return .array(elements)
            }
            guard index < elements.count, let child = applying(operation, at: rest, to: elements[index]) else {
                return nil
            }
            elements[index] = child
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
