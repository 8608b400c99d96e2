import GatewayPluginAPI

extension KubernetesProvider.Settings {
    static let defaultPrefix = "sts:"

    /// What is not valid, with its key.
    ///
    /// - Parameter issuer: of the endpoint.
    func errors(issuer: Issuer) -> [SettingsError] {
        var errors: [SettingsError] = []
        func check(_ key: String, _ text: String?, _ expected: String, _ isValid: (String) -> Bool) {
            guard let text, !isValid(text) else { return }
            errors.append(SettingsError("settings.\(key)", "invalid value \(Quotation.of(text)); expected \(expected)"))
        }
        let certificates = "PEM with certificates of at most \(KubernetesNames.maximumPEM) bytes"
        check("server", server, "a URL such as https://api.example.com:6443", KubernetesNames.isURL)
        check("certificateAuthority", certificateAuthority, certificates, KubernetesNames.isPEM)
        check("namespace", namespace, "the name of a namespace", KubernetesNames.isNamespace)
        check("discoveryURL", discoveryURL, "an https URL that ends in \(Issuer.discoveryPath)") {
            KubernetesNames.isURL($0) && $0.hasSuffix(Issuer.discoveryPath)
        }
        if discoveryURL == issuer.discoveryURL {
            errors.append(
                SettingsError("settings.discoveryURL", "is that of the issuer, which is the default; remove the key"))
        }
        check("issuerCertificateAuthority", issuerCertificateAuthority, certificates, KubernetesNames.isPEM)
        check(
            "usernamePrefix", usernamePrefix,
            #"1 to 63 letters, digits and "-_.:/", not beginning with "system:""#, KubernetesNames.isPrefix)
        check("groupsClaim", groupsClaim, #"the name of a claim: 1 to 63 letters, digits and "-_./""#) {
            KubernetesNames.isPrefix($0) && !$0.contains(":")
        }
        return errors
    }
}

/// The texts of settings and annotations that become parts of files.
enum KubernetesNames {
    /// Bytes. With base64 a kubeconfig is within the limit of a rendered file.
    static let maximumPEM = 4_096

    /// Whether the text is an https URL of unreserved characters (RFC 3986 §2.3), without query and fragment.
    static func isURL(_ text: String) -> Bool {
        let scheme = "https://"
        guard text.hasPrefix(scheme), text.utf8.count <= 255 else { return false }
        let rest = text.dropFirst(scheme.count)
        guard let first = rest.utf8.first, isWord(first) || first == UInt8(ascii: "[") else { return false }
        return rest.utf8.allSatisfy { isWord($0) || "-.:[]/~_".utf8.contains($0) }
    }

    /// Whether the text is a DNS label (RFC 1123), as the names of namespaces are.
    static func isNamespace(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count) && !text.hasPrefix("-") && !text.hasSuffix("-")
            && text.utf8.allSatisfy {
                (isWord($0) && !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)) || $0 == UInt8(ascii: "-")
            }
    }

    /// Whether the text is a prefix that cannot become the name of a system user or group.
    static func isPrefix(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count) && !text.lowercased().hasPrefix("system:")
            && text.utf8.allSatisfy { isWord($0) || "-_.:/".utf8.contains($0) }
    }

    /// Whether the text is one or more certificates in PEM (RFC 7468 §5).
    static func isPEM(_ text: String) -> Bool {
        let lines = text.split(whereSeparator: \.isNewline)
        guard text.utf8.count <= maximumPEM, lines.first == "-----BEGIN CERTIFICATE-----",
            lines.last == "-----END CERTIFICATE-----"
        else { return false }
        return lines.allSatisfy { line in
            line == "-----BEGIN CERTIFICATE-----" || line == "-----END CERTIFICATE-----"
                || line.utf8.allSatisfy { isWord($0) || "+/=".utf8.contains($0) }
        }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
