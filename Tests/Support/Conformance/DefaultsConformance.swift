import GatewayPluginAPI
import JOSE

extension ConformanceFindings {
    /// The id, and what an endpoint has where its configuration says nothing.
    mutating func checkDefaults(of plugin: (some ProviderPlugin).Type) {
        let id = plugin.id.rawValue
        expect(
            PluginID.isWellFormed(id), .identifier,
            "\"\(id)\" is not a lower-case letter and up to 31 lower-case letters, digits and hyphens")
        let defaults = plugin.defaults
        expect(defaults == plugin.defaults, .constantDefaults, "make `defaults` a constant")
        expect(!defaults.algorithms.isEmpty, .algorithms, "name what the relying party verifies, the default first")
        expect(
            Set(defaults.algorithms).count == defaults.algorithms.count, .algorithms,
            "\(defaults.algorithms.map(\.rawValue)) repeats itself")
        checkAudiences(defaults)
        checkInjector(defaults.injector)
        checkLimits(defaults)
    }

    private mutating func checkAudiences(_ defaults: EndpointDefaults) {
        for audience in defaults.audiences + defaults.recognisedAudiences.sorted() {
            expect(
                !audience.isEmpty && audience.utf8.allSatisfy { (0x21...0x7E).contains($0) }, .audiences,
                "\"\(audience)\" is empty or has characters beside printable ASCII")
        }
        for audience in defaults.audiences {
            expect(
                defaults.recognises(audience), .audiences,
                "\"\(audience)\" is assumed but not recognised; add it to recognisedAudiences")
        }
    }

    private mutating func checkInjector(_ injector: EndpointDefaults.Injector) {
        expect(
            ConformanceName.isLabelName(injector.label), .injectorNames,
            "\"\(injector.label)\" is not the name part of a label")
        for variable in [injector.tokenVariable] + (injector.valueVariable.map { [$0] } ?? []) {
            expect(
                ConformanceName.isVariable(variable), .injectorNames,
                "\"\(variable)\" is not the name of an environment variable")
        }
        expect(
            injector.tokenVariable != injector.valueVariable, .injectorNames,
            "\(injector.tokenVariable) cannot hold the token's path and the annotation's value")
    }

    private mutating func checkLimits(_ defaults: EndpointDefaults) {
        let limits = defaults.limits
        let named = [
            ("audiences", limits.audiences), ("audienceLength", limits.audienceLength),
            ("subjectLength", limits.subjectLength), ("issuerLength", limits.issuerLength),
            ("tokenLength", limits.tokenLength),
        ]
        for (name, value) in named { expect(value > 0, .limits, "\(name) is \(value)") }
        expect(
            limits.subjectLength <= 255, .limits, "subjectLength is \(limits.subjectLength), and the core's own is 255")
        expect(
            defaults.audiences.count <= limits.audiences
                && defaults.audiences.allSatisfy { $0.utf8.count <= limits.audienceLength },
            .limits, "the plugin's own audiences \(defaults.audiences) exceed them")
    }
}

/// Names as the API server checks them.
enum ConformanceName {
    /// The name part of a label's key: 63 characters at most of `[A-Za-z0-9_.-]`, an alphanumeric at both ends.
    static func isLabelName(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= 63 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
    }

    /// A C identifier. Kubernetes takes more, but shells do not.
    static func isVariable(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
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
