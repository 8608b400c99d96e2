import FoundationEssentials
import GatewayCore

/// The limits of reading labels and annotations. Times are in seconds.
struct ObjectReadLimits: Sendable {
    /// Concurrent reads; more are rejected.
    var inFlight = 128
    /// Cached objects.
    var cachedObjects = 10_000
    /// Cached labels and annotations in bytes; one object may have 256 KiB of annotations.
    var cachedBytes = 16 << 20
    /// The lifetime of a cached object.
    var lifetime = 10.0
    /// The timeout of one read, with connecting and one retry.
    var timeout = 5.0
}

/// A cache of labels and annotations, with two generations: when the young one is full or old, it replaces the old one,
/// whose objects are dropped.
struct ObjectCache {
    private struct Entry {
        let object: WorkloadMetadata.Object
        let requested: Date
    }

    /// Seconds by which the time of a caller may precede that of the read: it was taken before waiting for a lock.
    private static let tolerance = 1.0

    private let limits: ObjectReadLimits
    private var young: [KubernetesObjectReference: Entry] = [:]
    private var old: [KubernetesObjectReference: Entry] = [:]
    private var youngBytes = 0
    private var youngSince = Date(timeIntervalSince1970: 0)

    init(limits: ObjectReadLimits) { self.limits = limits }

    var count: Int { young.count + old.count }

    func object(for reference: KubernetesObjectReference, at now: Date) -> WorkloadMetadata.Object? {
        guard let entry = young[reference] ?? old[reference] else { return nil }
        let age = now.timeIntervalSince(entry.requested)
        return age < limits.lifetime && age >= -Self.tolerance ? entry.object : nil
    }

    mutating func insert(
        _ object: WorkloadMetadata.Object, for reference: KubernetesObjectReference, requested: Date
    ) {
        let bytes = Self.bytes(object)
        guard bytes <= limits.cachedBytes / 2 else {
            // An older answer must not be used in its place.
            (young[reference], old[reference]) = (nil, nil)
            return
        }
        if young.count >= max(1, limits.cachedObjects / 2) || youngBytes + bytes > limits.cachedBytes / 2
            || abs(requested.timeIntervalSince(youngSince)) >= limits.lifetime
        {
            old = young
            young = [:]
            youngBytes = 0
            youngSince = requested
        }
        young[reference] = Entry(object: object, requested: requested)
        // A replaced entry counts twice, which only shortens the generation.
        youngBytes += bytes
    }

    private static func bytes(_ object: WorkloadMetadata.Object) -> Int {
        [object.labels, object.annotations].joined().reduce(64) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    }
}
