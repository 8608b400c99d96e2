import ArgumentParser
import GatewayCore
import GatewayServer
import JOSE
import JSON

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Look at signing keys, rotate, revoke, export or purge them.",
        discussion: """
            Works on the key store that the configuration names, beside whatever gateways run. Nothing prints a private \
            key. Exits 69 where something failed or was refused, 78 where the configuration is wrong.
            """,
        subcommands: [
            ListKeys.self, KeyStatus.self, RotateKey.self, RevokeKey.self, ExportKeys.self, PurgeKeys.self,
        ])
}

struct ListKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the key rings in the store, and what signs.")

    @OptionGroup var gateway: KeyOptions
    @Flag(help: "One JSON object a line.") var json = false

    func run() async throws {
        try await gateway.administer { configuration, keys in
            let configured = configuration.endpoints.map(\.name)
            let stored = try await keys.endpoints()
            for endpoint in configured + stored.filter({ !configured.contains($0) }) {
                let report = await KeyRingSummary(
                    endpoint: endpoint, isConfigured: configured.contains(endpoint), in: keys)
                print(json ? report.json.text : report.text)
            }
        }
    }
}

struct KeyStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say of each key what it is, and what the ring waits for and since when.")

    @OptionGroup var gateway: KeyOptions
    @Option(help: "One endpoint's name; by default every endpoint.") var endpoint: String?
    @Flag(help: "One JSON object an endpoint.") var json = false

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
        abstract: "Make the key that is to sign next; the leading gateway publishes it and brings it on.")

    @OptionGroup var gateway: KeyOptions
    @Option(help: "The endpoint's name.") var endpoint: String

    func run() async throws {
        try await gateway.administer { configuration, keys in
            switch try await keys.rotate(try configuration.endpoint(named: endpoint)) {
            case .begun(let kid): print("\(endpoint): \(kid) is to sign next; see keys status")
            case .underWay(let kid): print("\(endpoint): a rotation is under way already: \(kid) is to sign next")
            }
        }
    }
}

struct RevokeKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Take a key out of the ring for good, because it may be known to others.",
        discussion: """
            Signing with it stops on every replica. Where it was the key that signs, the endpoint answers 503 until the \
            issuer URL serves the next one. Verifiers may accept tokens of the revoked key until they read the key set \
            again: cut the relying party's trust too.
            """)

    @OptionGroup var gateway: KeyOptions
    @Option(help: "The endpoint's name.") var endpoint: String
    @Option(help: "The key's id.") var kid: String?
    @Flag(help: "The key that signs now.") var active = false
    @Flag(help: "Revoke although the key set cannot be published now.") var force = false

    func validate() throws {
        guard (kid == nil) == active else { throw ValidationError("name either --kid or --active") }
    }

    func run() async throws {
        try await gateway.administer { configuration, keys in
            let (revoked, isPublished) = try await keys.revoke(
                try configuration.endpoint(named: endpoint), kid: kid.map { .init(rawValue: $0) }, isForced: force,
                tell: { print($0) })
            print("\(endpoint): \(revoked) is revoked; verifiers may accept it until they read the key set again")
            guard isPublished else {
                throw StoreError.rejected(
                    "\(endpoint): the key set without it is not published yet; the gateway goes on trying")
            }
        }
    }
}

struct ExportKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print the endpoint's JSON Web Key Set, of public keys.")

    @OptionGroup var gateway: KeyOptions
    @Option(help: "The endpoint's name.") var endpoint: String

    func run() async throws {
        try await gateway.administer { configuration, keys in
            guard let ring = try await keys.ring(of: endpoint) else {
                throw StoreError.rejected("there is no key ring of \"\(endpoint)\"; see keys list")
            }
            print(ring.publicKeys.json.text)
        }
    }
}

struct PurgeKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Delete the ring of an endpoint that is no longer in the configuration.")

    @OptionGroup var gateway: KeyOptions
    @Option(help: "The endpoint's name.") var endpoint: String
    @Flag(help: "Delete it although tokens of its keys may still be about.") var force = false

    func run() async throws {
        try await gateway.administer { configuration, keys in
            guard !configuration.endpoints.contains(where: { $0.name == endpoint }) else {
                throw StoreError.rejected(
                    "\"\(endpoint)\" is in the configuration, and a gateway would restore its ring; "
                        + "take it out first, or use keys revoke")
            }
            try await keys.purge(endpoint, isForced: force)
            print("\(endpoint): the key ring is deleted; its documents stay where they were published")
        }
    }
}
