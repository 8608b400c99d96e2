package import FoundationEssentials
package import GatewayTestSupport
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import JOSE
import JSON
import Logging
import NIOCore

/// A fake Kubernetes API server, over TLS on the loopback, that conforms to the API reference as far as a gateway can
/// observe: it reviews and issues ServiceAccount tokens, stores objects with resourceVersions, serves watches, and has
/// planned faults.
///
/// It has no kubelet and no controllers: a deletion is immediate, unless a test calls
/// ``beginDeletion(_:namespace:name:)``.
package final class FakeKubernetesAPI: Sendable {
    package static let clientNamespace = "sts-gateway"
    package static let clientServiceAccount = "sts-gateway"

    let store = ObjectStore()
    let faults = FaultPlan()
    let log = RequestLog()
    let access = AccessControl()
    let hooks = ClusterHooks()
    let keys: ClusterKeys
    let credentials: ClientCredentials
    let client: APIUser
    let clock: @Sendable () -> Date
    let sleep: Sleep
    /// `--api-audiences`.
    package let apiAudiences: [String]

    /// Returns after this many seconds, or when cancelled.
    package typealias Sleep = @Sendable (_ seconds: Int) async -> Void

    /// A watch ends after its timeout, as in a cluster.
    package static let realTime: Sleep = { try? await Task.sleep(for: .seconds($0)) }

    /// A watch ends when a test ends it; one of zero seconds ends immediately.
    package static let endless: Sleep = { seconds in
        guard seconds > 0 else { return }
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        for await _ in stream {}
        withExtendedLifetime(continuation) {}
    }

    private init(
        clock: @escaping @Sendable () -> Date, sleep: @escaping Sleep, identity: TestCluster, authorityPEM: String
    ) throws {
        self.clock = clock
        self.sleep = sleep
        apiAudiences = [identity.issuer]
        keys = ClusterKeys(identity)
        let now = clock()
        let account = try store.change { (stored) throws(APIStatus) in
            for name in ["default", "kube-system", Self.clientNamespace] {
                _ = try stored.create(.namespaces, namespace: nil, ["metadata": ["name": .string(name)]], at: now)
                _ = try stored.create(.serviceAccounts, namespace: name, ["metadata": ["name": "default"]], at: now)
            }
            return try stored.create(
                .serviceAccounts, namespace: Self.clientNamespace,
                ["metadata": ["name": .string(Self.clientServiceAccount)]], at: now)
        }
        let uid = account[path: "metadata", "uid"]?.string
        client = .serviceAccount(namespace: Self.clientNamespace, name: Self.clientServiceAccount, uid: uid)
        credentials = ClientCredentials(
            folder: FileManager.default.temporaryDirectory.appending(path: "fake-api-\(UUID().uuidString)"),
            authorityPEM: authorityPEM,
            token: try keys.sign(at: now) { Self.ownClaims(&$0, uid: uid, audience: identity.issuer) })
    }

    /// Runs a server while `body` runs, and removes its files.
    ///
    /// - Parameters:
    ///   - clock: the API server's time, for tokens and timestamps. TLS uses real time.
    ///   - sleep: waits for the `timeoutSeconds` of a watch.
    package static func run<Value: Sendable>(
        clock: @escaping @Sendable () -> Date, sleep: @escaping Sleep,
        identity: TestCluster = TestCluster(key: TestKeys.rsa),
        _ body: (FakeKubernetesAPI) async throws -> Value
    ) async throws -> Value {
        let authority = try TestCertificateAuthority(now: Date())
        let api = try FakeKubernetesAPI(
            clock: clock, sleep: sleep, identity: identity, authorityPEM: authority.certificatePEM)
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            responder: APIResponder(api: api),
            server: try .tls(.http1(), tlsConfiguration: authority.tlsConfiguration),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in continuation.yield(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "fake-api", factory: { _ in SwiftLogNoOpLogHandler() }))
        defer { api.credentials.removeFiles() }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { continuation.finish() }
                do { try await application.run() } catch is CancellationError {}
            }
            for await port in ports {
                try api.credentials.write(port: port)
                let value: Value
                do {
                    value = try await body(api)
                } catch {
                    api.stop()
                    group.cancelAll()
                    throw error
                }
                api.stop()
                group.cancelAll()
                return value
            }
            try await group.waitForAll()
            throw CancellationError()
        }
    }

    private func stop() {
        faults.removeAll()
        faults.release()
        store.stop()
    }

    private static func ownClaims(_ claims: inout TestCluster.Claims, uid: String?, audience: String) {
        claims.namespace = clientNamespace
        claims.serviceAccount = clientServiceAccount
        claims.serviceAccountUID = uid
        claims.pod = nil
        claims.node = nil
        claims.audiences = [audience]
        claims.lifetime = 365 * 86_400
    }

    func newClientToken() throws -> String {
        try keys.sign(at: clock()) { Self.ownClaims(&$0, uid: client.uid, audience: issuer) }
    }

    func sign(at now: Date, _ adjust: (inout TestCluster.Claims) -> Void) throws(APIStatus) -> String {
        try keys.sign(at: now, adjust)
    }

    /// `iss` of its tokens.
    package var issuer: String { keys.issuer }
    /// The response of `/openid/v1/jwks`.
    package var keySet: JSONWebKeySet { keys.keySet }

    var versionDocument: JSONValue {
        let minor = hooks.minorVersion
        return [
            "major": "1", "minor": .string("\(minor)"), "gitVersion": .string("v1.\(minor).0"),
            "platform": "linux/amd64", "goVersion": "go1.24.2",
        ]
    }

    var discoveryDocument: JSONValue {
        [
            "issuer": .string(issuer), "jwks_uri": .string("\(url)/openid/v1/jwks"),
            "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        ]
    }
}
