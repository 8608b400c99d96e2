import FoundationEssentials
import GatewayPluginAPI
import JOSE
import JSON

@testable import GatewayCore

extension AuditRecord {
    /// The value that the line is the text of.
    var tree: JSONValue {
        var members: [JSONValue.Member] = [
            .init("audit", .integer(Self.schemaVersion)),
            .init("time", .string(time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))),
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
        switch auditDecision {
        case .allowed(let index)?:
            members.append(.init("audit_rules", ["decision": "allowed", "index": .integer(index)]))
        case .denied?: members.append(.init("audit_rules", ["decision": "denied"]))
        case nil: break
        }
        if let attributes { members.append(.init("workload", Self.tree(attributes))) }
        if let token { members.append(.init("token", Self.tree(token))) }
        if request.usesAPIServerAudience { members.append(.init("api_server_audience", true)) }
        if let remoteAddress = request.remoteAddress { members.append(.init("remote", .string(remoteAddress))) }
        members.append(.init("latency_us", .integer(max(0, Int(latency / .microseconds(1))))))
        return .object(members)
    }

    private static func tree(_ attributes: WorkloadAttributes) -> JSONValue {
        .object(
            WorkloadAttributes.names.compactMap { name in
                guard name != "endpoint", let values = attributes.values(of: name), let first = values.first else {
                    return nil
                }
                return JSONValue.Member(
                    name, name == "groups" ? .array(values.map(JSONValue.string)) : .string(first))
            })
    }

    private static func tree(_ token: Token) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("aud", .array(token.audiences.map(JSONValue.string))),
            .init("sub", .string(token.subject)),
            .init("kid", .string(token.keyID.rawValue)),
        ]
        if let tokenID = token.tokenID { members.append(.init("jti", .string(tokenID.rawValue))) }
        members.append(.init("exp", .integer(Int(token.expiration.timeIntervalSince1970))))
        return .object(members)
    }
}
