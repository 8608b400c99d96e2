import GatewayCore
import GatewayPluginAPI
import JSON

/// The result of one check. Its texts are one line each, without control characters, tokens and keys.
struct DoctorFinding: Sendable {
    enum Status: String, Sendable, CaseIterable {
        case ok
        case warning
        case failed
        case notChecked = "not checked"
    }

    /// The parts of a report, in their order.
    enum Section: String, Sendable, CaseIterable {
        case configuration
        case cluster = "API server"
        case gateway
        case policies = "admission policies"
        case webhook
        case node = "node driver"
        case workload
        case issuer = "issuer documents"
        case party = "relying party"
    }

    let section: Section
    /// What was checked, such as `version`.
    let check: String
    /// The endpoint; nil for all.
    let endpoint: String?
    let status: Status
    /// nil for `ok` and `not checked`.
    let code: ErrorCode?
    let cause: String
    let advice: String?

    private init(
        _ section: Section, _ check: String, _ endpoint: String?, _ status: Status, _ code: ErrorCode?, _ cause: String,
        _ advice: String?
    ) {
        self.section = section
        self.check = PrintableText.line(check, limit: 80)
        self.endpoint = endpoint
        self.status = status
        self.code = code
        self.cause = PrintableText.line(cause, limit: 1_000)
        self.advice = advice.map { PrintableText.line($0) }
    }

    static func ok(_ section: Section, _ check: String, of endpoint: String? = nil, _ cause: String) -> Self {
        Self(section, check, endpoint, .ok, nil, cause, nil)
    }

    static func warning(
        _ section: Section, _ check: String, of endpoint: String? = nil, _ code: ErrorCode, _ cause: String,
        advice: String? = nil
    ) -> Self {
        Self(section, check, endpoint, .warning, code, cause, advice)
    }

    static func failed(
        _ section: Section, _ check: String, of endpoint: String? = nil, _ code: ErrorCode, _ cause: String,
        advice: String? = nil
    ) -> Self {
        Self(section, check, endpoint, .failed, code, cause, advice)
    }

    static func notChecked(
        _ section: Section, _ check: String, of endpoint: String? = nil, _ cause: String, advice: String? = nil
    ) -> Self {
        Self(section, check, endpoint, .notChecked, nil, cause, advice)
    }

    /// A failure of a call; where a permission is missing, the check could not run.
    static func failure(
        _ section: Section, _ check: String, of endpoint: String? = nil, _ failure: CommandFailure
    ) -> Self {
        if let permission = failure.missingPermission {
            return notChecked(section, check, of: endpoint, "needs \(permission)", advice: failure.advice)
        }
        return failed(section, check, of: endpoint, failure.code, failure.cause, advice: failure.advice)
    }

    static func party(_ finding: RelyingPartyFinding, of endpoint: String) -> Self {
        let (status, code): (Status, ErrorCode?) =
            switch finding.status {
            case .ok: (.ok, nil)
            case .warning(let fault): (.warning, fault.code)
            case .failed(let fault): (.failed, fault.code)
            case .notChecked: (.notChecked, nil)
            }
        return Self(.party, finding.check, endpoint, status, code, finding.cause, finding.advice)
    }

    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("section", .string(section.rawValue)), .init("check", .string(check)),
        ]
        if let endpoint { members.append(.init("endpoint", .string(endpoint))) }
        members.append(.init("status", .string(status == .notChecked ? "not_checked" : status.rawValue)))
        if let code { members.append(.init("code", .string(code.rawValue))) }
        members.append(.init("cause", .string(cause)))
        if let advice { members.append(.init("advice", .string(advice))) }
        if let code { members.append(.init("link", .string(code.link))) }
        return .object(members)
    }

    /// Lines without indentation; those after the first belong to it.
    var lines: [String] {
        let name = endpoint.map { "\($0): \(check)" } ?? check
        var lines = ["\(name): " + (code.map { "\($0): " } ?? "") + cause]
        if let advice { lines.append("do: \(advice)") }
        if let code { lines.append("see: \(code.link)") }
        return lines
    }
}

extension RelyingPartyFinding.Fault {
    var code: ErrorCode {
        switch self {
        case .unreadable: .partyUnreadable
        case .issuer: .partyIssuer
        case .audience: .partyAudience
        case .identity: .partyIdentity
        case .wide: .partyTrustWide
        case .workload: .partyTrustMismatch
        case .setting: .partySetting
        case .exchange: .partyExchange
        }
    }
}
