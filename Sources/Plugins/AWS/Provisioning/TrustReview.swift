import GatewayPluginAPI
import JSON

/// Who could assume a role through its trust policy, and what makes it wider than tokens of single ServiceAccounts (IAM User
/// Guide, "IAM JSON policy elements: Condition operators", "Available keys for AWS OIDC federation"). What is not understood
/// is an error. Deny statements only narrow, so they are not read.
struct TrustReview: Sendable {
    private(set) var allowed: [String] = []
    /// The values and patterns of `sub` that may assume the role; nil where a statement accepts every one.
    private(set) var subjects: [(text: String, isPattern: Bool)]? = []
    private(set) var errors: [String] = []
    private(set) var warnings: [String] = []
    private let provider: String
    /// The issuer in lower case: condition keys are compared without case.
    private let issuer: String
    private let audiences: [String]
    private let template: SubjectPattern

    /// The prefix of subjects of the gateway's publishers.
    static let reservedPrefix = "sts-gateway:"

    init(_ policy: PolicyDocument, provider: String, issuer: String, audiences: [String], subjectTemplate: String) {
        self.provider = provider
        self.issuer = issuer.lowercased()
        self.audiences = audiences
        template = SubjectPattern(subjectTemplate)
        for (index, statement) in policy.statements.enumerated() {
            let name = statement["Sid"].flatMap(Self.text) ?? "\(index + 1)"
            switch statement["Effect"] {
            case "Allow":
                var found: [String] = []
                review(statement) { found.append("statement \(name): \($0)") }
                errors += found
            case "Deny": break
            default: errors.append("statement \(name): Effect is neither Allow nor Deny")
            }
        }
    }

    /// One line.
    var summary: String {
        let who = allowed.isEmpty ? "nobody of this endpoint" : allowed.joined(separator: ", ")
        return who + (warnings.isEmpty ? "" : " (warning: \(warnings.joined(separator: "; ")))")
    }

    private mutating func review(_ statement: JSONValue, _ report: (String) -> Void) {
        var isOfEndpoint = false
        switch (statement["Principal"], statement["NotPrincipal"]) {
        case (_, .some): report("NotPrincipal allows everybody else; use Principal")
        case ("*", _): report("Principal \"*\" allows everybody")
        case (.object(let kinds)?, nil):
            for kind in kinds {
                for value in Self.list(kind.value) {
                    if kind.name == "Federated", value == provider {
                        isOfEndpoint = true
                    } else if value == "*" {
                        report("Principal {\"\(kind.name)\": \"*\"} allows everybody")
                    } else {
                        report("allows \(kind.name) \(value), which is not this issuer's provider")
                        allowed.append(value)
                    }
                }
            }
        default: report("Principal is missing")
        }
        if statement["NotAction"] != nil { report("NotAction allows all other actions; use Action") }
        let actions = Self.list(statement["Action"]).map { $0.lowercased() }
        for action in actions where !Self.actions.contains(action) { report("allows the action \(action)") }
        let wildcards = actions.contains { $0.contains("*") || $0.contains("?") }
        guard isOfEndpoint, actions.contains(Self.actions[0]) || wildcards || statement["NotAction"] != nil else {
            return
        }
        let subjects = bound("sub", statement, report)
        let accepted = bound("aud", statement, report)
        reviewAudiences(accepted, report)
        // A statement for another audience does not accept the endpoint's tokens.
        if accepted.isEmpty || accepted.contains(where: { value in audiences.contains { value.matches($0) } }) {
            self.subjects = subjects.isEmpty ? nil : self.subjects.map { $0 + subjects.map { ($0.text, $0.isPattern) } }
        }
        if subjects.isEmpty {
            report("\(issuer):sub is not bound: every token of the issuer is accepted")
            allowed.append("every ServiceAccount")
        }
        for subject in subjects { review(subject, report) }
    }

    private struct Value {
        let text: String
        let isPattern: Bool

        func matches(_ other: String) -> Bool { isPattern ? TrustReview.matches(other, text) : text == other }
    }

    /// Whether a token with that subject may assume the role.
    func accepts(_ subject: String) -> Bool {
        guard let subjects else { return true }
        return subjects.contains { $0.isPattern ? Self.matches(subject, $0.text) : $0.text == subject }
    }

    /// `StringLike`: `*` for any characters, `?` for one.
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let text = Array(text.unicodeScalars), pattern = Array(pattern.unicodeScalars)
        var (at, here) = (0, 0)
        var star: (pattern: Int, text: Int)?
        while here < text.count {
            if at < pattern.count, pattern[at] == "*" {
                star = (at + 1, here)
                at += 1
            } else if at < pattern.count, pattern[at] == "?" || pattern[at] == text[here] {
                (at, here) = (at + 1, here + 1)
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                (at, here) = (last.pattern, last.text + 1)
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == "*" }
    }

    /// The values of positive conditions on a key of the issuer.
    private func bound(_ claim: String, _ statement: JSONValue, _ report: (String) -> Void) -> [Value] {
        guard case .object(let operators) = statement["Condition"] else { return [] }
        var found: [Value] = []
        for condition in operators {
            guard case .object(let keys) = condition.value else { continue }
            for key in keys {
                let name = key.name.lowercased()
                if name.hasSuffix(":\(claim)"), name != "\(issuer):\(claim)" {
                    report("binds \(key.name), which is another issuer's key")
                }
                guard name == "\(issuer):\(claim)" else { continue }
                var word = condition.name.lowercased()
                if word.hasPrefix("foranyvalue:") { word = String(word.dropFirst("foranyvalue:".count)) }
                switch word {
                case "stringequals", "stringlike":
                    let isLike = word == "stringlike"
                    // Conditions are combined by AND, so each further one only narrows.
                    guard found.isEmpty else { continue }
                    found = Self.list(key.value).map {
                        Value(text: $0, isPattern: isLike && $0.contains { "*?".contains($0) })
                    }
                case _ where word.hasPrefix("forallvalues:"):
                    report("\(condition.name) on \(key.name) holds for a token without the claim; use StringEquals")
                case _ where word.hasSuffix("ifexists"):
                    report("\(condition.name) on \(key.name) holds for a token without the claim; use StringEquals")
                case _ where word.contains("not"):
                    report("\(condition.name) on \(key.name) excludes values and allows all others; use StringEquals")
                default: report("\(condition.name) on \(key.name) is not understood; use StringEquals")
                }
            }
        }
        return found
    }

    private mutating func reviewAudiences(_ values: [Value], _ report: (String) -> Void) {
        if values.isEmpty { report("\(issuer):aud is not bound") }
        for value in values {
            if value.text.contains("${") {
                report("the audience \(Quotation.of(value.text)) has a policy variable, which any token may match")
            } else if value.isPattern {
                report("the pattern \"\(value.text)\" of \(issuer):aud allows other audiences; name them")
            } else if !audiences.contains(value.text) {
                warnings.append("the endpoint issues no token for the audience \(value.text)")
            }
        }
    }

    private mutating func review(_ subject: Value, _ report: (String) -> Void) {
        if subject.text.contains("${") {
            report("the subject \(Quotation.of(subject.text)) has a policy variable, which any token may match")
            allowed.append("ServiceAccounts that match \(Quotation.of(subject.text))")
            return
        }
        guard subject.isPattern else {
            if subject.text.hasPrefix(Self.reservedPrefix) {
                report("allows \(subject.text), the gateway's publisher")
            }
            let account = template.serviceAccount(of: subject.text)
            allowed.append(account.map { "ServiceAccount \($0)" } ?? "the subject \(Quotation.of(subject.text))")
            return
        }
        if Self.canBegin(subject.text, Self.reservedPrefix) {
            report("the pattern \"\(subject.text)\" reaches \(Self.reservedPrefix), the gateway's publishers")
        }
        if let namespace = template.namespace(ofPattern: subject.text) {
            allowed.append("ServiceAccounts \(namespace)/* that match \(subject.text)")
            warnings.append("\"\(subject.text)\" is a pattern; exact subjects are safer")
        } else {
            report("the pattern \"\(subject.text)\" reaches another namespace; name exact subjects")
            allowed.append("ServiceAccounts that match \(subject.text)")
        }
    }

    /// Whether a text that matches the pattern can begin with the prefix.
    static func canBegin(_ pattern: String, _ prefix: String) -> Bool {
        var rest = prefix[...]
        for character in pattern {
            guard let first = rest.first else { return true }
            if character == "*" { return true }
            guard character == "?" || character == first else { return false }
            rest = rest.dropFirst()
        }
        return rest.isEmpty
    }

    private static let actions = ["sts:assumerolewithwebidentity", "sts:tagsession", "sts:setsourceidentity"]

    private static func text(_ value: JSONValue) -> String? {
        if case .string(let text) = value { return text }
        return nil
    }

    private static func list(_ value: JSONValue?) -> [String] {
        switch value {
        case .string(let text)?: [text]
        case .array(let values)?: values.compactMap(text)
        default: []
        }
    }
}

/// The template of `sub` with the cluster's name, to find the ServiceAccount of a subject.
struct SubjectPattern: Sendable {
    private let template: String

    init(_ template: String) { self.template = template }

    /// The parts around the placeholders in the order of the template.
    private var parts: (before: String, first: String, between: String, second: String, after: String)? {
        guard let namespace = template.firstRange(of: "{namespace}"), let name = template.firstRange(of: "{saname}"),
            template[namespace.upperBound...].firstRange(of: "{namespace}") == nil,
            template[name.upperBound...].firstRange(of: "{saname}") == nil
        else { return nil }
        let isNamespaceFirst = namespace.lowerBound < name.lowerBound
        let (left, right) = isNamespaceFirst ? (namespace, name) : (name, namespace)
        let between = String(template[left.upperBound..<right.lowerBound])
        guard !between.isEmpty else { return nil }
        return (
            String(template[..<left.lowerBound]), isNamespaceFirst ? "namespace" : "saname", between,
            isNamespaceFirst ? "saname" : "namespace", String(template[right.upperBound...])
        )
    }

    /// - Returns: `<namespace>/<name>`; nil where the subject is not of the template.
    func serviceAccount(of subject: String) -> String? {
        guard let parts, subject.hasPrefix(parts.before), subject.hasSuffix(parts.after),
            subject.utf8.count >= parts.before.utf8.count + parts.after.utf8.count
        else { return nil }
        let inner = subject.dropFirst(parts.before.count).dropLast(parts.after.count)
        guard let separator = inner.firstRange(of: parts.between) else { return nil }
        let (left, right) = (inner[..<separator.lowerBound], inner[separator.upperBound...])
        guard !left.isEmpty, !right.isEmpty, isOfName(String(left)), isOfName(String(right)) else { return nil }
        return parts.first == "namespace" ? "\(left)/\(right)" : "\(right)/\(left)"
    }

    /// The only namespace whose subjects match the pattern; nil where there may be others.
    func namespace(ofPattern pattern: String) -> String? {
        guard let parts, parts.first == "namespace", !isOfName(parts.between) else { return nil }
        let literal = pattern.prefix { $0 != "*" && $0 != "?" }
        guard literal.hasPrefix(parts.before) else { return nil }
        let rest = literal.dropFirst(parts.before.count)
        guard let separator = rest.firstRange(of: parts.between), separator.lowerBound > rest.startIndex else {
            return nil
        }
        return String(rest[..<separator.lowerBound])
    }

    /// Whether a name may contain the text, so that it does not separate two names.
    private func isOfName(_ text: String) -> Bool {
        text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
    }
}
