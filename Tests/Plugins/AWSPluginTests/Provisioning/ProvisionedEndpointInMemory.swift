import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Synchronization

@testable import AWSPlugin

/// Provisions an endpoint in a cloud in memory, as the command does.
struct ProvisionedEndpointInMemory: Sendable {
    let cloud: CloudInMemory
    var cluster = "production"
    var name = "aws"
    var owner: String? = "owner-one"
    var host: String?
    var publish: JSONValue?
    var settings: JSONValue? = ["region": "eu-central-1"]
    var certificate: String?
    var environment = ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"]
    let values = Values()

    /// What the steps have reported.
    final class Values: Sendable {
        private let known = Mutex<[(host: String, publish: JSONValue)]>([])
        var last: (host: String, publish: JSONValue)? { known.withLock { $0.last } }
        func append(_ host: String, _ publish: JSONValue) { known.withLock { $0.append((host, publish)) } }
    }

    private struct Issuer: ProvisionedIssuer {
        let cloud: CloudInMemory
        let values: Values

        func isKnown(host: String, publish: JSONValue) { values.append(host, publish) }
        func staleDocuments(host: String, publish: JSONValue) async -> [String] {
            cloud.state.documents == 0 ? ["/certs"] : []
        }
        func publishDocuments(host: String, publish: JSONValue) async { cloud.state.documents = 1 }
        func servingProblem(host: String, publish: JSONValue) async -> String? { nil }
    }

    func plan() throws -> ProvisioningPlan {
        var environment = environment
        environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
        let parts = PublisherContext.example(
            transport: cloud.transport, environment: environment, clock: ManualClock(now: exampleTime))
        let context = ProvisioningContext(
            logger: parts.logger, transport: parts.transport, now: parts.now, environment: parts.environment,
            files: parts.files, issuer: Issuer(cloud: cloud, values: values))
        let request = ProvisioningRequest(
            cluster: cluster, name: name, host: host, path: "", audiences: ["sts.amazonaws.com"], owner: owner,
            publisherSubject: "sts-gateway:publisher:\(cluster):\(name)", settings: settings, publish: publish,
            certificate: certificate)
        guard let plan = try AWSProvider.provisioning(for: request, context: context) else {
            throw ProvisioningError(.permanent, "no plan")
        }
        return plan
    }

    /// - Returns: how many changes were made.
    @discardableResult
    func apply() async throws -> Int {
        let plan = try plan()
        _ = try await plan.identity()
        return try await Provisioning(steps: plan.steps, sleep: { _ in }, report: { _ in }).apply()
    }

    /// The titles of the changes of a plan, and the errors.
    func planned() async throws -> [String] {
        let plan = try plan()
        _ = try await plan.identity()
        return await Provisioning(steps: plan.steps, sleep: { _ in }, report: { _ in }).plan().flatMap { step in
            switch step.finding {
            case .success(let finding): finding.changes.map(\.title)
            case .failure(let error): ["error: \(error)"]
            }
        }
    }
}
