import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayServer
import JOSE
import JSON

struct PrepareKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Create the next signing key, which keys activate activates.",
        discussion: """
            For endpoints with rotation.activation: manual. The leader publishes the key and waits until relying parties \
            have it; it signs after keys activate.
            """)

    @OptionGroup var gateway: KeyOptions
    @Option(help: "The name of the endpoint.") var endpoint: String
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
        try await gateway.administer { configuration, keys in
            let endpoint = try configuration.endpoint(named: endpoint)
            let rotation = try await keys.prepare(endpoint)
            print(json ? rotation.json(of: endpoint).text : rotation.text(of: endpoint))
        }
    }
}

struct ActivateKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activate",
        abstract: "Approve the activation of the next signing key.",
        discussion: """
            Reads the issuer URL. If relying parties may lack the key, prints until when, and exits with 75; this cannot be \
            overridden. Otherwise the leader activates the key after one more reading.
            """)

    @OptionGroup var gateway: KeyOptions
    @Option(help: "The name of the endpoint.") var endpoint: String
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
        try await gateway.administer { configuration, keys in
            let endpoint = try configuration.endpoint(named: endpoint)
            switch try await keys.activate(endpoint) {
            case .approved(let kid):
                if json {
                    let object: JSONValue = [
                        "endpoint": .string(endpoint.name), "kid": .string(kid.rawValue), "result": "approved",
                    ]
                    print(object.text)
                } else {
                    print("\(endpoint.name): \(kid) is approved; the leader activates it after one more reading")
                }
            case .closed(let kid, let step, let until, let verdict):
                if json {
                    print(Self.json(endpoint, kid, step, until, verdict).text)
                    throw ExitStatus.temporaryFailure
                }
                let end = until.map { "before \($0.formatted(.iso8601))" } ?? "yet; try again"
                let verdict = verdict.map { $0.isMatch ? "" : "; \($0)" } ?? ""
                let next = RotationStepText(of: endpoint, active: nil).text(step)
                let code = ErrorCode.activationNotYet
                Terminal.error("\(endpoint.name): \(kid) cannot be activated \(end): \(next)\(verdict) (\(code))")
                throw ExitStatus.temporaryFailure
            }
        }
    }
}

extension ActivateKey {
    /// What `--json` prints where the key may not sign yet.
    private static func json(
        _ endpoint: EndpointConfiguration, _ kid: KeyID, _ step: RotationStep, _ until: Date?, _ verdict: ProbeVerdict?
    ) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("endpoint", .string(endpoint.name)), .init("kid", .string(kid.rawValue)),
            .init("result", "waiting"), .init("code", .string(ErrorCode.activationNotYet.rawValue)),
            .init("until", until.map { .string($0.formatted(.iso8601)) } ?? .null),
            .init("next", .string(RotationStepText(of: endpoint, active: nil).text(step))),
        ]
        if let verdict {
            members.append(.init("issuer", .string("\(verdict)")))
            members.append(.init("matches", .bool(verdict.isMatch)))
        }
        return .object(members)
    }
}

extension KeyAdministration.Rotation {
    /// What `--json` prints.
    func json(of endpoint: EndpointConfiguration) -> JSONValue {
        let (kid, result) =
            switch self {
            case .started(let kid): (kid, "started")
            case .inProgress(let kid): (kid, "in progress")
            }
        return [
            "endpoint": .string(endpoint.name), "kid": .string(kid.rawValue), "result": .string(result),
            "activation": .string(endpoint.rotation.activation.rawValue),
        ]
    }

    /// What was done, and what is next.
    func text(of endpoint: EndpointConfiguration) -> String {
        let then = endpoint.rotation.activation == .manual ? "; it waits for keys activate" : ""
        return switch self {
        case .started(let kid): "\(endpoint.name): \(kid) is the next signing key\(then); see keys status"
        case .inProgress(let kid):
            "\(endpoint.name): rotation already in progress: \(kid) is the next signing key\(then)"
        }
    }
}
