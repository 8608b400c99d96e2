import FoundationEssentials
import GatewayCore
import GatewayPluginAPI

/// Bounds of reading labels and annotations. Times in seconds.
package struct WorkloadMetadataLimits: Sendable {
    /// Reads at a time; beyond, callers are told to come back.
    package var inFlight = 128
    /// Objects that are kept.
    package var cachedObjects = 10_000
    /// Labels and annotations that are kept, in bytes; one object may have a quarter of a megabyte of annotations.
    package var cachedBytes = 16 << 20
    /// How long an object is kept.
    package var lifetime = 10.0
    /// For one read, with connecting and a second try.
    package var timeout = 5.0

    package init() {}
}

/// Objects read in the last seconds, in two generations as those of ``ReviewCache``: when the younger one is full or
/// old it takes the place of the elder, whose objects are dropped together.
struct MetadataCache {
    struct Key: Hashable {
        private let source: WorkloadMetadata.Source
        private let namespace: String
        private let name: String?
        /// The one that the review tells: a ServiceAccount that was made anew is not taken for that of before.
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
        let asked: Date
    }

    /// Seconds by which a caller's time may lie before that of the read, since it was taken before waiting for a lock.
    private static let tolerance = 1.0

    private let limits: WorkloadMetadataLimits
    private var younger: [Key: Entry] = [:]
    private var elder: [Key: Entry] = [:]
    private var youngerBytes = 0
    private var begun = Date(timeIntervalSince1970: 0)

    init(limits: WorkloadMetadataLimits) { self.limits = limits }

    var count: Int { younger.count + elder.count }

    func object(for key: Key, at now: Date) -> WorkloadMetadata.Object? {
        guard let entry = younger[key] ?? elder[key] else { return nil }
        let age = now.timeIntervalSince(entry.asked)
        return age < limits.lifetime && age >= -Self.tolerance ? entry.object : nil
    }

    mutating func keep(_ object: WorkloadMetadata.Object, for key: Key, asked: Date) {
        let bytes = Self.bytes(object)
        guard bytes <= limits.cachedBytes / 2 else { return }
        if younger.count >= max(1, limits.cachedObjects / 2) || youngerBytes + bytes > limits.cachedBytes / 2
            || abs(asked.timeIntervalSince(begun)) >= limits.lifetime
        {
            elder = younger
            younger = [:]
            youngerBytes = 0
            begun = asked
        }
        younger[key] = Entry(object: object, asked: asked)
        // A key that is kept again counts twice, which only shortens the generation.
        youngerBytes += bytes
    }

    private static func bytes(_ object: WorkloadMetadata.Object) -> Int {
        [object.labels, object.annotations].joined().reduce(64) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    }
}
