import FoundationEssentials
import GatewayCore
import JSON
import Kubernetes
import LocalFiles
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
        let (document, folder) = try document(path)
        do {
            return try Kubeconfig.access(document, folder: folder, context: context, allowsPlugin: allowsPlugin)
        } catch {
            throw KubernetesConnectionError(problems: error.problems.map { "\(path): \($0)" })
        }
    }

    private static func document(
        _ path: String
    ) throws(KubernetesConnectionError) -> (document: JSONValue, folder: String) {
        guard let contents = try? LocalFile.read(path, atMost: maximumSize) else {
            throw KubernetesConnectionError("\(path): not readable; expected a readable kubeconfig file")
        }
        do {
            let document = try YAMLConfigurationSource.parse(utf8: contents)
            return (JSONValue(failsafe: document), path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
        } catch {
            throw KubernetesConnectionError(error.text(file: path))
        }
    }
}

extension KubernetesConnection {
    /// Reads the files of `KUBECONFIG`, merged as kubectl does: of several entries with a name the first one counts, and of
    /// several current contexts.
    static func read(
        _ paths: [String], context: String?, allowsPlugin: Bool
    ) throws(KubernetesConnectionError) -> ClusterAccess {
        if paths.count == 1 { return try read(paths[0], context: context, allowsPlugin: allowsPlugin) }
        var lists = [("contexts", "context"), ("clusters", "cluster"), ("users", "user")].map {
            (list: $0.0, member: $0.1, entries: [JSONValue]())
        }
        var current: String?
        for path in paths {
            let (document, folder) = try document(path)
            for index in lists.indices {
                let entries = document[lists[index].list]?.elementList ?? []
                lists[index].entries += entries.map { absolute($0, lists[index].member, folder) }
            }
            if current == nil { current = document["current-context"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }
        }
        var members = lists.map { JSONValue.Member($0.list, .array($0.entries)) }
        if let current { members.append(.init("current-context", .string(current))) }
        do {
            return try Kubeconfig.access(.object(members), folder: ".", context: context, allowsPlugin: allowsPlugin)
        } catch {
            throw KubernetesConnectionError(problems: error.problems.map { "KUBECONFIG: \($0)" })
        }
    }

    /// The entry with absolute paths, since relative ones are relative to its own file.
    private static func absolute(_ entry: JSONValue, _ member: String, _ folder: String) -> JSONValue {
        var entry = entry
        for key in ["certificate-authority", "client-certificate", "client-key", "tokenFile"] {
            guard let path = entry[member]?[key]?.stringValue, !path.isEmpty, !path.hasPrefix("/") else { continue }
            entry = entry.setting(.string("\(folder)/\(path)"), at: member, key)
        }
        if let command = entry[member]?["exec"]?["command"]?.stringValue, command.contains("/"), !command.hasPrefix("/")
        {
            entry = entry.setting(.string("\(folder)/\(command)"), at: member, "exec", "command")
        }
        return entry
    }
}
