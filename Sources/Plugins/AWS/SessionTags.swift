import GatewayPluginAPI
import JSON

/// The session tags and the source identity of a token: claims that AWS STS copies into the session
/// (`AssumeRoleWithWebIdentity`). Both are opt-in: without `sts:TagSession`, or `sts:SetSourceIdentity`, in the role's
/// trust policy AWS denies the whole call.
struct SessionTags: Sendable {
    /// A value with `{namespace}`, `{saname}` and `{cluster}`.
    private let tags: [(key: String, value: String)]
    private let transitiveKeys: [String]
    private let hasSourceIdentity: Bool

    private static let placeholders = ["{namespace}", "{saname}", "{cluster}"]
    /// The maximum length of a value, in characters ("Pass session tags in AWS STS").
    private static let maximumValueLength = 256

    /// - Parameter errors: gets what is wrong.
    init(_ settings: AWSProvider.Settings, errors: inout [SettingsError]) {
        tags = (settings.sessionTags ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        transitiveKeys = settings.transitiveTags ?? []
        hasSourceIdentity = settings.sourceIdentity ?? false
        if tags.count > 50 {
            errors.append(SettingsError("settings.sessionTags", "\(tags.count) tags; expected at most 50"))
        }
        for (key, value) in tags {
            let place = "settings.sessionTags.\(key)"
            if !(1...128).contains(key.utf8.count) || !key.utf8.allSatisfy(Self.isOfTag)
                || key.lowercased().hasPrefix("aws:")
            {
                errors.append(
                    SettingsError(
                        place,
                        "invalid key \(Quotation.of(key)); expected 1 to 128 letters, digits, spaces and _.:/=+-@, not "
                            + "beginning with aws:"))
            }
            var literal = value
            for placeholder in Self.placeholders { literal = literal.replacing(placeholder, with: "") }
            if value.isEmpty || literal.utf8.count > Self.maximumValueLength || !literal.utf8.allSatisfy(Self.isOfTag) {
                errors.append(
                    SettingsError(
                        place,
                        "invalid value \(Quotation.of(value)); expected 1 to 256 letters, digits, spaces and _.:/=+-@, with "
                            + "{namespace}, {saname} and {cluster}"))
            }
        }
        for key in transitiveKeys where !tags.contains(where: { $0.key.isExactly(key) }) {
            errors.append(
                SettingsError("settings.transitiveTags", "\(Quotation.of(key)) is no key of settings.sessionTags"))
        }
    }

    /// The claims of a workload.
    func claims(for workload: WorkloadIdentity) -> PrivateClaims {
        var claims = PrivateClaims()
        if !tags.isEmpty {
            let principal = tags.map { key, value in
                JSONValue.Member(key, .array([.string(Self.rendered(value, workload))]))
            }
            var members: [JSONValue.Member] = [.init("principal_tags", .object(principal))]
            if !transitiveKeys.isEmpty {
                members.append(.init("transitive_tag_keys", .array(transitiveKeys.map(JSONValue.string))))
            }
            claims.set("https://aws.amazon.com/tags", .object(members))
        }
        if hasSourceIdentity {
            let name = RoleSessionName(
                namespace: workload.namespace, serviceAccountName: workload.serviceAccount.name)
            claims.set("https://aws.amazon.com/source_identity", .string(name.rawValue))
        }
        return claims
    }

    /// The value, cut to the maximum length: names of Kubernetes have only characters that a tag may have.
    private static func rendered(_ value: String, _ workload: WorkloadIdentity) -> String {
        let text = value.replacing("{namespace}", with: workload.namespace)
            .replacing("{saname}", with: workload.serviceAccount.name)
            .replacing("{cluster}", with: workload.cluster)
        return String(text.prefix(maximumValueLength))
    }

    private static func isOfTag(_ byte: UInt8) -> Bool {
        RoleSessionName.allows(byte) && byte != UInt8(ascii: ",") || " .:/=+-@".utf8.contains(byte)
    }
}
