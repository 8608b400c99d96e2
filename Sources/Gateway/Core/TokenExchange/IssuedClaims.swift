import FoundationEssentials
import GatewayPluginAPI
import JOSE
import JSON

/// The claims of one issued token.
struct IssuedClaims {
    /// How far `nbf` is before the time of issue, in seconds: for verifiers whose clock is late.
    static let notBeforeLeeway = 60
    /// The maximum length of `sub`, in ASCII characters.
    static let maximumSubjectLength = 255
    /// The prefix of `sub` that is reserved for the gateway's publishers.
    static let reservedSubjectPrefix = "sts-gateway:"

    let subject: String
    let expiration: Date
    let json: JSONValue

    init(
        configuration: EndpointConfiguration, attributes: WorkloadAttributes, audiences: [String], issuedAt: Date,
        lifetime: Int, tokenID: TokenID
    ) throws(TokenExchangeError) {
        let identity = attributes.identity
        guard
            let subject = configuration.token.subject.render(
                cluster: identity.cluster, namespace: identity.namespace, serviceAccount: identity.serviceAccount.name),
            subject.utf8.count <= min(Self.maximumSubjectLength, configuration.limits.subjectLength)
        else { throw .unissuable("the subject is longer than the relying party accepts", identity) }
        guard !subject.hasPrefix(Self.reservedSubjectPrefix) else {
            throw .unissuable(
                "the subject begins with \(Self.reservedSubjectPrefix), which is reserved for the gateway", identity)
        }

        let issued = Int(issuedAt.timeIntervalSince1970)
        var members: [JSONValue.Member] = [
            .init("iss", .string(configuration.issuer.url)),
            .init("aud", audiences.count == 1 ? .string(audiences[0]) : .array(audiences.map(JSONValue.string))),
            .init("sub", .string(subject)),
            .init("exp", .integer(issued + lifetime)),
            .init("nbf", .integer(issued - Self.notBeforeLeeway)),
            .init("iat", .integer(issued)),
        ]
        if configuration.token.hasTokenID { members.append(.init("jti", .string(tokenID.rawValue))) }
        members += [
            .init("cluster", .string(identity.cluster)),
            .init("namespace", .string(identity.namespace)),
            .init("saname", .string(identity.serviceAccount.name)),
            .init("kubernetes.io", Self.kubernetes(identity)),
        ]
        members += Self.privateClaims(configuration, attributes).members
        self.subject = subject
        self.expiration = Date(timeIntervalSince1970: Double(issued + lifetime))
        self.json = .object(members)
    }

    /// Signs the claims.
    ///
    /// - Returns: the token in compact form.
    func sign(
        with key: SigningKey, type: String, limits: RelyingPartyLimits, identity: WorkloadIdentity
    ) throws(TokenExchangeError) -> String {
        guard let compact = try? SignedJWT.sign(json, with: key, type: type) else { throw .noSigningKey(retryAfter: 5) }
        guard compact.utf8.count <= limits.tokenLength else {
            throw .unissuable("the token is longer than the relying party accepts", identity)
        }
        return compact
    }

    /// The claim `kubernetes.io`, in the format of bound ServiceAccount tokens (kubernetes.io, "Managing Service
    /// Accounts").
    private static func kubernetes(_ identity: WorkloadIdentity) -> JSONValue {
        func reference(_ object: WorkloadIdentity.ObjectReference) -> JSONValue {
            var members = [JSONValue.Member("name", .string(object.name))]
            if let uid = object.uid { members.append(.init("uid", .string(uid))) }
            return .object(members)
        }
        var members = [JSONValue.Member("namespace", .string(identity.namespace))]
        if let node = identity.node { members.append(.init("node", reference(node))) }
        if let pod = identity.pod { members.append(.init("pod", reference(pod))) }
        members.append(.init("serviceaccount", reference(identity.serviceAccount)))
        return .object(members)
    }

    /// The claims of the plugin, overridden by the configured ones.
    private static func privateClaims(
        _ configuration: EndpointConfiguration, _ attributes: WorkloadAttributes
    ) -> PrivateClaims {
        var claims = configuration.provider.claims(for: attributes.identity)
        for claim in configuration.token.claims {
            if let value = claim.source.value(attributes) { claims.set(claim.name, value) }
        }
        return claims
    }
}

extension EndpointConfiguration.TokenPolicy.Claim.Source {
    /// The claim of a workload; nil where an attribute is absent, or where nothing of an object or array remains.
    fileprivate func value(_ attributes: WorkloadAttributes) -> JSONValue? {
        switch self {
        case .value(let value): return value
        case .attribute(let name):
            guard let values = attributes.values(of: name) else { return nil }
            return values.count == 1 ? .string(values[0]) : .array(values.map(JSONValue.string))
        case .template(let template):
            var text = ""
            for part in template.parts {
                switch part {
                case .text(let literal): text += literal
                case .attribute(let name):
                    guard let values = attributes.values(of: name), values.count == 1 else { return nil }
                    text += values[0]
                }
            }
            return .string(text)
        case .object(let members):
            let known = members.compactMap { member in
                member.source.value(attributes).map { JSONValue.Member(member.name, $0) }
            }
            return known.isEmpty ? nil : .object(known)
        case .array(let elements):
            let known = elements.compactMap { $0.value(attributes) }
            return known.isEmpty ? nil : .array(known)
        }
    }
}
