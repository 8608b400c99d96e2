import ArgumentParser
import GatewayCore
import GatewayServer
import JOSE
import JSON

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Show, rotate, activate, revoke, export or purge signing keys.",
        discussion: """
            Uses the key store of the configuration; gateways may run at the same time. No command prints a private \
            key. Exit status: 69 if something failed or was rejected, 75 if a key may not be activated yet, 78 if the \
            configuration is invalid.
            """,
        subcommands: [
            ListKeys.self, KeyStatus.self, RotateKey.self, PrepareKey.self, ActivateKey.self, RevokeKey.self,
            ExportKeys.self, PurgeKeys.self,
        ])
}

struct ListKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the key rings in the store with their active keys.")

    @OptionGroup var gateway: KeyOptions
    @Option(help: "The name of an endpoint, configured or not; by default all endpoints.") var endpoint: String?
    @Flag(help: "Print one JSON object per line.") var json = false

    func run() async throws {
        try await gateway.administer { configuration, keys in
            let configured = configuration.endpoints.map(\.name)
            let stored = try await keys.endpoints()
            let known = configured + stored.filter { !configured.contains($0) }
            if let endpoint, !known.contains(endpoint) {
                throw ValidationError(
                    "--endpoint: no endpoint \"\(endpoint)\"; use one of \(known.joined(separator: ", "))")
            }
            for endpoint in endpoint.map({ [$0] }) ?? known {
                let report = await KeyRingSummary(
                    endpoint: endpoint, isConfigured: configured.contains(endpoint), in: keys)
                print(json ? report.json.text : report.text)
            }
        }
    }
}

struct KeyStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the state of each key and the next step of the rotation.")

    @OptionGroup var gateway: KeyOptions
    @Option(help: "The name of an endpoint; by default all endpoints.") var endpoint: String?
    @Flag(help: "Print one JSON object per endpoint.") var json = false

    func run() async throws {
        try await gateway.administer { configuration, keys in
            let endpoints = try endpoint.map { [try configuration.endpoint(named: $0)] } ?? configuration.endpoints
            for endpoint in endpoints {
                let report = try await KeyRingReport(of: endpoint, in: keys)
                print(json ? report.json.text : report.text)
            }
        }
    }
}

struct RotateKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Create the next signing key; the leader publishes and activates it.")

    @OptionGroup var gateway: KeyOptions
    @Option(help: "The name of the endpoint.") var endpoint: String
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
        try await gateway.administer { configuration, keys in
            let endpoint = try configuration.endpoint(named: endpoint)
            let rotation = try await keys.rotate(endpoint)
            print(json ? rotation.json(of: endpoint).text : rotation.text(of: endpoint))
        }
    }
}

struct RevokeKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke a key that may be compromised.",
        discussion: """
            Signing with it stops on every replica. If it was the active key, the endpoint responds with 503 until the \
            issuer URL serves the next one. Verifiers may accept tokens of the revoked key until they read the key set \
            again: revoke the trust at the relying party, too.
            """)

    @OptionGroup var gateway: KeyOptions
    @Option(help: "The name of the endpoint.") var endpoint: String
    @Option(parsing: .unconditional, help: "The key ID, which may begin with -.") var kid: String?
    @Flag(help: "The active key.") var active = false
    @Flag(help: "Revoke the key even if the key set cannot be published.") var force = false
    @Flag(help: "Print one JSON object, and progress on standard error.") var json = false

    func validate() throws {
        guard (kid == nil) == active else { throw ValidationError("set either --kid or --active") }
    }

    func run() async throws {
        try await gateway.administer { configuration, keys in
            let configured = try configuration.endpoint(named: endpoint)
            let (revoked, publication) = try await keys.revoke(
                configured, kid: kid.map { .init(rawValue: $0) }, isForced: force,
                output: { [json] line in Terminal.write(line + "\n", to: json ? 2 : 1) })
            let upload = "upload the documents of GET \(configured.path)/issuer-docs: no publisher is configured"
            if json {
                var members: [JSONValue.Member] = [
                    .init("endpoint", .string(endpoint)), .init("kid", .string(revoked.rawValue)),
                    .init("result", "revoked"), .init("published", .bool(publication == .published)),
                ]
                if publication == .byHand { members.append(.init("next", .string(upload))) }
                print(JSONValue.object(members).text)
            } else {
                print("\(endpoint): \(revoked) is revoked; verifiers may accept it until they read the key set again")
                if publication == .byHand { print("\(endpoint): \(upload)") }
            }
            guard publication != .failed else {
                throw StoreError.rejected(
                    "\(endpoint): the key set without it is not published yet; the gateway tries again")
            }
        }
    }
}

struct ExportKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print the JSON Web Key Set of an endpoint (public keys).")

    @OptionGroup var gateway: KeyOptions
    @Option(help: "The name of the endpoint.") var endpoint: String

    func run() async throws {
        try await gateway.administer { configuration, keys in
            guard let ring = try await keys.ring(of: endpoint) else {
                throw StoreError.rejected("no key ring of \"\(endpoint)\"; see keys list")
            }
            print(ring.publicKeys.json.text)
        }
    }
}

struct PurgeKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Delete the ring of an endpoint that is no longer in the configuration.")

    @OptionGroup var gateway: KeyOptions
    @Option(help: "The name of the endpoint.") var endpoint: String
    @Flag(help: "Delete it even if tokens of its keys may still be valid.") var force = false
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
        try await gateway.administer { configuration, keys in
            guard !configuration.endpoints.contains(where: { $0.name == endpoint }) else {
                throw StoreError.rejected(
                    "\"\(endpoint)\" is in the configuration, and a gateway would restore its key ring; "
                        + "remove it first, or use keys revoke")
            }
            try await keys.purge(endpoint, isForced: force)
            let object: JSONValue = ["endpoint": .string(endpoint), "result": "deleted"]
            print(json ? object.text : "\(endpoint): key ring deleted; its published documents are not deleted")
        }
    }
}
