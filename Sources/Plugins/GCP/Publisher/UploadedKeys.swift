import GatewayPluginAPI
import JOSE
import JSON

/// A provider as the IAM API returns it, with the uploaded key set `oidc.jwksJson`, a JSON text.
struct UploadedKeys: Sendable {
    let issuer: String
    /// The text; empty where the provider reads the keys at the issuer's URL.
    let text: String
    let isDisabled: Bool
    private let isOIDC: Bool

    init(_ provider: JSONValue) {
        isOIDC = provider["oidc"] != nil
        issuer = provider["oidc"]?["issuerUri"]?.stringValue ?? ""
        text = provider["oidc"]?["jwksJson"]?.stringValue ?? ""
        isDisabled = provider["disabled"] == .bool(true)
    }

    var version: String { DocumentStamp.digest(of: Array("\(isOIDC) \(issuer) \(isDisabled)\n\(text)".utf8)) }

    /// Whether it was created disabled, for the first hand-over to enable it. A provider with keys that is disabled was
    /// disabled by somebody.
    var waitsForKeys: Bool { isDisabled && text.isEmpty }

    /// The state for the core; nil where no keys were uploaded.
    ///
    /// - Parameter expected: the endpoint's issuer.
    func stored(issuer expected: String) -> StoredKeySet? {
        var foreign: [String] = []
        if !isOIDC {
            foreign.append("a provider of another kind than OIDC")
        } else if issuer != expected {
            foreign.append("issuerUri \(Quotation.of(issuer))")
        }
        guard !text.isEmpty else {
            return foreign.isEmpty
                ? nil : StoredKeySet(keys: JSONWebKeySet(keys: []), foreign: foreign, version: version)
        }
        let elements = (try? JSONValue(parsing: Array(text.utf8)))?["keys"]?.elementList
        let keys = (try? JSONWebKeySet(parsing: Array(text.utf8)))?.keys
        if keys == nil || keys?.count != elements?.count {
            foreign.append("a key that is not an RSA or EC key in jwksJson")
        }
        return StoredKeySet(
            keys: JSONWebKeySet(keys: keys ?? []), foreign: foreign,
            isComplete: (keys ?? []).allSatisfy { $0.keyID == $0.parameters.thumbprint && $0.algorithm != nil }
                && (elements ?? []).allSatisfy { $0.memberList.allSatisfy { Self.members.contains($0.name) } },
            version: version)
    }

    /// The only members that Google accepts, when it uses the set and not when it stores it (IAM API, `Oidc.jwksJson`).
    private static let members: Set<String> = ["kty", "alg", "use", "kid", "n", "e", "x", "y", "crv"]

    /// The text of a set with these members only.
    static func text(of keys: JSONWebKeySet) -> String {
        let elements = keys.keys.map { key in
            JSONValue.object(key.json.memberList.filter { members.contains($0.name) })
        }
        return JSONValue.object([.init("keys", .array(elements))]).text
    }
}
