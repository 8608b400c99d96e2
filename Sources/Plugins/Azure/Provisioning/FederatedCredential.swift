import JSON

/// A federated identity credential of an app registration or of a managed identity.
struct FederatedCredential: Sendable, Equatable {
    let name: String
    let issuer: String
    /// Empty where an expression matches claims instead (flexible credentials).
    let subject: String
    let audiences: [String]

    init(name: String, issuer: String, subject: String, audiences: [String]) {
        self.name = name
        self.issuer = issuer
        self.subject = subject
        self.audiences = audiences
    }

    /// Of an answer: the members are at the top (Microsoft Graph) or in `properties` (Azure Resource Manager).
    init?(_ json: JSONValue) {
        guard let name = json["name"]?.stringValue else { return nil }
        let values = json["properties"] ?? json
        self.init(
            name: name, issuer: values["issuer"]?.stringValue ?? "", subject: values["subject"]?.stringValue ?? "",
            audiences: values["audiences"]?.elementList?.compactMap(\.stringValue) ?? [])
    }

    /// The members that can be changed.
    var values: JSONValue {
        [
            "issuer": .string(issuer), "subject": .string(subject),
            "audiences": .array(audiences.map(JSONValue.string)),
        ]
    }

    var lines: [String] {
        ["issuer: \(issuer)", "subject: \(subject)", "audiences: \(audiences.joined(separator: ", "))"]
    }
}
