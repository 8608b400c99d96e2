import FoundationEssentials
import GatewayCore
import JSON
import Kubernetes
import Logging

/// Creates a client of the API server of the kubeconfig or of the Pod's cluster.
enum KubernetesConnection {
    /// The folder of the ServiceAccount that the kubelet mounts into a Pod.
    static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"
    /// The maximum size of a kubeconfig in bytes.
    private static let maximumSize = 4 << 20

    /// - Parameters:
    ///   - kubeconfig: a path that can be opened; nil inside a cluster.
    ///   - environment: the environment variables of the process.
    ///   - scheduler: its clock is used for timeouts.
    /// - Throws: all problems, with the name of the file.
    static func make(
        kubeconfig: String?, environment: [String: String], serviceAccountFolder: String, at now: Date,
        limits: KubernetesClient.Limits, scheduler: Scheduler, logger: Logger
    ) throws(KubernetesConnectionError) -> (client: KubernetesClient, service: KubernetesClientService) {
        let access: ClusterAccess
        if let kubeconfig {
            access = try read(kubeconfig)
        } else {
            access = try .inCluster(environment: environment, folder: serviceAccountFolder)
        }
        let credentials = try KubernetesCredentials(access, at: now, logger: logger)
        return KubernetesClient.make(
            access, credentials: credentials, userAgent: "sts-gateway", limits: limits, scheduler: scheduler.kubernetes)
    }

    /// Reads a kubeconfig.
    ///
    /// - Parameters:
    ///   - context: nil for the current context.
    ///   - allowsPlugin: whether the user may have a credential plugin, which the caller runs.
    static func read(
        _ path: String, context: String? = nil, allowsPlugin: Bool = false
    ) throws(KubernetesConnectionError) -> ClusterAccess {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let size = attributes[.size] as? Int, size <= maximumSize,
            let contents = FileManager.default.contents(atPath: path)
        else { throw KubernetesConnectionError("\(path): not readable; expected a readable kubeconfig file") }
        let document: ConfigurationNode
        do {
            document = try YAMLConfigurationSource.parse(utf8: Array(contents))
        } catch {
            throw KubernetesConnectionError(error.text(file: path))
        }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        do {
            return try Kubeconfig.access(
                JSONValue(failsafe: document), folder: folder, context: context, allowsPlugin: allowsPlugin)
        } catch {
            throw KubernetesConnectionError(problems: error.problems.map { "\(path): \($0)" })
        }
    }
}
