import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON

/// The relying party of an endpoint, as the endpoint's plugin knows it.
struct RelyingParty {
    let file: ConfigurationFile
    let manifest: String?
    let endpoint: EndpointConfiguration
    /// The profile of the credentials; nil for none.
    let profile: String?
    let transport: CommandTransport
    /// The relying party's own configuration; nil for none.
    var configuration: JSONValue?

    private struct Parts {
        let type: any ProviderPlugin.Type
        let request: DiagnosisRequest
        let context: ProvisioningContext
    }

    /// The plugin's checks; empty where it has none.
    func findings(for workload: DiagnosisRequest.Workload?) async throws(CommandFailure) -> [RelyingPartyFinding] {
        let parts = try parts(workload, of: endpoint.pluginID)
        var findings = await parts.type.diagnosis(for: parts.request, context: parts.context)
        // The relying party that stores the keys is known to the plugin that hands them over.
        if let publisher = endpoint.publisher, publisher.plan.keyHandOver != nil,
            publisher.pluginID != endpoint.pluginID
        {
            let parts = try self.parts(workload, of: publisher.pluginID)
            findings += await parts.type.diagnosis(for: parts.request, context: parts.context)
        }
        return findings.map { finding in
            RelyingPartyFinding(
                finding.check, finding.status, CommandText.of(finding.cause), advice: finding.advice)
        }
    }

    /// Exchanges a token of the gateway at the relying party.
    ///
    /// - Parameter identity: the value of the workload's annotation.
    func session(
        for token: IssuedJWT, as identity: String, workload: DiagnosisRequest.Workload?
    ) async throws(CommandFailure) -> RelyingPartySession {
        let parts = try parts(workload, of: endpoint.pluginID)
        let session: RelyingPartySession?
        do {
            session = try await parts.type.session(
                for: token.compact, as: identity, request: parts.request, context: parts.context)
        } catch {
            throw CommandFailure(
                .partyExchange, CommandText.of(error.message.replacing(token.compact, with: "[token removed]")),
                advice: error.advice?.replacing(token.compact, with: "[token removed]"))
        }
        guard let session else {
            throw CommandFailure(
                .partyExchange, "the plugin \(endpoint.pluginID) exchanges no tokens at its relying party",
                advice: "use the relying party's own client with the token")
        }
        return session
    }

    private func parts(
        _ workload: DiagnosisRequest.Workload?, of plugin: PluginID
    ) throws(CommandFailure) -> Parts {
        let name = endpoint.name
        let source: ProvisioningConfiguration
        var roles: [ProvisioningRole] = []
        do {
            source = try ProvisioningConfiguration(file.path, manifest: manifest, logger: .silent)
            for role in endpoint.provision.roles { roles.append(try endpoint.provisioning(role)) }
        } catch {
            throw CommandFailure(.configurationError, "\(error)", advice: "run sts-gateway config check")
        }
        guard let type = source.catalog[plugin] else {
            throw CommandFailure(
                .configurationError, "no plugin \(plugin)", advice: "add it to plugins.json")
        }
        let environment = ProcessInfo.processInfo.environment
        return Parts(
            type: type,
            request: DiagnosisRequest(
                endpoint: ProvisioningRequest(
                    cluster: endpoint.endpoint.cluster, name: name, host: endpoint.issuer.host,
                    path: endpoint.issuer.path, audiences: endpoint.endpoint.audiences, owner: nil,
                    publisherSubject: PublisherToken.subject(cluster: endpoint.endpoint.cluster, endpoint: name),
                    settings: source.block("settings", of: name),
                    publish: publish(source, of: plugin),
                    subjectTemplate: endpoint.clusterSubjectTemplate, claims: endpoint.token.claims.map(\.name),
                    serving: endpoint.provision.serving, roles: roles, isForRolesOnly: true,
                    jwksPath: endpoint.issuer.jwksPath),
                workload: workload, configuration: configuration),
            context: ProvisioningContext(
                logger: .silent, transport: transport, now: { Date() }, sleep: Self.sleep,
                environment: { environment[$0] },
                files: transport.publisherFiles, issuer: UnchangedIssuer(),
                administration: Administration(
                    profile: profile, accounts: endpoint.provision.accounts,
                    programs: LocalPrograms(environment: environment))))
    }

    /// The `publish` block, where it is one of the plugin.
    private func publish(_ source: ProvisioningConfiguration, of plugin: PluginID) -> JSONValue? {
        guard let block = source.block("publish", of: endpoint.name) else { return nil }
        let publisher = block["plugin"]?.stringValue ?? endpoint.pluginID.description
        guard publisher == plugin.description else { return nil }
        return source.block("publish", of: endpoint.name, without: ["plugin", "probe"])
    }

    private static let sleep: @Sendable (Int) async throws(PublishError) -> Void = { (seconds) throws(PublishError) in
        do {
            try await Task.sleep(for: .seconds(seconds))
        } catch {
            throw PublishError(.unavailable, "cancelled")
        }
    }

    /// The issuer of an endpoint that is not provisioned now.
    private struct UnchangedIssuer: ProvisionedIssuer {
        func isKnown(host: String, publish: JSONValue) {}
        func staleDocuments(host: String, publish: JSONValue) async -> [String] { [] }
        func servingProblem(host: String, publish: JSONValue) async -> String? { nil }

        func publishDocuments(host: String, publish: JSONValue) async throws(ProvisioningError) {
            throw ProvisioningError(.permanent, "nothing is published by this command")
        }
    }
}
