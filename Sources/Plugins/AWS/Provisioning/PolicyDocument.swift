import GatewayPluginAPI
import JSON

/// A policy (IAM User Guide, "JSON policy elements"). Foreign statements and elements stay as they are.
struct PolicyDocument: Sendable, Equatable {
    let json: JSONValue

    init(_ statements: [JSONValue]) { json = ["Version": "2012-10-17", "Statement": .array(statements)] }

    /// - Returns: nil where the text is not a JSON object.
    init?(parsing text: [UInt8]) {
        guard let json = try? JSONValue(parsing: text), case .object = json else { return nil }
        self.json = json
    }

    /// `Statement` as a list; a single statement may be written without one.
    var statements: [JSONValue] {
        switch json["Statement"] {
        case .array(let statements): statements
        case .none: []
        case .some(let statement): [statement]
        }
    }

    func statement(_ sid: String) -> JSONValue? { statements.first { $0["Sid"] == .string(sid) } }

    /// The same policy with this statement in place of the one with its Sid, or without it.
    func setting(_ sid: String, _ statement: JSONValue?) -> PolicyDocument {
        var statements = statements
        if let index = statements.firstIndex(where: { $0["Sid"] == .string(sid) }) {
            if let statement { statements[index] = statement } else { statements.remove(at: index) }
        } else if let statement {
            statements.append(statement)
        }
        guard case .object(let members) = json else { return PolicyDocument(statements) }
        return PolicyDocument(
            json: .object(members.filter { $0.name != "Statement" } + [.init("Statement", .array(statements))]))
    }

    /// Whether a statement was written for the endpoint with this Sid.
    static func isOf(_ sid: String, _ statement: JSONValue) -> Bool {
        guard case .string(let found) = statement["Sid"] else { return false }
        return found.hasPrefix(sid)
    }

    /// The same policy without the statements of the endpoint with this Sid.
    func removing(_ sid: String) -> PolicyDocument {
        guard statements.contains(where: { Self.isOf(sid, $0) }) else { return self }
        guard case .object(let members) = json else { return self }
        let rest = statements.filter { !Self.isOf(sid, $0) }
        return PolicyDocument(
            json: .object(
                members.map { $0.name == "Statement" ? .init("Statement", .array(rest)) : $0 }))
    }

    private init(json: JSONValue) { self.json = json }

    var text: String { json.text }
    var indentedText: String { json.indentedText }

    /// Whether both allow the same: a list of one value equals the value, and neither the order of members nor that of
    /// values matters.
    static func isEquivalent(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        normalized(left ?? .null) == normalized(right ?? .null)
    }

    static func normalized(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            return .object(
                members.map { JSONValue.Member($0.name, normalized($0.value)) }.sorted { $0.name < $1.name })
        case .array(let values):
            let normal = values.map(normalized).sorted { $0.text < $1.text }
            return normal.count == 1 ? normal[0] : .array(normal)
        case .bool(let value): return .string("\(value)")
        case .integer(let value): return .string("\(value)")
        default: return value
        }
    }

    /// How the policies differ, for people.
    static func differences(from current: PolicyDocument?, to wanted: PolicyDocument) -> [String] {
        ProvisioningChange.differences(
            from: current.map { normalized($0.json).indentedText } ?? "", to: normalized(wanted.json).indentedText
        ).filter { !$0.dropFirst(2).isEmpty }
    }
}
