import AWSXML

/// The configuration of the distribution (CloudFront API Reference, DistributionConfig). Elements of others stay.
struct DistributionConfiguration: Sendable {
    let comment: String
    let bucketDomain: String
    let originPath: String
    let accessControl: String
    let alias: String?
    let certificate: String?
    let callerReference: String

    /// The managed cache policy CachingOptimized, which honors `max-age`.
    static let cachePolicy = "658327ea-f89d-4fab-a63d-7e88639e58f6"
    static let originID = "bucket"

    /// Of a new distribution.
    var created: XMLElement {
        let configuration = applied(to: .tree("DistributionConfig", [.text("CallerReference", callerReference)]))
            .setting(
                .tree(
                    "Restrictions",
                    [.tree("GeoRestriction", [.text("RestrictionType", "none"), .text("Quantity", "0")])]))
        return certificate == nil
            ? configuration.setting(.tree("ViewerCertificate", [.text("CloudFrontDefaultCertificate", "true")]))
            : configuration
    }

    /// The wanted configuration, made of the current one.
    func applied(to current: XMLElement) -> XMLElement {
        var changed = current
        if let alias {
            let names = (current["Aliases"]?["Items"]?.children ?? []).map(\.text)
            if !names.contains(alias) {
                changed = changed.setting(.list("Aliases", (names + [alias]).map { .text("CNAME", $0) }))
            }
        }
        changed = changed.setting(origins(current["Origins"]))
        changed = changed.setting(behavior(current["DefaultCacheBehavior"] ?? .tree("DefaultCacheBehavior", [])))
        changed = changed.setting(errors(current["CustomErrorResponses"]))
        changed = changed.setting(.text("Comment", comment))
        changed = changed.setting(.text("Enabled", "true"))
        if let certificate {
            let wanted = [
                ("ACMCertificateArn", certificate), ("SSLSupportMethod", "sni-only"),
                ("MinimumProtocolVersion", "TLSv1.2_2021"),
            ]
            let viewer = current["ViewerCertificate"]
            if !wanted.allSatisfy({ viewer?[$0.0]?.text == $0.1 }) {
                changed = changed.setting(.tree("ViewerCertificate", wanted.map { .text($0.0, $0.1) }))
            }
        }
        return changed
    }

    private func origins(_ current: XMLElement?) -> XMLElement {
        var items = current?["Items"]?.children ?? []
        let index = items.firstIndex { $0["Id"]?.text == Self.originID }
        var origin = index.map { items[$0] } ?? .tree("Origin", [.text("Id", Self.originID)])
        origin = origin.setting(.text("DomainName", bucketDomain)).setting(.text("OriginPath", originPath))
        if origin["S3OriginConfig"]?["OriginAccessIdentity"]?.text != "" || origin["S3OriginConfig"] == nil {
            origin = origin.setting(.tree("S3OriginConfig", [.text("OriginAccessIdentity", "")]))
        }
        origin = origin.setting(.text("OriginAccessControlId", accessControl))
        if let index { items[index] = origin } else { items.append(origin) }
        return .list("Origins", items)
    }

    private func behavior(_ current: XMLElement) -> XMLElement {
        var changed = current.setting(.text("TargetOriginId", Self.originID))
            .setting(.text("ViewerProtocolPolicy", "https-only"))
        let methods = Set((current["AllowedMethods"]?["Items"]?.children ?? []).map(\.text))
        if methods != ["GET", "HEAD"] {
            let items: [XMLElement] = [.text("Method", "HEAD"), .text("Method", "GET")]
            changed = changed.setting(.list("AllowedMethods", items, more: [.list("CachedMethods", items)]))
        }
        // Legacy cache settings exclude a cache policy.
        for name in ["ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"] { changed = changed.removing(name) }
        return changed.setting(.text("CachePolicyId", Self.cachePolicy))
    }

    /// A missing document is not cached, so that the first publication is visible at once.
    private func errors(_ current: XMLElement?) -> XMLElement {
        var items = current?["Items"]?.children ?? []
        for status in ["403", "404"] {
            let wanted = XMLElement.text("ErrorCachingMinTTL", "0")
            if let index = items.firstIndex(where: { $0["ErrorCode"]?.text == status }) {
                items[index] = items[index].setting(wanted)
            } else {
                items.append(.tree("CustomErrorResponse", [.text("ErrorCode", status), wanted]))
            }
        }
        return .list("CustomErrorResponses", items)
    }

    /// The configuration without what has no effect: empty elements, and the order of the elements.
    static func normalized(_ element: XMLElement) -> XMLElement {
        let children = element.children.map(normalized)
            .filter { !$0.children.isEmpty || !$0.text.isEmpty }
            .sorted { ($0.name, $0.outline) < ($1.name, $1.outline) }
        return XMLElement(element.name, text: element.text, children: children)
    }
}
