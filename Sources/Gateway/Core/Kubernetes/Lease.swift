package import JSON

/// A Lease (coordination.k8s.io/v1): who holds what only one may hold.
package struct Lease: Sendable {
    /// What it says, with the times as they were written, since they are compared and never reckoned with.
    package struct Record: Sendable, Equatable {
        /// Empty where nobody holds it.
        package var holder: String
        /// Seconds; nil where none is said.
        package var duration: Int?
        package var acquired: String?
        package var renewed: String?
        /// How often it went from one holder to another.
        package var transitions: Int

        package init(holder: String, duration: Int?, acquired: String?, renewed: String?, transitions: Int) {
            self.holder = holder
            self.duration = duration
            self.acquired = acquired
            self.renewed = renewed
            self.transitions = transitions
        }
    }

    package let object: KubernetesObject

    package init(_ object: KubernetesObject) { self.object = object }

    package var record: Record {
        let spec = object.json["spec"]
        return Record(
            holder: spec?["holderIdentity"]?.stringValue ?? "",
            duration: spec?["leaseDurationSeconds"]?.integerValue, acquired: spec?["acquireTime"]?.stringValue,
            renewed: spec?["renewTime"]?.stringValue, transitions: spec?["leaseTransitions"]?.integerValue ?? 0)
    }

    /// A Lease to be made.
    package static func new(name: String, namespace: String, _ record: Record) -> JSONValue {
        let json: JSONValue = ["metadata": ["name": .string(name), "namespace": .string(namespace)]]
        return setting(record, in: json)
    }

    /// This Lease with another record, and with everything else that it has: to be written in its place.
    package func setting(_ record: Record) -> JSONValue { Self.setting(record, in: object.json) }

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
