/// An issuer identifier: `https://<host><path>`, without port, query, fragment or final slash (OpenID Connect Core §2).
public struct Issuer: Hashable, Sendable, CustomStringConvertible {
    /// A DNS name in lower case.
    public let host: String
    /// Empty, or segments of unreserved characters (RFC 3986 §2.3) that each begin with a slash; 255 bytes at most.
    public let path: String
    /// The path below the issuer's URL of the key set that the discovery document names; nil for ``keysPath``, where the
    /// key set is in any case. It is not empty, and has the form of ``path``.
    public let jwksPath: String?

    /// Creates an issuer; nil where the host is not a DNS name or a path is not as ``path`` says. The host is lowercased.
    public init?(host: String, path: String, jwksPath: String? = nil) {
        let host = host.lowercased()
        guard Self.isHostName(host), Self.isPath(path), jwksPath.map({ !$0.isEmpty && Self.isPath($0) }) ?? true else {
            return nil
        }
        self.host = host
        self.path = path
        self.jwksPath = jwksPath
    }

    /// The value of the `iss` claim and of `issuer` in the discovery document.
    public var url: String { "https://\(host)\(path)" }

    /// The discovery document's URL (OpenID Connect Discovery 1.0 §4).
    public var discoveryURL: String { url + Self.discoveryPath }

    /// The key set's URL, `jwks_uri` in the discovery document (OpenID Connect Discovery 1.0 §3).
    public var keysURL: String { url + (jwksPath ?? Self.keysPath) }

    /// The documents, in the order in which they are published.
    public var documents: [IssuerDocumentKind] { IssuerDocumentKind.documents(jwksPath: jwksPath) }

    /// The discovery document's path below the issuer's URL.
    public static let discoveryPath = "/.well-known/openid-configuration"
    /// The key set's path below the issuer's URL.
    public static let keysPath = "/certs"

    /// The URL.
    public var description: String { url }

    /// The host of an issuer that is not published, where none is configured: `<endpoint>.<cluster>.sts.internal`, in lower
    /// case and with `-` for each character that a DNS label cannot have. The top-level domain is reserved for private use
    /// (ICANN, 2024), and the host need not exist.
    ///
    /// - Returns: nil where the names have no letter and no digit.
    public static func privateHost(endpoint: String, cluster: String) -> String? {
        let labels = [endpoint, cluster].map { text in
            let mapped = text.lowercased().utf8.map { isAlphanumeric($0) ? $0 : UInt8(ascii: "-") }
            let label = mapped.drop { $0 == UInt8(ascii: "-") }.reversed().drop { $0 == UInt8(ascii: "-") }.reversed()
            return String(decoding: Array(label), as: UTF8.self)
        }
        let host = labels.joined(separator: ".") + privateSuffix
        return isHostName(host) ? host : nil
    }

    /// What ``privateHost(endpoint:cluster:)`` ends in.
    public static let privateSuffix = ".sts.internal"

    private static func isHostName(_ host: String) -> Bool {
        guard (1...253).contains(host.utf8.count) else { return false }
        let labels = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isPath(_ path: String) -> Bool {
        guard !path.isEmpty else { return true }
        guard path.utf8.count <= 255, path.utf8.first == UInt8(ascii: "/") else { return false }
        return path.dropFirst().utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8)
                && $0.allSatisfy { isAlphanumeric($0) || "-._~".utf8.contains($0) }
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
