import GatewayCore
import GatewayPluginAPI
import JSON

/// The requests of an audit log, decided by rules again.
struct AuditReplay {
    /// The requests of one ServiceAccount at one endpoint.
    private struct Caller: Hashable, Comparable {
        let endpoint: String
        let namespace: String
        let serviceAccount: String

        static func < (one: Caller, other: Caller) -> Bool {
            (one.endpoint, one.namespace, one.serviceAccount)
                < (other.endpoint, other.namespace, other.serviceAccount)
        }
    }

    private struct Changes {
        var denied = 0
        var allowed = 0
    }

    private var changes: [Caller: Changes] = [:]
    /// Records that were decided again.
    private(set) var count = 0
    /// Lines that are no audit record.
    private(set) var skipped = 0
    /// Requests whose decision depends on labels or annotations, which audit records do not have.
    private(set) var undecided = 0

    /// Requests that were allowed and would be denied.
    var deniedCount: Int { changes.values.reduce(0) { $0 + $1.denied } }

    /// - Parameters:
    ///   - log: audit records, one a line (`docs/audit.md`).
    ///   - policy: its rules in audit mode count alone, where there are any.
    ///   - endpoint: the endpoint of the records; nil for all.
    init(_ log: [UInt8], policy: AccessPolicy, endpoint: String?) {
        for line in log.split(separator: UInt8(ascii: "\n")) where !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) {
            guard let record = try? JSONValue(parsing: Array(line)), case .string(let decision)? = record["decision"]
            else {
                skipped += 1
                continue
            }
            let wasAllowed: Bool
            switch decision {
            case "issued", "allowed": wasAllowed = true
            case "denied": wasAllowed = false
            default: continue
            }
            guard case .string(let name)? = record["endpoint"], endpoint ?? name == name,
                let workload = record["workload"], let identity = WorkloadIdentity(audited: workload)
            else { continue }
            count += 1
            let attributes = WorkloadAttributes(identity, endpoint: name)
            guard let isAllowed = Self.decision(of: policy, attributes) else {
                undecided += 1
                continue
            }
            guard isAllowed != wasAllowed else { continue }
            let caller = Caller(
                endpoint: name, namespace: identity.namespace, serviceAccount: identity.serviceAccount.name)
            if isAllowed {
                changes[caller, default: Changes()].allowed += 1
            } else {
                changes[caller, default: Changes()].denied += 1
            }
        }
    }

    /// Whether the rules allow the request; nil where that depends on labels or annotations.
    private static func decision(of policy: AccessPolicy, _ attributes: WorkloadAttributes) -> Bool? {
        // Rules in audit mode use neither.
        if let decision = policy.auditDecision(attributes) { return decision != .denied }
        let known = AccessPolicy(rules: policy.rules.filter(\.metadataAttributes.isEmpty))
        if known.decide(attributes) != .denied { return true }
        return known.rules.count < policy.rules.count ? nil : false
    }

    var text: String {
        var lines: [String] = []
        for (caller, change) in changes.sorted(by: { $0.key < $1.key }) {
            let who = "\(caller.endpoint) \(caller.namespace)/\(caller.serviceAccount)"
            if change.denied > 0 { lines.append("would be denied: \(who), \(change.denied) requests") }
            if change.allowed > 0 { lines.append("would be allowed: \(who), \(change.allowed) requests") }
        }
        lines.append("\(count) requests, \(deniedCount) of them would be denied; \(skipped) lines are no records")
        if undecided > 0 {
            lines.append(
                "\(undecided) requests are not decided: a rule uses labels or annotations, which audit records do not have"
            )
        }
        return lines.joined(separator: "\n")
    }

    var json: JSONValue {
        [
            "requests": .integer(count), "skipped": .integer(skipped), "undecided": .integer(undecided),
            "changes": .array(
                changes.sorted { $0.key < $1.key }.map { caller, change in
                    [
                        "endpoint": .string(caller.endpoint), "namespace": .string(caller.namespace),
                        "saname": .string(caller.serviceAccount), "denied": .integer(change.denied),
                        "allowed": .integer(change.allowed),
                    ]
                }),
        ]
    }
}

extension WorkloadIdentity {
    /// Reads the member `workload` of an audit record; nil where it has no ServiceAccount.
    fileprivate init?(audited workload: JSONValue) {
        func text(_ name: String) -> String? {
            guard case .string(let text)? = workload[name] else { return nil }
            return text
        }
        func object(_ kind: String) -> ObjectReference? {
            text("\(kind)-name").map { ObjectReference(name: $0, uid: text("\(kind)-uid")) }
        }
        guard let namespace = text("namespace"), let name = text("saname") else { return nil }
        var groups: [String] = []
        if case .array(let values)? = workload["groups"] {
            groups = values.compactMap { if case .string(let group) = $0 { group } else { nil } }
        }
        self.init(
            cluster: text("cluster") ?? "", namespace: namespace, serviceAccount: .init(name: name, uid: text("uid")),
            pod: object("pod"), node: object("node"), groups: groups, credentialID: text("credential-id"))
    }
}
