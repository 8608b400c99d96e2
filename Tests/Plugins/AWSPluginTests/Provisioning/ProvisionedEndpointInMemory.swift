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
    var serving: String?
    var roles: [ProvisioningRole] = []
    var claims: [String] = []
    var isForRolesOnly = false
    var jwksPath: String?
    var accounts: [ProvisioningAccount] = []
    var files = FilesInMemory()
    var environment = ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"]
    var home: String?
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
        let owner: String
        let documents: [IssuerDocumentKind]

        func isKnown(host: String, publish: JSONValue) { values.append(host, publish) }
        func staleDocuments(host: String, publish: JSONValue) async -> [String] {
            cloud.state.documents == 0 ? ["/certs"] : []
        }
        func publishDocuments(host: String, publish: JSONValue) async {
            guard case .string(let bucket) = publish["bucket"] else { return }
            cloud.publish(to: bucket, owner: owner, keys: documents.map { String($0.path.dropFirst()) })
        }
        func servingProblem(host: String, publish: JSONValue) async -> String? { nil }
    }

    private var documents: [IssuerDocumentKind] {
        var documents: [IssuerDocumentKind] = [.keys]
        if let jwksPath { documents.append(.namedKeys(path: jwksPath)) }
        return documents + [.discovery]
    }

    func plan(removing isRemoval: Bool = false) throws -> ProvisioningPlan {
        var environment = environment
        environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
        environment["HOME"] = home
        let parts = PublisherContext.example(
            transport: cloud.transport, environment: environment, clock: ManualClock(now: exampleTime))
        let context = ProvisioningContext(
            logger: parts.logger, transport: parts.transport, now: parts.now, sleep: parts.sleep,
            environment: parts.environment,
            files: files,
            issuer: Issuer(
                cloud: cloud, values: values, owner: owner ?? "",
                documents: documents),
            administration: Administration(accounts: accounts, programs: nil))
        let request = ProvisioningRequest(
            cluster: cluster, name: name, host: host, path: "", audiences: ["sts.amazonaws.com"], owner: owner,
            publisherSubject: "sts-gateway:publisher:\(cluster):\(name)", settings: settings, publish: publish,
            certificate: certificate, subjectTemplate: "\(cluster):{namespace}:{saname}", claims: claims,
            serving: serving, roles: roles, isForRolesOnly: isForRolesOnly, jwksPath: jwksPath)
        let plan =
            try isRemoval
            ? AWSProvider.deprovisioning(for: request, context: context)
            : AWSProvider.provisioning(for: request, context: context)
        guard let plan else {
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

    /// - Returns: what stays.
    @discardableResult
    func remove() async throws -> [String] {
        let plan = try plan(removing: true)
        _ = try await plan.identity()
        let kept = Kept()
        try await Provisioning(
            steps: plan.steps, sleep: { _ in },
            report: { if case .kept(let text) = $0 { kept.append(text) } }
        ).apply()
        return kept.all
    }

    /// The titles of the changes of a removal's plan, and what would stay.
    func plannedRemoval() async throws -> (changes: [String], kept: [String]) {
        let plan = try plan(removing: true)
        _ = try await plan.identity()
        let steps = await Provisioning(steps: plan.steps, sleep: { _ in }, report: { _ in }).plan()
        let findings = try steps.map { try $0.finding.get() }
        return (findings.flatMap { $0.changes.map(\.title) }, findings.flatMap(\.kept))
    }

    private final class Kept: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func append(_ text: String) { texts.withLock { $0.append(text) } }
    }
}
