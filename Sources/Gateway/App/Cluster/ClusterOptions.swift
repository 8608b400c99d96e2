import ArgumentParser
import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import Logging

/// The API server of a command: that of the person who runs it.
struct ClusterOptions: ParsableArguments {
    @Option(
        help: """
            The kubeconfig; by default that of KUBECONFIG, of review.kubeconfig, inside a Pod its ServiceAccount, else \
            ~/.kube/config. Its credential plugin is run.
            """)
    var kubeconfig: String?

    @Option(help: "The context of the kubeconfig.")
    var context: String?

    /// - Parameter configured: `review.kubeconfig`, as a path that can be opened.
    /// - Returns: nil where there is none.
    func source(configured: String?) -> CommandCluster.Source? {
        let environment = ProcessInfo.processInfo.environment
        if let kubeconfig { return .kubeconfig([kubeconfig], context: context) }
        let named = (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
        let existing = named.filter { FileManager.default.fileExists(atPath: $0) }
        // As in kubectl, files that do not exist are skipped.
        if let first = named.first {
            return .kubeconfig(existing.isEmpty ? [first] : existing, context: context)
        }
        if context == nil {
            if let configured { return .configured(configured) }
            if let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty { return .inCluster }
        }
        guard let home = environment["HOME"], !home.isEmpty else { return nil }
        let path = "\(home)/.kube/config"
        return FileManager.default.fileExists(atPath: path) ? .kubeconfig([path], context: context) : nil
    }

    /// Opens the API server; the caller closes it.
    func open(configured: String?) async throws(CommandFailure) -> CommandCluster {
        guard let source = source(configured: configured) else {
            throw CommandFailure(
                .kubeconfigUnusable, "no kubeconfig, and this is not a Pod", advice: "name one with --kubeconfig")
        }
        return try await Self.open(source)
    }

    static func open(_ source: CommandCluster.Source) async throws(CommandFailure) -> CommandCluster {
        let environment = ProcessInfo.processInfo.environment
        do {
            return try await CommandCluster(
                source, environment: environment, clock: { Date() }, logger: .silent,
                run: { words, variables in
                    let limits = CommandCluster.programLimits
                    do throws(ProgramError) {
                        return .success(
                            try await LocalPrograms(environment: environment.merging(variables) { $1 })
                                .run(words, timeout: limits.seconds, maximumBytes: limits.bytes))
                    } catch {
                        return .failure(error)
                    }
                })
        } catch {
            throw CommandFailure(
                .kubeconfigUnusable, error.description, advice: "check it with kubectl auth whoami")
        }
    }
}

extension GatewayConfiguration {
    /// `review.kubeconfig`; nil where the gateway runs in its cluster, or does not call an API server.
    var kubeconfig: String? { if case .kubernetes(let path) = review { path } else { nil } }
}
