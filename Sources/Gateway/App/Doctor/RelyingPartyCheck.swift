import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import JOSE
import JSON

/// The checks of the endpoint's plugin, and a real exchange on request.
struct RelyingPartyCheck: Sendable {
    let context: DoctorContext
    let endpoint: EndpointConfiguration
    let profile: String?
    let exchanges: Bool

    func findings(for workload: ExaminedWorkload?) async -> [DoctorFinding] {
        let party = RelyingParty(
            file: context.file, manifest: context.manifest, endpoint: endpoint, profile: profile,
            transport: context.transport, configuration: context.partyConfiguration)
        let asked = workload.flatMap(self.workload)
        var findings: [DoctorFinding] = []
        do throws(CommandFailure) {
            let found = try await party.findings(for: asked)
            findings = found.map { .party($0, of: endpoint.name) }
            if found.isEmpty {
                findings.append(
                    .notChecked(
                        .party, "checks", of: endpoint.name, "the plugin \(endpoint.pluginID) has none"))
            }
        } catch {
            findings.append(.failure(.party, "checks", of: endpoint.name, error))
        }
        if exchanges { findings.append(await exchange(party, workload, asked)) }
        return findings
    }

    private func workload(_ examined: ExaminedWorkload) -> DiagnosisRequest.Workload? {
        guard let account = examined.account else { return nil }
        let subject = endpoint.token.subject.render(
            cluster: endpoint.endpoint.cluster, namespace: account.namespace, serviceAccount: account.name)
        return DiagnosisRequest.Workload(
            namespace: account.namespace, serviceAccountName: account.name, subject: subject ?? "",
            annotation: examined.annotations[endpoint.name], options: examined.options[endpoint.name] ?? [:],
            token: examined.tokens[endpoint.name].map { token in
                DiagnosisRequest.Token(
                    keyID: token.jwt.header.keyID?.rawValue ?? "", claims: token.claims.json)
            })
    }

    private func exchange(
        _ party: RelyingParty, _ examined: ExaminedWorkload?, _ asked: DiagnosisRequest.Workload?
    ) async -> DoctorFinding {
        guard let token = examined?.tokens[endpoint.name] else {
            return .notChecked(.party, "exchange", of: endpoint.name, "no token was minted")
        }
        let isOptional = endpoint.injector.annotation == .optional
        guard let value = examined?.annotations[endpoint.name] ?? (isOptional ? "" : nil) else {
            return .notChecked(
                .party, "exchange", of: endpoint.name, "the workload has no annotation \(context.key(endpoint))")
        }
        do throws(CommandFailure) {
            let session = try await party.session(for: token, as: value, workload: asked)
            let end = session.expiration.map { " until \($0.formatted(.iso8601))" } ?? ""
            return .ok(.party, "exchange", of: endpoint.name, session.identity + end)
        } catch {
            return .failure(.party, "exchange", of: endpoint.name, error)
        }
    }
}
