import JSON

/// A complete implementation of JSON Patch (RFC 6902) that is independent of the one
/// under test.
enum JSONPatchOperations {
    struct Failure: Error {}

    static func apply(_ patch: JSONValue, to document: JSONValue) throws -> JSONValue {
        guard case .array(let operations) = patch else { throw Failure() }
        return try operations.reduce(document) { try done($1, on: $0) }
    }

    private static func done(_ operation: JSONValue, on document: JSONValue) throws -> JSONValue {
        let path = try tokens(operation["path"])
        switch operation["op"] {
        case "add":
            guard let value = operation["value"] else { throw Failure() }
            return try put(value, at: path, in: document)
        case "remove": return try take(path, from: document).rest
        case "replace":
            guard let value = operation["value"] else { throw Failure() }
            return try put(value, at: path, in: try take(path, from: document).rest)
        case "move":
            let (value, rest) = try take(try tokens(operation["from"]), from: document)
            return try put(value, at: path, in: rest)
        case "copy":
            return try put(try take(try tokens(operation["from"]), from: document).value, at: path, in: document)
        case "test":
            guard try take(path, from: document).value.sorted == operation["value"]?.sorted else { throw Failure() }
            return document
        default: throw Failure()
        }
    }

    private static func tokens(_ pointer: JSONValue?) throws -> [String] {
        guard case .string(let text) = pointer, text.isEmpty || text.hasPrefix("/") else { throw Failure() }
        return text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
    }

    private static func put(_ value: JSONValue, at path: [String], in target: JSONValue) throws -> JSONValue {
        guard let token = path.first else { return value }
        let rest = Array(path.dropFirst())
        switch target {
        case .object(var members):
            let index = members.firstIndex { $0.name == token }
            if rest.isEmpty {
                members.removeAll { $0.name == token }
                members.append(.init(token, value))
            } else {
                guard let index else { throw Failure() }
                members[index] = .init(token, try put(value, at: rest, in: members[index].value))
            }
            return .object(members)
        case .array(var elements):
            let index = token == "-" ? elements.count : try self.index(token, below: elements.count + 1)
            if rest.isEmpty {
                elements.insert(value, at: index)
            } else {
                guard index < elements.count else { throw Failure() }
                elements[index] = try put(value, at: rest, in: elements[index])
            }
            return .array(elements)
        default: throw Failure()
        }
    }

    private static func take(_ path: [String], from target: JSONValue) throws -> (value: JSONValue, rest: JSONValue) {
        guard let token = path.first else { return (target, .null) }
        let rest = Array(path.dropFirst())
        switch target {
        case .object(var members):
            guard let index = members.firstIndex(where: { $0.name == token }) else { throw Failure() }
            guard rest.isEmpty else {
                let (value, remaining) = try take(rest, from: members[index].value)
                members[index] = .init(token, remaining)
                return (value, .object(members))
            }
            return (members.remove(at: index).value, .object(members))
        case .array(var elements):
            let index = try self.index(token, below: elements.count)
            guard rest.isEmpty else {
                let (value, remaining) = try take(rest, from: elements[index])
                elements[index] = remaining
                return (value, .array(elements))
            }
            return (elements.remove(at: index), .array(elements))
        default: throw Failure()
        }
    }

    private static func index(_ token: String, below count: Int) throws -> Int {
        guard let index = Int(token), String(index) == token, (0..<count).contains(index) else { throw Failure() }
        return index
    }
}
