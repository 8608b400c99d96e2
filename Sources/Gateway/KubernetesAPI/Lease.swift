public import JSON

/// A Lease (coordination.k8s.io/v1), which has one holder at a time.
public struct Lease: Sendable {
    /// The `spec`. Times are texts, because they are only compared for equality.
    public struct Record: Sendable, Equatable {
        /// `holderIdentity`; empty if the Lease has no holder.
        public var holder: String
        /// `leaseDurationSeconds`; nil if it is missing.
        public var duration: Int?
        /// `acquireTime`.
        public var acquired: String?
        /// `renewTime`.
        public var renewed: String?
        /// `leaseTransitions`: how often the holder changed.
        public var transitions: Int

        /// Creates a record of its members.
        public init(holder: String, duration: Int?, acquired: String?, renewed: String?, transitions: Int) {
            self.holder = holder
            self.duration = duration
            self.acquired = acquired
            self.renewed = renewed
            self.transitions = transitions
        }
    }

    /// Returns the next number of `leaseTransitions`, an int32 of the API; a number that is not one is replaced.
    public static func nextTransition(after transitions: Int) -> Int {
        (0..<Int(Int32.max)).contains(transitions) ? transitions + 1 : 1
    }

    /// The object with all its fields.
    public let object: KubernetesObject

    /// Creates a Lease of an object that was read.
    public init(_ object: KubernetesObject) { self.object = object }

    /// The `spec`.
    public var record: Record {
        let spec = object.json["spec"]
        return Record(
            holder: spec?["holderIdentity"]?.stringValue ?? "",
            duration: spec?["leaseDurationSeconds"]?.integerValue, acquired: spec?["acquireTime"]?.stringValue,
            renewed: spec?["renewTime"]?.stringValue, transitions: spec?["leaseTransitions"]?.integerValue ?? 0)
    }

    /// Returns the body that creates a Lease.
    public static func new(name: String, namespace: String, _ record: Record) -> JSONValue {
        let json: JSONValue = ["metadata": ["name": .string(name), "namespace": .string(namespace)]]
        return setting(record, in: json)
    }

    /// Returns the body that updates this Lease: with another record, and all other fields unchanged.
    public func setting(_ record: Record) -> JSONValue { Self.setting(record, in: object.json) }

    private static func setting(_ record: Record, in json: JSONValue) -> JSONValue {
        json.setting(.string(KubernetesResource.leases.apiVersion), at: "apiVersion")
            .setting(.string(KubernetesResource.leases.kind), at: "kind")
            .setting(.string(record.holder), at: "spec", "holderIdentity")
            .setting(record.duration.map(JSONValue.integer), at: "spec", "leaseDurationSeconds")
            .setting(record.acquired.map(JSONValue.string), at: "spec", "acquireTime")
            .setting(record.renewed.map(JSONValue.string), at: "spec", "renewTime")
            .setting(.integer(record.transitions), at: "spec", "leaseTransitions")
    }
}
