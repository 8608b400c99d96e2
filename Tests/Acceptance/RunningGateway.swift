import AsyncHTTPClient
import Foundation
import GatewayTestSupport
import JOSE
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

/// The real program with two endpoints of two plugins, on loopback, over TLS with its self-signed CA.
final class RunningGateway: Sendable {
    let folder: TemporaryFolder
    let process: ChildProcess
    let cluster: TestCluster
    let port: Int
    let adminPort: Int
    let webhookPort: Int
    private let client: HTTPClient

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    struct DidNotStart: Error {
        let log: String
    }

    static let endpoints = ["/team/one", "/team/two", "/generic"]

    static let offlineReview = "{offline: {jwks: jwks.json, issuer: \"\(TestCluster.defaultIssuer)\"}}"

    /// Limits that no client exceeds on a slow machine.
    static let patientLimits = "{readTimeout: 600s, idleTimeout: 3600s}"

    static func configuration(
        review: String, keyStore: String, namespace: String, limits: String = patientLimits, adding: String
    ) -> String {
        """
        cluster: acceptance
        limits: \(limits)
        review: \(review)
        keyStore: \(keyStore)
        \(adding)
        sts:
          endpoints:
          - name: one
            plugin: aws
            path: /team/one
            issuer: {host: one.cloudfront.example}
            azRules: [{scope: filter, constraint: "(namespace=\(namespace))"}]
            subjectToken: {audiences: [sts-gateway.test.svc]}
          - name: two
            plugin: aws
            path: /team/two
            issuer: {host: two.cloudfront.example}
            token: {algorithm: ES256}
            azRules: [{scope: filter, constraint: "(namespace=\(namespace))"}]
            subjectToken: {audiences: [sts-gateway.test.svc]}
          - name: generic
            plugin: oidc
            audience: [https://one.example.com, https://two.example.com]
            path: /generic
            issuer: {host: generic.example.com, path: /issuer}
            azRules: [{scope: filter, constraint: "(&(namespace=\(namespace))(|(saname=web)(saname=batch-*)))"}]
            subjectToken: {audiences: [sts-gateway.test.svc], acceptApiServerAudience: true}
        """
    }

    private init(
        folder: TemporaryFolder, process: ChildProcess, cluster: TestCluster, client: HTTPClient
    ) async throws {
        guard let port = await Self.port("tokens", process), let adminPort = await Self.port("admin", process),
            let webhookPort = await Self.port("webhook", process)
        else {
            throw DidNotStart(log: process.standardError)
        }
        self.folder = folder
        self.process = process
        self.cluster = cluster
        self.client = client
        self.port = port
        self.adminPort = adminPort
        self.webhookPort = webhookPort
    }

    /// Runs `body` while the program runs; the program has ended afterwards.
    ///
    /// - Parameters:
    ///   - namespace: the namespace that the rules allow.
    ///   - limits: the configuration's; by default no client is too slow.
    ///   - adding: further blocks of the configuration.
    ///   - configuration: the whole configuration, instead of the other parameters.
    static func run<Value>(
        folder: TemporaryFolder? = nil, configuration: String? = nil, review: String = offlineReview,
        keyStore: String = "{directory: keys}", namespace: String = "default", limits: String = patientLimits,
        adding: String = "", environment: [String: String] = [:],
        cluster: TestCluster = TestCluster(key: TestKeys.ec), _ body: (RunningGateway) async throws -> Value
    ) async throws -> Value {
        let folder = try folder ?? TemporaryFolder()
        try folder.write(cluster.keySet.json.text, to: "jwks.json")
        let text =
            configuration
            ?? Self.configuration(
                review: review, keyStore: keyStore, namespace: namespace, limits: limits, adding: adding)
        try folder.write(text, to: "gateway.yaml")
        return try await ChildProcess.run(
            Place.gateway, serve(folder), environment: environment
        ) { process in
            let client = HTTPClient(
                eventLoopGroupProvider: .singleton,
                configuration: clientConfiguration(
                    authority: adding.contains("certificates:") || !keyStore.contains("directory")
                        ? nil : "\(folder.path)/keys/serving-ca.pem"))
            let result: Result<Value, any Error>
            do {
                let gateway = try await RunningGateway(
                    folder: folder, process: process, cluster: cluster, client: client)
                result = .success(try await body(gateway))
            } catch {
                result = .failure(error)
            }
            try? await client.shutdown()
            let scan = SecretScan(keyDirectory: "\(folder.path)/keys")
            #expect(scan.leaks(in: process.standardError) == [], "in the log")
            #expect(scan.leaks(in: process.standardOutput) == [], "in the audit log")
            return try result.get()
        }
    }

    /// The arguments of the program for a configuration in `folder`, with listeners on any free port.
    static func serve(_ folder: TemporaryFolder) -> [String] {
        [
            "serve", "--config", "\(folder.path)/gateway.yaml", "--plugins", "\(Place.repository)/plugins.json",
            "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--webhook-listen", "127.0.0.1:0",
        ]
    }

    private static func clientConfiguration(authority: String?) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authority {
            tls.trustRoots = .file(authority)
        } else {
            tls.certificateVerification = .none
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(600)
        return configuration
    }

    /// Ends the program with SIGTERM.
    func stop() async throws -> ChildProcess.Ended {
        try? await client.shutdown()
        process.signal(SIGTERM)
        return await process.ended()
    }

    /// Returns the address of a listener; waits for it.
    static func port(_ listener: String, _ process: ChildProcess) async -> Int? {
        struct Record: Decodable {
            let message: String
            let listener: String?
            let port: Int?
        }
        @Sendable func record(_ line: String) -> Record? {
            try? JSONDecoder().decode(Record.self, from: Data(line.utf8))
        }
        let line = await process.line { line in
            record(line).map { $0.message == "listening" && $0.listener == listener } ?? false
        }
        return line.flatMap(record)?.port
    }

    func send(
        _ method: HTTPMethod, _ path: String, host: String? = nil, headers: HTTPHeaders = [:], body: String? = nil,
        admin: Bool = false
    ) async throws -> Answer {
        var request = HTTPClientRequest(
            url: admin ? "http://127.0.0.1:\(adminPort)\(path)" : "https://localhost:\(port)\(path)")
        request.method = method
        request.headers = headers
        if let host { request.headers.replaceOrAdd(name: "Host", value: host) }
        if let body { request.body = .bytes(Array(body.utf8)) }
        let response = try await client.execute(request, timeout: .seconds(600))
        let bytes = Array(try await response.body.collect(upTo: 1 << 20).readableBytesView)
        return Answer(status: Int(response.status.code), headers: response.headers, body: bytes)
    }

    func exchange(_ path: String, _ token: String, adding: String = "") async throws -> Answer {
        try await send(
            .POST, "\(path)/token", headers: ["Content-Type": "application/x-www-form-urlencoded"],
            body: "grant_type=urn:ietf:params:oauth:grant-type:token-exchange"
                + "&subject_token_type=urn:ietf:params:oauth:token-type:jwt&subject_token=\(token)\(adding)")
    }

    func stock(_ path: String, _ token: String) async throws -> Answer {
        try await send(.GET, path, headers: ["Authorization": "Bearer \(token)"])
    }

    /// The token of a successful response.
    func issued(_ path: String, _ token: String) async throws -> String {
        struct Body: Decodable {
            let access_token: String
        }
        return try JSONDecoder().decode(Body.self, from: Data(try await exchange(path, token).body)).access_token
    }
}
