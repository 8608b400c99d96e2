package import GatewayPluginAPI

/// The key `publish.credentials` of the plugins of clouds: the kinds of credentials to try, in this order.
package enum CredentialChoice {
    /// - Parameters:
    ///   - words: what the configuration has; nil for the standard.
    ///   - standard: the only one where the key is missing.
    ///   - errors: gets what is wrong with the words.
    package static func read<Source: RawRepresentable<String> & CaseIterable & Equatable>(
        _ words: [String]?, standard: Source, _ errors: inout [SettingsError]
    ) -> [Source] {
        guard let words else { return [standard] }
        var sources: [Source] = []
        for word in words {
            guard let source = Source(rawValue: word), !sources.contains(source) else {
                let known = Source.allCases.map(\.rawValue).joined(separator: ", ")
                errors.append(
                    SettingsError(
                        "publish.credentials",
                        "invalid value \(Quotation.of(word)); expected one of \(known), without duplicates"))
                continue
            }
            sources.append(source)
        }
        if words.isEmpty {
            errors.append(SettingsError("publish.credentials", "is empty; write [self], or remove the key"))
        }
        return sources
    }
}
