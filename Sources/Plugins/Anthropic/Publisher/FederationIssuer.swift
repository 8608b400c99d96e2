import GatewayPluginAPI
import JOSE
import JSON

/// A federation issuer as the API returns it.
struct FederationIssuer: Sendable {
    let json: JSONValue

    /// What the issuer's keys are in, such as `inline`.
    var type: String { json["jwks"]?["type"]?.stringValue ?? "" }
    var url: String { json["issuer_url"]?.stringValue ?? "" }
    private var elements: [JSONValue] { json["jwks"]?["keys"]?.elementList ?? [] }

    /// Whether all rules reject its tokens.
    var isArchived: Bool { json["archived_at"]?.stringValue != nil }

    /// The state for the core; nil where no keys were ever stored.
    func stored(issuer: String) -> StoredKeySet? {
        var foreign: [String] = []
        var keys: [JSONWebKey] = []
        if url != issuer { foreign.append("issuer_url \(Quotation.of(url))") }
        if type != "inline" { foreign.append("jwks of the type \(Quotation.of(type))") }
        for (index, element) in elements.enumerated() {
            let text = JSONValue.object([.init("keys", .array([element]))]).utf8Text
            if let key = (try? JSONWebKeySet(parsing: text))?.keys.first {
                keys.append(key)
            } else {
                foreign.append("jwks.keys[\(index)], which is not an RSA or EC signature key")
            }
        }
        if keys.isEmpty, foreign.isEmpty { return nil }
        return StoredKeySet(
            keys: JSONWebKeySet(keys: keys), foreign: foreign, isComplete: type == "inline" && url == issuer,
            version: DocumentStamp.digest(of: JSONValue.array([.string(url), json["jwks"] ?? .null]).utf8Text))
    }

    /// The body of an update: the keys, and the issuer where it is another one.
    static func update(keys: JSONWebKeySet, issuer: String, over current: FederationIssuer) -> JSONValue {
        var members = [
            JSONValue.Member("jwks", ["type": "inline", "keys": .array(keys.keys.map(\.json))])
        ]
        if current.url != issuer { members.append(.init("issuer_url", .string(issuer))) }
        return .object(members)
    }
}
