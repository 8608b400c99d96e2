import GatewayPluginAPI
import JSON

/// Reads the application or managed identity of a workload, and compares its federated credentials.
struct CredentialDiagnosis: Sendable {
    let provisioner: AzureProvisioner
    let request: DiagnosisRequest
    /// nil where neither the workload nor the settings name one.
    let client: String?
    /// That of the workload.
    let tenant: UUIDText

    private static let check = "federated credential"
    /// From this number of credentials on, there is a warning.
    private static let nearlyFull = CredentialHolder.maximum - 2
    /// Bytes of issuer and subject ("Important considerations and restrictions for federated identity credentials").
    private static let maximumLength = 600

    func findings() async -> [RelyingPartyFinding] {
        guard let workload = request.workload else {
            return lengths(subject: nil) + [
                RelyingPartyFinding(
                    Self.check, .notChecked, "no workload is named", advice: "set --pod or --service-account")
            ]
        }
        let lengths = lengths(subject: workload.subject)
        guard let client, let id = UUIDText(client) else {
            return lengths + [
                RelyingPartyFinding(
                    "client", .failed(.identity),
                    client.map { "the annotation \(Quotation.of($0)) is no client id" } ?? "no client is named",
                    advice: "use the application (client) id, a UUID")
            ]
        }
        guard tenant == provisioner.tenant else {
            return lengths + [
                RelyingPartyFinding(
                    "client", .notChecked,
                    "needs credentials of the tenant \(tenant.rawValue) of the Pod; those of the command are of "
                        + provisioner.tenant.rawValue, advice: "exchange a token with --exchange")
            ]
        }
        do throws(ProvisioningError) {
            return lengths + (try await read(id, workload.subject))
        } catch {
            return lengths + [
                .unread(
                    Self.check, "needs to read the application: \(error.message)", error,
                    advice:
                        "log in with az login --tenant \(tenant.rawValue); Application.Read.All, and Reader of a managed "
                        + "identity, allow it")
            ]
        }
    }

    private func lengths(subject: String?) -> [RelyingPartyFinding] {
        let long = [("issuer", request.issuerURL), ("subject", subject ?? "")].filter {
            $0.1.utf8.count > Self.maximumLength
        }
        guard long.isEmpty else {
            return long.map { name, text in
                RelyingPartyFinding(
                    name, .failed(.issuer),
                    "the \(name) has \(text.utf8.count) bytes, and Entra accepts \(Self.maximumLength)",
                    advice: "shorten \(name == "issuer" ? "issuer.path" : "token.subject")")
            }
        }
        return [
            RelyingPartyFinding(
                "issuer", .ok,
                "\(request.issuerURL) has \(request.issuerURL.utf8.count) of \(Self.maximumLength) bytes")
        ]
    }

    // MARK: The identity

    private func read(_ id: UUIDText, _ subject: String) async throws(ProvisioningError) -> [RelyingPartyFinding] {
        let principal = try await provisioner.run { () throws(PublishError) in
            try await provisioner.graph.find(
                "/v1.0/servicePrincipals(appId='\(id.rawValue)')"
                    + "?$select=accountEnabled,servicePrincipalType,alternativeNames")
        }
        guard let principal else {
            return [
                RelyingPartyFinding(
                    "client", .failed(.identity),
                    "there is no application or managed identity with the client id \(id.rawValue) in the tenant "
                        + tenant.rawValue,
                    advice: "correct the annotation; for an app registration: az ad sp create --id \(id.rawValue)")
            ]
        }
        guard principal["accountEnabled"] != .bool(false) else {
            return [
                RelyingPartyFinding(
                    "client", .failed(.setting), "the service principal of \(id.rawValue) is disabled",
                    advice: "enable it: az ad sp update --id \(id.rawValue) --set accountEnabled=true")
            ]
        }
        var holder = CredentialHolder.application(id, provisioner.graph)
        if principal["servicePrincipalType"] == "ManagedIdentity" {
            let names = principal["alternativeNames"]?.elementList?.compactMap(\.stringValue) ?? []
            guard let found = names.lazy.compactMap({ CredentialHolder.managed($0, provisioner.management) }).first
            else {
                return [
                    RelyingPartyFinding(
                        "client", .failed(.identity),
                        "\(id.rawValue) is a system-assigned identity, which has no federated credentials",
                        advice: "use a user-assigned managed identity, or an app registration")
                ]
            }
            holder = found
        }
        let reading = holder
        let found = try await provisioner.run { () throws(PublishError) in try await reading.credentials() }
        guard let found else {
            return [
                RelyingPartyFinding(
                    "client", .notChecked, "\(holder.title) is not readable: its home may be another tenant",
                    advice: "exchange a token with --exchange")
            ]
        }
        return [
            RelyingPartyFinding("client", .ok, holder.title), number(found, holder), compare(found, holder, subject),
        ]
    }

    private func number(_ found: [FederatedCredential], _ holder: CredentialHolder) -> RelyingPartyFinding {
        let text = "\(holder.title) has \(found.count) of \(CredentialHolder.maximum) federated credentials"
        guard found.count >= Self.nearlyFull else { return RelyingPartyFinding("number of credentials", .ok, text) }
        return RelyingPartyFinding(
            "number of credentials", .warning(.setting), text,
            advice: "use another identity for further workloads, or a token.subject that several ServiceAccounts share")
    }

    // MARK: Its credentials

    private func compare(
        _ found: [FederatedCredential], _ holder: CredentialHolder, _ subject: String
    ) -> RelyingPartyFinding {
        let (issuer, audience) = (request.issuerURL, request.endpoint.audiences.first ?? "")
        let provision = "sts-gateway provision azure --endpoint \(request.endpoint.name)"
        let trusting = found.filter { $0.issuer == issuer }
        guard !trusting.isEmpty else {
            let similar = found.first { Self.folded($0.issuer) == Self.folded(issuer) }
            return RelyingPartyFinding(
                Self.check, .failed(.issuer),
                "none of \(holder.title) has the issuer \(issuer)"
                    + (similar.map { "; \(Quotation.of($0.name)) has \($0.issuer)" } ?? ""),
                advice: "create one: \(provision) (AADSTS700211)")
        }
        guard let match = trusting.first(where: { $0.subject == subject }) else {
            if let flexible = trusting.first(where: \.subject.isEmpty) {
                return RelyingPartyFinding(
                    Self.check, .notChecked,
                    "needs Entra to evaluate the expression of \(Quotation.of(flexible.name))",
                    advice: "exchange a token with --exchange")
            }
            let similar = trusting.first { Self.folded($0.subject) == Self.folded(subject) }
            return RelyingPartyFinding(
                Self.check, .failed(.workload),
                "none of \(holder.title) has the subject \(subject)"
                    + (similar.map { "; \(Quotation.of($0.name)) has \($0.subject)" } ?? ""),
                advice: "create one: \(provision); upper and lower case differ (AADSTS700213)")
        }
        guard match.audiences == [audience] else {
            return RelyingPartyFinding(
                Self.check, .failed(.audience),
                "\(Quotation.of(match.name)) has the audience \(match.audiences.joined(separator: ", ")), and not \(audience)",
                advice: "correct it: \(provision) (AADSTS700212)")
        }
        return RelyingPartyFinding(
            Self.check, .ok, "\(Quotation.of(match.name)) has issuer, subject and audience of the workload")
    }

    /// Without what is easily mistaken: letter case, and a final slash.
    private static func folded(_ text: String) -> String {
        let text = text.lowercased()
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}
