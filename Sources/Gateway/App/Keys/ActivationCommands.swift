import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayServer

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

    func run() async throws {
        try await gateway.administer { configuration, keys in
            let endpoint = try configuration.endpoint(named: endpoint)
            print(try await keys.prepare(endpoint).text(of: endpoint))
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

    func run() async throws {
        try await gateway.administer { configuration, keys in
            let endpoint = try configuration.endpoint(named: endpoint)
            switch try await keys.activate(endpoint) {
            case .approved(let kid):
                print("\(endpoint.name): \(kid) is approved; the leader activates it after one more reading")
            case .closed(let kid, let step, let until, let verdict):
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

extension KeyAdministration.Rotation {
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
