import FoundationEssentials
import GatewayCore
import GatewayPluginAPI

/// The limits of reading labels and annotations. Times are in seconds.
package struct WorkloadMetadataLimits: Sendable {
    /// Concurrent reads; more are rejected with `Retry-After`.
    package var inFlight = 128
    /// Cached objects.
    package var cachedObjects = 10_000
    /// Cached labels and annotations in bytes; one object may have 256 KiB of annotations.
    package var cachedBytes = 16 << 20
    /// The lifetime of a cached object.
    package var lifetime = 10.0
    /// The timeout of one read, with connecting and one retry.
    package var timeout = 5.0

    package init() {}
}

/// A cache of labels and annotations, with two generations like ``ReviewCache``: when the young one is full or old, it
/// replaces the old one, whose objects are dropped.
struct MetadataCache {
    struct Key: Hashable {
        private let source: WorkloadMetadata.Source
        private let namespace: String
        private let name: String?
        /// The uid in the review: a ServiceAccount that was deleted and created again is another one.
        private let uid: String?

        init(_ source: WorkloadMetadata.Source, _ identity: WorkloadIdentity) {
            self.source = source
            namespace = identity.namespace
            name = source == .serviceAccount ? identity.serviceAccount.name : nil
            uid = source == .serviceAccount ? identity.serviceAccount.uid : nil
        }
    }

    private struct Entry {
        let object: WorkloadMetadata.Object
        let requested: Date
    }

    /// Seconds by which the time of a caller may precede that of the read: it was taken before waiting for a lock.
    private static let tolerance = 1.0

    private let limits: WorkloadMetadataLimits
    private var young: [Key: Entry] = [:]
    private var old: [Key: Entry] = [:]
    private var youngBytes = 0
    private var youngSince = Date(timeIntervalSince1970: 0)

    init(limits: WorkloadMetadataLimits) { self.limits = limits }

    var count: Int { young.count + old.count }

    func object(for key: Key, at now: Date) -> WorkloadMetadata.Object? {
        guard let entry = young[key] ?? old[key] else { return nil }
        let age = now.timeIntervalSince(entry.requested)
        return age < limits.lifetime && age >= -Self.tolerance ? entry.object : nil
    }

    mutating func insert(_ object: WorkloadMetadata.Object, for key: Key, requested: Date) {
        let bytes = Self.bytes(object)
        guard bytes <= limits.cachedBytes / 2 else { return }
        if young.count >= max(1, limits.cachedObjects / 2) || youngBytes + bytes > limits.cachedBytes / 2
            || abs(requested.timeIntervalSince(youngSince)) >= limits.lifetime
        {
            old = young
            young = [:]
            youngBytes = 0
            youngSince = requested
        }
        young[key] = Entry(object: object, requested: requested)
        // A replaced entry counts twice, which only shortens the generation.
        youngBytes += bytes
    }

    private static func bytes(_ object: WorkloadMetadata.Object) -> Int {
        [object.labels, object.annotations].joined().reduce(64) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    }
}
