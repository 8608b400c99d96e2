import GatewayCore
import Kubernetes
import KubernetesAPI
import LocalFiles

extension OpenedKeyStore {
    /// The Lease by which replicas elect their leader.
    static let leaseName = "sts-gateway"

    /// Runs the work of a command that only a leader may do, unless another process leads.
    ///
    /// - Returns: nil where another process leads. A Lease whose holder has ended takes as long as a candidate waits.
    func whileNobodyLeads<Value: Sendable>(
        _ scheduler: Scheduler, _ work: @Sendable () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value? {
        if let directory {
            let path = "\(directory.path)/\(DirectoryElection.fileName)"
            let lock: FileLock?
            do throws(LocalFile.Failure) {
                lock = try FileLock(trying: path, permissions: 0o600)
            } catch {
                throw .unavailable("\(error)")
            }
            guard let lock else { return nil }
            defer { withExtendedLifetime(lock) {} }
            return try await work()
        }
        guard let kubernetes else { return try await work() }
        let leases = KubernetesCollection(
            client: kubernetes.client, resource: .leases, namespace: kubernetes.namespace, scheduler: scheduler)
        let begin = scheduler.monotonic()
        var first: Lease.Record?
        while true {
            let record: Lease.Record?
            do throws(KubernetesAPIError) {
                record = try await leases.get(Self.leaseName).map(Lease.init)?.record
            } catch {
                throw StoreError(error)
            }
            guard let record, !record.holder.isEmpty else { return try await work() }
            if let first, first != record { return nil }
            first = record
            guard scheduler.monotonic() - begin <= Double(LeaseCandidacy.Timing().leaseDuration) else {
                return try await work()
            }
            do {
                try await scheduler.sleep(1)
            } catch {
                throw .unavailable("the command was ended")
            }
        }
    }
}
