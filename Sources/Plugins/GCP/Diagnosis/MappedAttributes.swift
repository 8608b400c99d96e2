import GatewayPluginAPI
import JSON

/// What a provider's attribute mapping makes of the claims of a workload's token, as far as it copies claims.
struct MappedAttributes {
    private let claims: JSONValue
    private let mapping: JSONValue

    /// - Parameters:
    ///   - request: without a token only the subject, the issuer and the audience are known.
    ///   - provider: of the IAM API.
    init(_ request: DiagnosisRequest, provider: JSONValue) {
        mapping = provider["attributeMapping"] ?? .object([])
        if let claims = request.workload?.token?.claims {
            self.claims = claims
            return
        }
        var members: [JSONValue.Member] = [.init("iss", .string(request.issuerURL))]
        if let workload = request.workload { members.append(.init("sub", .string(workload.subject))) }
        if request.endpoint.audiences.count == 1 {
            members.append(.init("aud", .string(request.endpoint.audiences[0])))
        }
        claims = .object(members)
    }

    /// The mapping's expression for `google.subject`; nil where there is none.
    var subjectExpression: String? { mapping["google.subject"]?.stringValue }

    /// The value of a name such as `assertion.sub`, `google.subject` or `attribute.namespace`; nil where it is not known.
    func value(_ name: String) -> JSONValue? {
        let prefix = "assertion."
        if name.hasPrefix(prefix) {
            return name.dropFirst(prefix.count).split(separator: ".").reduce(claims as JSONValue?) { $0?[String($1)] }
        }
        guard let expression = mapping[name]?.stringValue else { return nil }
        if let standard = ProviderStep.mapping.first(where: { $0.key == name && $0.value == expression }),
            standard.key == "attribute.namespace"
        {
            return claims["namespace"] ?? (claims["sub"] == nil ? nil : "")
        }
        let isName = expression.utf8.allSatisfy { ResourceID.isOfID($0) || "._".utf8.contains($0) || $0 & 0xDF == $0 }
        return expression.hasPrefix(prefix) && isName ? value(expression) : nil
    }
}
