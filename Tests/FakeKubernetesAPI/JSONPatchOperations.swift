import JSON

/// JSON Patch (RFC 6902) with the operations add, remove, replace and test.
extension JSONValue {
    /// - Throws: 422 where an operation is not possible.
    func applying(_ operations: [JSONValue], kind: String) throws(APIStatus) -> JSONValue {
        var result = self
        for operation in operations {
            let path = operation["path"]?.string ?? ""
            let tokens = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(Self.unescaped)
            guard path.hasPrefix("/"),
                let changed = result.changed(operation["op"]?.string ?? "", at: tokens[...], to: operation["value"])
            else {
                throw .invalid(kind, "", "the server rejected our request due to an error in our request")
            }
            result = changed
        }
        return result
    }

    private static func unescaped(_ token: Substring) -> String {
        var text = ""
        var rest = token[...]
        while let character = rest.popFirst() {
            if character == "~", let next = rest.popFirst() {
                text.append(next == "1" ? "/" : "~")
            } else {
                text.append(character)
            }
        }
        return text
    }

    /// nil where it is not possible.
    private func changed(_ operation: String, at tokens: ArraySlice<String>, to value: JSONValue?) -> JSONValue? {
        guard let token = tokens.first else { return nil }
        if case .array(let elements) = self {
            return Self.changed(elements, operation, at: token, rest: tokens.dropFirst(), to: value)
        }
        guard case .object = self else { return nil }
        var result = self
        if tokens.count > 1 {
            guard let child = self[token]?.changed(operation, at: tokens.dropFirst(), to: value) else { return nil }
            result.set(child, at: token)
            return result
        }
        switch operation {
        case "add": result.set(value, at: token)
        case "replace" where self[token] != nil: result.set(value, at: token)
        case "remove" where self[token] != nil: result.set(nil, at: token)
        case "test" where self[token] == value: break
        default: return nil
        }
        return result
    }

    private static func changed(
        _ elements: [JSONValue], _ operation: String, at token: String, rest: ArraySlice<String>, to value: JSONValue?
    ) -> JSONValue? {
        var elements = elements
        let index = token == "-" ? elements.count : Int(token) ?? -1
        guard index >= 0, index < elements.count + (operation == "add" && rest.isEmpty ? 1 : 0) else { return nil }
        if !rest.isEmpty {
            guard let child = elements[index].changed(operation, at: rest, to: value) else { return nil }
            elements[index] = child
            return .array(elements)
        }
        switch operation {
        case "add": elements.insert(value ?? .null, at: index)
        case "replace": elements[index] = value ?? .null
        case "remove": elements.remove(at: index)
        case "test" where elements[index] == value: break
        default: return nil
        }
        return .array(elements)
    }
}
