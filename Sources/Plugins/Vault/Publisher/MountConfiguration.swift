import GatewayPluginAPI
import JOSE
import JSON

/// The configuration of a JWT auth mount (`auth/<mount>/config`). Each write replaces all of it, so it is read, changed and
/// written back.
struct MountConfiguration: Sendable, Equatable {
    /// The members as they were read; an empty object where none was ever written.
    let data: JSONValue

    /// Whether none was ever written.
    var isEmpty: Bool { Self.settings(data).isEmpty }

    /// A digest of what was read.
    var version: String { DocumentStamp.digest(of: JSONValue.object(Self.settings(data)).utf8Text) }

    /// The members that a login with OpenID Connect has, which a mount of our own does not need.
    private static let loginMembers: Set<String> = [
        "oidc_client_id", "oidc_client_secret", "oidc_response_mode", "oidc_response_types", "provider_config",
        "namespace_in_state",
    ]
    /// The members of which only one is allowed; we use the last one.
    private static let sources = ["oidc_discovery_url", "jwks_url", "jwks_pairs", "jwt_validation_pubkeys"]
    private static let sourceDetails: Set<String> = ["oidc_discovery_ca_pem", "jwks_ca_pem"]
    /// What the server adds to the configuration when it is read.
    private static let readOnly: Set<String> = ["status"]

    /// The state for the core.
    ///
    /// - Parameters:
    ///   - issuer: the endpoint's.
    ///   - algorithm: the algorithm of the endpoint's new keys.
    func stored(issuer: String, algorithm: SignatureAlgorithm) -> StoredKeySet {
        var foreign: [String] = []
        var keys: [JSONWebKey] = []
        for (index, pem) in (data["jwt_validation_pubkeys"]?.elementList ?? []).enumerated() {
            if let key = pem.stringValue.flatMap({ try? JSONWebKey(publicKeyPEM: $0) }) {
                keys.append(key)
            } else {
                foreign.append("jwt_validation_pubkeys[\(index)], which is not an RSA or EC key")
            }
        }
        let bound = data["bound_issuer"]?.stringValue ?? ""
        if !bound.isEmpty, bound != issuer { foreign.append("bound_issuer \(Quotation.of(bound))") }
        if let client = data["oidc_client_id"]?.stringValue, !client.isEmpty {
            foreign.append("an OIDC client \(Quotation.of(client))")
        }
        for source in Self.sources.dropLast() where !Self.isEmpty(data[source]) {
            let text = data[source]?.stringValue.map { " \(Quotation.of($0))" } ?? ""
            foreign.append("\(source)\(text)")
        }
        let algorithms = data["jwt_supported_algs"]?.elementList?.compactMap(\.stringValue) ?? []
        return StoredKeySet(
            keys: JSONWebKeySet(keys: keys), foreign: foreign,
            isComplete: bound == issuer && (algorithms.isEmpty || algorithms.contains(algorithm.rawValue)),
            version: version)
    }

    /// The body of the write: what was read, with these keys and this issuer in place of others.
    ///
    /// - Throws: ``PublishError/Kind/misconfigured`` where a key has no PEM form.
    func replacing(
        keys: JSONWebKeySet, issuer: String, algorithm: SignatureAlgorithm
    ) throws(PublishError) -> JSONValue {
        var pems: [JSONValue] = []
        for key in keys.keys {
            do {
                pems.append(.string(try key.publicKeyPEM()))
            } catch {
                throw PublishError(.misconfigured, "the key \(key.keyID) has no PEM form: \(error)")
            }
        }
        let replaced = Set(Self.sources).union(Self.loginMembers).union(Self.sourceDetails)
            .union(["bound_issuer", "jwt_supported_algs"])
        var members = Self.settings(data).filter { !replaced.contains($0.name) }
        members.append(.init("jwt_validation_pubkeys", .array(pems)))
        members.append(.init("bound_issuer", .string(issuer)))
        let algorithms = data["jwt_supported_algs"]?.elementList?.compactMap(\.stringValue) ?? []
        if !algorithms.isEmpty {
            let wanted = Set(keys.keys.compactMap { $0.algorithm?.rawValue }).union([algorithm.rawValue])
            members.append(
                .init(
                    "jwt_supported_algs",
                    .array((algorithms + wanted.sorted().filter { !algorithms.contains($0) }).map(JSONValue.string))))
        }
        return .object(members)
    }

    /// The members that are set and can be written.
    private static func settings(_ data: JSONValue) -> [JSONValue.Member] {
        guard case .object(let members) = data else { return [] }
        return members.filter { !readOnly.contains($0.name) && !isEmpty($0.value) }
    }

    private static func isEmpty(_ value: JSONValue?) -> Bool {
        switch value {
        case nil, .null, .string(""), .array([]), .object([]): true
        default: false
        }
    }
}
