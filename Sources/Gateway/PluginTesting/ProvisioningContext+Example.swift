public import FoundationEssentials
public import GatewayPluginAPI
import JSON

extension ProvisioningContext {
    /// Returns a context for the checks of `doctor`, for an endpoint that is not provisioned. Its logger writes nothing.
    ///
    /// - Parameters:
    ///   - transport: the default has no responses, so that every request fails.
    ///   - environment: the process's environment variables, such as those of the administrator's credentials.
    ///   - clock: the default shows 2026-01-01T00:00:00Z.
    public static func example(
        transport: any HTTPTransport = ScriptedTransport(), environment: [String: String] = [:],
        files: any PublisherFiles = FilesInMemory(),
        clock: ManualClock = ManualClock(now: Date(timeIntervalSince1970: 1_767_225_600))
    ) -> ProvisioningContext {
        let parts = PublisherContext.example(
            transport: transport, files: files, environment: environment, clock: clock)
        return ProvisioningContext(
            logger: parts.logger, transport: parts.transport, now: parts.now, sleep: parts.sleep,
            environment: parts.environment, files: parts.files, issuer: UnchangedIssuer())
    }

    /// An issuer that nothing is published at.
    private struct UnchangedIssuer: ProvisionedIssuer {
        func isKnown(host: String, publish: JSONValue) {}
        func staleDocuments(host: String, publish: JSONValue) async -> [String] { [] }
        func publishDocuments(host: String, publish: JSONValue) async {}
        func servingProblem(host: String, publish: JSONValue) async -> String? { nil }
    }
}

extension RelyingPartyFinding {
    /// Whether it says what to do, where something is to do.
    public var hasAdvice: Bool { status == .ok || advice?.isEmpty == false }
}
