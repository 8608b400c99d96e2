package import FoundationEssentials
package import GatewayPluginAPI
import HTTPTypes
package import JSON
import Kubernetes
import KubernetesAPI
package import Logging

/// The API server of a command that somebody runs, with that person's kubeconfig, or inside a Pod.
package struct CommandCluster: Sendable {
    /// Where address and credentials are.
    package enum Source: Sendable, Equatable {
        /// The kubeconfig files of the person who runs the command; their credential plugin is run.
        case kubeconfig([String], context: String?)
        /// `review.kubeconfig` of the gateway's configuration, whose programs are not run.
        case configured(String)
        /// The ServiceAccount of this Pod.
        case inCluster
    }

    /// Why the API server cannot be called; without anything of the request.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
        /// Whether the kubeconfig or its credentials are the reason.
        package let isOfCredentials: Bool
    }

    /// The response to a call.
    package struct Reply: Sendable {
        package let status: Int
        package let body: [UInt8]
        /// `message` of a Status, else nil.
        package let message: String?

        package var isSuccess: Bool { (200..<300).contains(status) }
        package var json: JSONValue? { try? JSONValue(parsing: body) }
    }

    package enum Method: Sendable { case get, create }

    /// Runs a credential plugin: its words, and its variables in addition to those of this process.
    package typealias ProgramRun =
        @Sendable (_ words: [String], _ variables: [String: String]) async -> Result<[UInt8], ProgramError>

    /// Host and port.
    package let address: String
    private let client: KubernetesClient
    private let service: KubernetesClientService
    private let scheduler: Scheduler

    /// Opens a connection. The API server is not called yet.
    package init(
        _ source: Source, environment: [String: String], clock: @escaping @Sendable () -> Date, logger: Logger,
        run: ProgramRun
    ) async throws(Failure) {
        scheduler = .system(clock: clock)
        var limits = KubernetesClient.Limits()
        limits.requestTimeout = 20
        do throws(KubernetesConnectionError) {
            var access: ClusterAccess
            switch source {
            case .kubeconfig(let paths, let context):
                access = try KubernetesConnection.read(paths, context: context, allowsPlugin: true)
            case .configured(let path): access = try KubernetesConnection.read(path)
            case .inCluster:
                access = try .inCluster(
                    environment: environment, folder: KubernetesConnection.serviceAccountFolder)
            }
            if let plugin = access.plugin { access = try await Self.run(plugin, for: access, run) }
            let credentials = try KubernetesCredentials(access, at: clock(), logger: logger)
            address = access.server.authority
            (client, service) = KubernetesClient.make(
                access, credentials: credentials, userAgent: "sts-gateway", limits: limits,
                scheduler: scheduler.kubernetes)
        } catch {
            throw Failure(description: error.description, isOfCredentials: true)
        }
    }

    private static func run(
        _ plugin: CredentialPlugin, for access: ClusterAccess, _ run: ProgramRun
    ) async throws(KubernetesConnectionError) -> ClusterAccess {
        let output: [UInt8]
        do throws(ProgramError) {
            output = try await run(plugin.words, plugin.environment).get()
        } catch {
            var hint = ""
            if case .cannotStart = error { hint = plugin.installHint.map { "; \(Quotation.of($0, limit: 300))" } ?? "" }
            throw plugin.problem("\(error)\(hint)")
        }
        return try plugin.credentials(in: output, for: access)
    }

    /// The limits of a credential plugin: seconds, and bytes of its output.
    package static let programLimits = (
        seconds: CredentialPlugin.timeout, bytes: CredentialPlugin.maximumOutput
    )

    /// Closes all connections; must be called.
    package func close() async { try? await service.shutdown() }

    /// Sends a call; all statuses are returned.
    ///
    /// - Parameters:
    ///   - path: with percent-encoded segments.
    ///   - form: a body of the type `application/x-www-form-urlencoded`, in place of `body`.
    package func send(
        _ method: Method, _ path: String, query: [(name: String, value: String)] = [], body: JSONValue? = nil,
        form: String? = nil
    ) async throws(Failure) -> Reply {
        do throws(KubernetesRequestError) {
            let reply = try await client.send(
                KubernetesRequest(
                    method == .get ? .get : .post, path, query: query, body: body, content: form.map { Array($0.utf8) },
                    contentType: form == nil ? "application/json" : "application/x-www-form-urlencoded",
                    accept: path.contains("/proxy/") ? "*/*" : "application/json"),
                at: scheduler.now())
            return Reply(
                status: reply.status, body: reply.body, message: KubernetesStatus(json: reply.body)?.message)
        } catch {
            throw Failure(description: error.description, isOfCredentials: false)
        }
    }

    /// Seconds by which this machine's clock is ahead of the API server's; nil before the first answer.
    package var clockDifference: Double? {
        client.serverClock.ahead(scheduler.now(), monotonic: scheduler.monotonic())
    }
}
