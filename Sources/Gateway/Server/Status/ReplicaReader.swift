import FoundationEssentials
import GatewayCore
import JSON
import Kubernetes
import KubernetesAPI
import Synchronization

/// Reads the replicas and the leader from the API server, when `/status` is asked for, at most every few seconds.
final class ReplicaReader: Sendable {
    /// Seconds for which an answer is used again.
    static let lifetime = 10.0
    /// Replicas that are shown.
    static let maximum = 50

    private struct Known {
        var replicas: StatusReport.Replicas
        var read: Double
    }

    private let pods: KubernetesCollection
    private let leases: KubernetesCollection
    private let leaseName: String
    /// The name of this replica's Pod; nil where it is not known.
    private let pod: String?
    private let scheduler: Scheduler
    private let known = Mutex<Known?>(nil)

    /// Pods of one Deployment have these labels in common ("Recommended Labels", Kubernetes).
    private static let labels = ["app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"]

    init(client: KubernetesClient, namespace: String, leaseName: String, pod: String?, scheduler: Scheduler) {
        func collection(_ resource: KubernetesResource) -> KubernetesCollection {
            KubernetesCollection(
                client: client, resource: resource, namespace: namespace, scheduler: scheduler.kubernetes, patience: 0,
                timeout: 2)
        }
        pods = collection(.pods)
        leases = collection(.leases)
        self.leaseName = leaseName
        self.pod = pod
        self.scheduler = scheduler
    }

    func read() async -> StatusReport.Replicas {
        let now = scheduler.monotonic()
        if let known = known.withLock({ $0 }), now - known.read < Self.lifetime { return known.replicas }
        var replicas = StatusReport.Replicas()
        do throws(KubernetesAPIError) {
            let holder = try await leases.get(leaseName).map { Lease($0).record.holder }
            // The Pod's name, which has no underscore, and a suffix of the process.
            replicas.leader = holder.map { String($0.prefix { $0 != "_" }) }.flatMap { $0.isEmpty ? nil : $0 }
            try await addPods(to: &replicas)
        } catch {
            replicas.problem = "the replicas are not known: \(error)"
        }
        known.withLock { [replicas] in $0 = Known(replicas: replicas, read: now) }
        return replicas
    }

    private func addPods(to replicas: inout StatusReport.Replicas) async throws(KubernetesAPIError) {
        guard let pod else {
            replicas.problem = "the other replicas are not known, since POD_NAME is not set"
            return
        }
        var labels: [String: String]?
        _ = try await pods.list(selector: nil, fields: "metadata.name=\(pod)") { labels = $0.meta.labels }
        let selector = Self.labels.compactMap { name in labels?[name].map { "\(name)=\($0)" } }
        guard selector.count == Self.labels.count else {
            replicas.problem = "the other replicas are not known, since this Pod lacks the labels of the chart"
            return
        }
        let leader = replicas.leader
        var found: [StatusReport.Replica] = []
        _ = try await pods.list(selector: selector.joined(separator: ",")) { object in
            guard found.count < Self.maximum else { return }
            found.append(Self.replica(object, leader: leader, this: pod))
        }
        replicas.all = found.sorted { $0.name < $1.name }
    }

    private static func replica(_ pod: KubernetesObject, leader: String?, this: String) -> StatusReport.Replica {
        let status = pod.json["status"]
        let conditions = status?["conditions"]?.elementList ?? []
        let isReady = conditions.contains {
            $0["type"]?.stringValue == "Ready" && $0["status"]?.stringValue == "True"
        }
        let started = status?["startTime"]?.stringValue.flatMap { try? Date($0, strategy: .iso8601) }
        return StatusReport.Replica(
            name: pod.meta.name, isReady: isReady, isLeader: pod.meta.name == leader, isThis: pod.meta.name == this,
            started: started)
    }
}
