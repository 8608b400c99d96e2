public import FoundationEssentials
public import GatewayPluginAPI
public import JOSE
import Logging

extension Endpoint {
    /// Returns a typical endpoint of the cluster `test`, nil where host and path are not an issuer.
    ///
    /// - Parameter timeToLive: the token lifetime in seconds.
    public static func example(
        name: String = "one", host: String = "issuer.example.com", path: String = "",
        audiences: [String] = ["https://example.com"], algorithm: SignatureAlgorithm = .rs256,
        timeToLive: Int = 900
    ) -> Endpoint? {
        guard let issuer = Issuer(host: host, path: path) else { return nil }
        return Endpoint(
            name: name, cluster: "test", issuer: issuer, audiences: audiences, algorithm: algorithm, rsaKeySize: 2048,
            timeToLive: timeToLive)
    }
}

extension WorkloadIdentity {
    /// Returns the ServiceAccount of a Pod `web-0` on the node `node-1`, with the groups that Kubernetes sets.
    public static func example(
        cluster: String = "test", namespace: String = "default", serviceAccountName: String = "web"
    ) -> WorkloadIdentity {
        WorkloadIdentity(
            cluster: cluster, namespace: namespace,
            serviceAccount: .init(name: serviceAccountName, uid: "uid-of-\(serviceAccountName)"),
            pod: .init(name: "web-0", uid: "uid-of-web-0"), node: .init(name: "node-1", uid: "uid-of-node-1"),
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"],
            credentialID: "JTI=5b7ad8a0-93c4-4d5c-9f0a-0d5f4a6a7c11")
    }
}

extension PluginContext {
    /// A context whose logger writes nothing.
    public static var silent: PluginContext {
        PluginContext(logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }
}

extension PublisherContext {
    /// Returns a context for a publisher under test. Its logger writes nothing.
    ///
    /// - Parameters:
    ///   - transport: the default has no responses, so that every request fails.
    ///   - environment: the process's environment variables.
    ///   - clock: the default shows 2026-01-01T00:00:00Z. `sleep` advances it.
    ///   - ownToken: what ``GatewayPluginAPI/PublisherContext/ownToken`` returns.
    public static func example(
        transport: any HTTPTransport = ScriptedTransport(), files: any PublisherFiles = FilesInMemory(),
        environment: [String: String] = [:],
        clock: ManualClock = ManualClock(now: Date(timeIntervalSince1970: 1_767_225_600)), maximumAge: Int = 300,
        ownToken: Result<String, PublishError> = .success("header.claims.signature"), isOwnKeyPublic: Bool? = true,
        isByAdministrator: Bool = false
    ) -> PublisherContext {
        PublisherContext(
            logger: PluginContext.silent.logger, transport: transport, now: { clock.now },
            sleep: { clock.advance(by: Double($0)) }, maximumAge: maximumAge,
            environment: { environment[$0] }, files: files,
            ownToken: { () throws(PublishError) in try ownToken.get() }, isOwnKeyPublic: { isOwnKeyPublic },
            administration: isByAdministrator ? Administration(programs: nil) : nil)
    }
}
