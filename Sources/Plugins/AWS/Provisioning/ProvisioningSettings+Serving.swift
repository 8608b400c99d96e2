import GatewayPluginAPI
import JSON

/// Where the issuer's documents are served (`provision.serving`).
enum IssuerServing: String, Sendable, CaseIterable {
    case cloudFront = "cloudfront"
    /// The REST endpoint of the bucket: the two objects are public.
    case s3
    /// Elsewhere: only IAM is provisioned.
    case external

    init(_ word: String?, _ errors: inout [SettingsError]) {
        let known = word.map { IssuerServing(rawValue: $0) } ?? .cloudFront
        self = known ?? .cloudFront
        guard known == nil, let word else { return }
        let reason =
            word == "website"
            ? "not supported: a bucket website has no HTTPS, and the URL of an issuer is https; use cloudfront, or s3 for "
                + "the REST endpoint of the bucket"
            : "invalid value \(Quotation.of(word)); expected one of "
                + Self.allCases.map(\.rawValue).joined(separator: ", ")
        errors.append(SettingsError("provision.serving", reason))
    }
}

extension ProvisioningSettings {
    static func problems(
        of serving: IssuerServing, _ request: ProvisioningRequest, prefix: String, bucket: BucketName?
    ) -> [SettingsError] {
        var errors: [SettingsError] = []
        if request.certificate != nil {
            errors.append(SettingsError("issuer.host", "--certificate needs provision.serving: cloudfront; omit it"))
        }
        if request.publish?["distribution"] != nil {
            errors.append(
                SettingsError(
                    "publish.distribution", "needs provision.serving: cloudfront; remove one of them"))
        }
        switch serving {
        case .external where request.host == nil:
            errors.append(
                SettingsError("issuer.host", "missing required key with provision.serving: external; set it"))
        case .s3:
            if !prefix.isEmpty {
                errors.append(
                    SettingsError(
                        "publish.prefix", "not supported with provision.serving: s3; use issuer.path in its place"))
            }
            if let bucket, !bucket.isHostLabel {
                errors.append(
                    SettingsError(
                        "publish.bucket",
                        "not supported with provision.serving: s3, since the certificate of S3 does not cover a name "
                            + "with dots; use another bucket"))
            }
        case .external, .cloudFront: break
        }
        return errors
    }

    /// Checks the accounts and roles of the `provision` block.
    static func check(_ accounts: [ProvisioningAccount], _ roles: [ProvisioningRole], _ errors: inout [SettingsError]) {
        for account in accounts {
            let key = "provision.accounts.\(account.id)"
            if !AccountID.isValid(account.id) {
                errors.append(SettingsError(key, "invalid account; expected 12 digits in quotation marks"))
            }
            guard let role = account.role else { continue }
            do {
                guard try RoleARN(role).account != account.id else { continue }
                errors.append(SettingsError("\(key).role", "the role is in another account; name one of \(account.id)"))
            } catch {
                errors.append(SettingsError("\(key).role", "\(error)"))
            }
        }
        for role in roles {
            let key = "provision.roles.\(role.name)"
            if !(1...64).contains(role.name.utf8.count) || !role.name.utf8.allSatisfy(RoleSessionName.allows) {
                errors.append(SettingsError(key, "invalid role name; expected 1 to 64 letters, digits or +=,.@_-"))
            }
            for policy in role.policies where !policy.hasPrefix("arn:") || !policy.contains(":policy/") {
                errors.append(
                    SettingsError("\(key).policies", "invalid value \(Quotation.of(policy)); expected a policy's ARN"))
            }
        }
    }
}
