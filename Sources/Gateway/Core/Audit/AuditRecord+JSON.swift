package import FoundationEssentials
import JOSE
package import JSON

extension AuditRecord {
    /// The version of the lines' schema: `docs/audit.md`.
    package static let schemaVersion = 1

    /// Writes the line of the record, in the order of `docs/audit.md`. Members without a value are omitted.
    ///
    /// Each exchange has one, so it is written at once, without a value of the line.
    package func writeLine(to output: inout JSONWriter) {
        output.line { line in
            line.member("audit", Self.schemaVersion)
            line.member("time", Timestamp.text(time))
            line.member("request_id", request.id)
            line.member("endpoint", request.endpoint)
            line.member("route", request.route.rawValue)
            line.member("decision", decision.rawValue)
            if let reason { line.member("reason", reason) }
            if let code { line.member("code", code.rawValue) }
            if let rule {
                line.member("rule") { member in
                    member.member("index", rule.index)
                    if let rule = rule.rule { member.member("text", rule.description) }
                }
            }
            if let auditDecision {
                line.member("audit_rules") { member in
                    switch auditDecision {
                    case .allowed(let index):
                        member.member("decision", "allowed")
                        member.member("index", index)
                    case .denied: member.member("decision", "denied")
                    }
                }
            }
            if let attributes { line.member("workload") { attributes.write(to: &$0) } }
            if let token { line.member("token") { token.write(to: &$0) } }
            if request.usesAPIServerAudience { line.member("api_server_audience", true) }
            if let remoteAddress = request.remoteAddress { line.member("remote", remoteAddress) }
            line.member("latency_us", max(0, Int(latency / .microseconds(1))))
        }
    }

    /// The line that replaces records that were lost because the sink was full.
    package static func gap(lost count: Int, at time: Date) -> JSONValue {
        [
            "audit": .integer(schemaVersion), "time": .string(Timestamp.text(time)), "decision": "lost",
            "count": .integer(count),
        ]
    }
}

extension WorkloadAttributes {
    /// Every attribute that the workload has, under its name in rules.
    fileprivate func write(to object: inout JSONWriter) {
        func write(_ name: StaticString, _ attribute: WorkloadAttribute) {
            if let value = singleValue(of: attribute) { object.member(name, value) }
        }
        write("namespace", .namespace)
        write("saname", .serviceAccountName)
        write("cluster", .cluster)
        write("username", .username)
        write("uid", .uid)
        let groups = values(of: .groups)
        if !groups.isEmpty { object.member("groups", groups) }
        write("pod-name", .podName)
        write("pod-uid", .podUID)
        write("node-name", .nodeName)
        write("node-uid", .nodeUID)
        write("credential-id", .credentialID)
    }
}

extension AuditRecord.Token {
    /// Names and units are those of the claims (RFC 7519 §4.1); `aud` is always an array.
    fileprivate func write(to object: inout JSONWriter) {
        object.member("aud", audiences)
        object.member("sub", subject)
        object.member("kid", keyID.rawValue)
        if let tokenID { object.member("jti", tokenID.rawValue) }
        object.member("exp", Int(expiration.timeIntervalSince1970))
    }
}
