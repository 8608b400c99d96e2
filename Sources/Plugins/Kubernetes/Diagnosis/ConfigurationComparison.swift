import GatewayPluginAPI
import JSON

/// Compares the AuthenticationConfiguration of the other API server with what the endpoint needs.
struct ConfigurationComparison {
    let request: DiagnosisRequest
    let settings: KubernetesProvider.Settings
    let file: JSONValue

    private var print: String {
        "sts-gateway provision kubernetes --endpoint \(request.endpoint.name) --output configuration"
    }

    func findings(_ check: String) -> [RelyingPartyFinding] {
        func failed(_ fault: RelyingPartyFinding.Fault, _ cause: String) -> RelyingPartyFinding {
            RelyingPartyFinding(check, .failed(fault), cause, advice: "compare it with: \(print)")
        }
        guard file["kind"] == "AuthenticationConfiguration", let elements = file["jwt"]?.elementList else {
            return [failed(.setting, "the file is no AuthenticationConfiguration with jwt")]
        }
        let same = elements.filter { $0["issuer"]?["url"]?.stringValue == request.issuerURL }
        guard let found = same.first else {
            let others = elements.compactMap { $0["issuer"]?["url"]?.stringValue }
            return [
                failed(
                    .issuer,
                    "jwt has no issuer \(request.issuerURL)"
                        + (others.isEmpty ? "" : "; it has \(others.joined(separator: ", "))"))
            ]
        }
        guard same.count == 1 else {
            return [failed(.setting, "jwt has \(request.issuerURL) more than once, which the API server rejects")]
        }
        let findings = audience(found, failed) + issuer(found, failed) + names(found, failed) + rules(found, failed)
        return findings.isEmpty
            ? [RelyingPartyFinding(check, .ok, "\(request.issuerURL) with audiences, names and rules of the endpoint")]
            : findings
    }

    private typealias Failing = (RelyingPartyFinding.Fault, String) -> RelyingPartyFinding

    private func audience(_ found: JSONValue, _ failed: Failing) -> [RelyingPartyFinding] {
        let allowed = found["issuer"]?["audiences"]?.elementList?.compactMap(\.stringValue) ?? []
        let audiences = request.endpoint.audiences
        guard !audiences.contains(where: allowed.contains) else { return [] }
        return [
            failed(
                .audience,
                "audiences is \(allowed.joined(separator: ", ")), and lacks \(audiences.joined(separator: ", "))")
        ]
    }

    private func issuer(_ found: JSONValue, _ failed: Failing) -> [RelyingPartyFinding] {
        var findings: [RelyingPartyFinding] = []
        let url = found["issuer"]?["discoveryURL"]?.stringValue
        if url != settings.discoveryURL {
            findings.append(
                failed(
                    .setting,
                    "discoveryURL is \(url ?? "not set"), and settings.discoveryURL \(settings.discoveryURL ?? "not set")"
                ))
        }
        let bundle = Self.lines(found["issuer"]?["certificateAuthority"]?.stringValue)
        if bundle != Self.lines(settings.issuerCertificateAuthority) {
            findings.append(failed(.setting, "certificateAuthority differs from settings.issuerCertificateAuthority"))
        }
        return findings
    }

    private func names(_ found: JSONValue, _ failed: Failing) -> [RelyingPartyFinding] {
        let prefix = settings.usernamePrefix ?? KubernetesProvider.Settings.defaultPrefix
        let mappings = found["claimMappings"]
        let name = mappings?["username"]
        guard name?["expression"] == nil else {
            return [
                RelyingPartyFinding(
                    "user name", .notChecked,
                    "needs the API server to evaluate the expression of claimMappings.username",
                    advice: "exchange a token with --exchange")
            ]
        }
        var findings: [RelyingPartyFinding] = []
        if name?["claim"]?.stringValue != "sub" || name?["prefix"]?.stringValue ?? "" != prefix {
            findings.append(
                failed(
                    .workload,
                    "claimMappings.username is not sub with the prefix \(Quotation.of(prefix)), so that role bindings do not "
                        + "match"))
        }
        if mappings?["groups"]?["expression"] == nil, mappings?["groups"]?["claim"]?.stringValue != settings.groupsClaim
        {
            findings.append(
                failed(
                    .workload,
                    "claimMappings.groups has the claim \(mappings?["groups"]?["claim"]?.stringValue ?? "none"), and "
                        + "settings.groupsClaim is \(settings.groupsClaim ?? "not set")"))
        }
        return findings
    }

    private func rules(_ found: JSONValue, _ failed: Failing) -> [RelyingPartyFinding] {
        var findings: [RelyingPartyFinding] = []
        let claims = found["claimValidationRules"]?.elementList ?? []
        let cluster = claims.first { $0["claim"] == "cluster" }?["requiredValue"]?.stringValue
        if let cluster, cluster != request.endpoint.cluster {
            findings.append(
                failed(
                    .workload, "the claim cluster must be \(Quotation.of(cluster)), and is \(request.endpoint.cluster)")
            )
        } else if cluster == nil {
            findings.append(
                RelyingPartyFinding(
                    "claim rules", .warning(.wide),
                    "no rule requires the claim cluster, so that another cluster with the "
                        + "same issuer is accepted too", advice: "add the rule of: \(print)"))
        }
        for rule in claims {
            guard let name = rule["claim"]?.stringValue, name != "cluster", let token = request.workload?.token else {
                continue
            }
            if token.claims[name]?.stringValue != rule["requiredValue"]?.stringValue {
                findings.append(failed(.workload, "the claim \(name) of the token has not the required value"))
            }
        }
        return findings
    }

    private static func lines(_ pem: String?) -> [String] {
        (pem ?? "").split(whereSeparator: \.isNewline).map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
    }
}
