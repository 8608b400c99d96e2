package import FoundationEssentials
import JOSE
package import JSON

extension AuditRecord {
    /// The version of the lines' schema: `docs/audit.md`.
    package static let schemaVersion = 1

    /// The line of the record, in the order of `docs/audit.md`. Members without a value are omitted.
    package var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("audit", .integer(Self.schemaVersion)),
            .init("time", .string(Timestamp.text(time))),
            .init("request_id", .string(request.id)),
            .init("endpoint", .string(request.endpoint)),
            .init("route", .string(request.route.rawValue)),
            .init("decision", .string(decision.rawValue)),
        ]
        if let reason { members.append(.init("reason", .string(reason))) }
        if let code { members.append(.init("code", .string(code.rawValue))) }
        if let rule {
            var parts = [JSONValue.Member("index", .integer(rule.index))]
            if let rule = rule.rule { parts.append(.init("text", .string(rule.description))) }
            members.append(.init("rule", .object(parts)))
        }
        if let auditDecision {
            switch auditDecision {
            case .allowed(let index):
                members.append(.init("audit_rules", ["decision": "allowed", "index": .integer(index)]))
            case .denied: members.append(.init("audit_rules", ["decision": "denied"]))
            }
        }
        if let attributes { members.append(.init("workload", Self.workload(attributes))) }
        if let token { members.append(.init("token", token.json)) }
        if request.usesAPIServerAudience { members.append(.init("api_server_audience", true)) }
        if let remoteAddress = request.remoteAddress { members.append(.init("remote", .string(remoteAddress))) }
        members.append(.init("latency_us", .integer(max(0, Int(latency / .microseconds(1))))))
        return .object(members)
    }

    /// The line that replaces records that were lost because the sink was full.
    package static func gap(lost count: Int, at time: Date) -> JSONValue {
        [
            "audit": .integer(schemaVersion), "time": .string(Timestamp.text(time)), "decision": "lost",
            "count": .integer(count),
        ]
    }

    /// Every attribute that the workload has, under its name in rules.
    private static func workload(_ attributes: WorkloadAttributes) -> JSONValue {
        .object(
            WorkloadAttribute.allCases.compactMap { attribute in
                guard attribute != .endpoint else { return nil }
                let values = attributes.values(of: attribute)
                guard let first = values.first else { return nil }
                return JSONValue.Member(
                    attribute.rawValue, attribute == .groups ? .array(values.map(JSONValue.string)) : .string(first))
            })
    }
}

extension AuditRecord.Token {
    /// Names and units are those of the claims (RFC 7519 §4.1); `aud` is always an array.
    fileprivate var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("aud", .array(audiences.map(JSONValue.string))),
            .init("sub", .string(subject)),
            .init("kid", .string(keyID.rawValue)),
        ]
        if let tokenID { members.append(.init("jti", .string(tokenID.rawValue))) }
        members.append(.init("exp", .integer(Int(expiration.timeIntervalSince1970))))
        return .object(members)
    }
}
