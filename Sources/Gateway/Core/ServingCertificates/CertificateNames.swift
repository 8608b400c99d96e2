/// The subject alternative names of the gateway's serving certificate: every name by which clients reach it.
package struct CertificateNames: Sendable, Equatable {
    /// DNS names in lower case, sorted, each once; the first label may be `*`.
    package let dns: [String]
    /// IP addresses as 4 or 16 bytes, sorted, each once.
    package let addresses: [[UInt8]]

    package init(dns: [String], addresses: [[UInt8]]) {
        self.dns = Set(dns.map { $0.lowercased() }).sorted()
        self.addresses = Set(addresses).sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// The host of `https://host[:port][/path]`; an IPv6 address without brackets.
    package static func host(ofURL url: String) -> String? {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let authority = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
        let host: Substring
        if authority.hasPrefix("[") {
            host = authority.dropFirst().prefix { $0 != "]" }
        } else {
            host = authority.prefix { $0 != ":" }
        }
        return host.isEmpty ? nil : host.lowercased()
    }
}

/// The name constraints of a CA (RFC 5280 §4.2.1.10).
package struct NameConstraint: Sendable, Equatable, Codable {
    /// The permitted DNS names; each permits itself and its subdomains.
    package let dns: [String]
    /// Whether IP addresses are permitted.
    package let permitsAddresses: Bool

    package init(dns: [String], permitsAddresses: Bool) {
        self.dns = dns
        self.permitsAddresses = permitsAddresses
    }

    /// The constraint that permits those names and `localhost`.
    package init(for names: CertificateNames) {
        let bases = names.dns.map { $0.hasPrefix("*.") ? String($0.dropFirst(2)) : $0 } + ["localhost"]
        self.init(dns: Set(bases).sorted(), permitsAddresses: !names.addresses.isEmpty)
    }

    func permits(_ name: String) -> Bool { dns.contains { name == $0 || name.hasSuffix(".\($0)") } }
}

extension CertificateNames {
    /// The names that a CA may sign.
    ///
    /// - Parameter constraint: nil for a CA without one.
    package func permitted(by constraint: NameConstraint?) -> CertificateNames {
        guard let constraint else { return self }
        return CertificateNames(
            dns: dns.filter(constraint.permits), addresses: constraint.permitsAddresses ? addresses : [])
    }
}
