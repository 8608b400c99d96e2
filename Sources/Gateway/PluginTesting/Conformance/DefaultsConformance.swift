import GatewayPluginAPI
import JOSE

extension ConformanceFindings {
    /// Checks the id and the defaults.
    mutating func checkDefaults(of plugin: (some ProviderPlugin).Type) {
        let id = plugin.id.rawValue
        expect(
            PluginID.isWellFormed(id), .identifier,
            "invalid id \(Quotation.of(id)); expected [a-z][a-z0-9-]{0,31}")
        let defaults = plugin.defaults
        expect(defaults == plugin.defaults, .constantDefaults, "make defaults a constant")
        checkAudiences(defaults, of: plugin)
        check(defaults)
    }

    /// Checks what a plugin and a preset have in common.
    mutating func check(_ defaults: EndpointDefaults) {
        expect(
            !defaults.algorithms.isEmpty, .algorithms,
            "algorithms is empty; name what the relying party verifies, the default first")
        expect(
            Set(defaults.algorithms).count == defaults.algorithms.count, .algorithms,
            "duplicate in \(defaults.algorithms.map(\.rawValue)); remove it")
        checkInjector(defaults.injector)
        checkLimits(defaults)
        checkTokens(defaults.tokens)
        check(defaults.propagation)
    }

    /// Checks how long verifiers need, of documents or of a hand-over.
    mutating func check(_ propagation: KeyPropagation) {
        expect(
            (0...604_800).contains(propagation.newKey), .propagation,
            "a new key is honored after \(propagation.newKey) seconds; expected 0 to 604800")
        if case .after(let seconds) = propagation.oldKey {
            expect(seconds >= 0, .propagation, "an old key is dropped after \(seconds) seconds; expected 0 or more")
        }
        expect(!propagation.evidence.isEmpty, .propagation, "the evidence is empty; name the source")
    }

    private mutating func checkAudiences(_ defaults: EndpointDefaults, of plugin: (some ProviderPlugin).Type) {
        for audience in defaults.audiences + defaults.recognizedAudiences.sorted() {
            expect(
                !audience.isEmpty && audience.utf8.allSatisfy { (0x21...0x7E).contains($0) }, .audiences,
                "invalid audience \(Quotation.of(audience)); expected printable ASCII")
        }
        for audience in defaults.audiences {
            expect(
                plugin.recognizes(audience), .audiences,
                "\"\(audience)\" is a default but not recognized; add it to recognizedAudiences")
        }
    }

    private mutating func checkInjector(_ injector: EndpointDefaults.Injector) {
        expect(
            ConformanceName.isLabelName(injector.label), .injectorNames,
            "invalid label \(Quotation.of(injector.label)); expected the name part of a label's key")
        let own = [injector.tokenVariable, injector.valueVariable].compactMap(\.self)
        for variable in own + injector.exclusiveVariables {
            expect(
                ConformanceName.isVariable(variable), .injectorNames,
                "invalid variable \(Quotation.of(variable)); expected a C identifier")
        }
        if let variable = injector.tokenVariable {
            expect(
                variable != injector.valueVariable, .injectorNames,
                "\(variable) is both tokenVariable and valueVariable; use a different name")
        }
        for option in injector.options {
            expect(
                ConformanceName.isLabelName("\(injector.label)-\(option)"), .injectorNames,
                "invalid option \(Quotation.of(option)); expected the end of an annotation's key")
        }
    }

    private mutating func checkTokens(_ tokens: TokenRules) {
        let range = tokens.minimumLifetime...max(tokens.minimumLifetime, tokens.maximumLifetime)
        expect(
            tokens.minimumLifetime >= 60 && range.contains(tokens.timeToLive) && tokens.maximumLifetime <= 86_400,
            .tokenRules,
            "invalid lifetimes \(tokens.minimumLifetime), \(tokens.timeToLive), \(tokens.maximumLifetime); expected a "
                + "default between minimum and maximum, within 60 to 86400")
        expect(
            (0..<tokens.minimumLifetime).contains(tokens.remainingAtRenewal), .tokenRules,
            "invalid remainingAtRenewal \(tokens.remainingAtRenewal); expected less than the minimum lifetime")
        expect(
            !tokens.type.isEmpty && tokens.type.utf8.allSatisfy { (0x21...0x7E).contains($0) }, .tokenRules,
            "invalid type \(Quotation.of(tokens.type)); expected a media type such as JWT")
    }

    private mutating func checkLimits(_ defaults: EndpointDefaults) {
        let limits = defaults.limits
        let named = [
            ("audiences", limits.audiences), ("audienceLength", limits.audienceLength),
            ("subjectLength", limits.subjectLength), ("issuerLength", limits.issuerLength),
            ("tokenLength", limits.tokenLength),
        ]
        for (name, value) in named {
            expect(value > 0, .limits, "invalid \(name) \(value); expected a positive number")
        }
        expect(
            limits.subjectLength <= 255, .limits, "invalid subjectLength \(limits.subjectLength); expected 255 or less")
        expect(
            defaults.audiences.count <= limits.audiences
                && defaults.audiences.allSatisfy { $0.utf8.count <= limits.audienceLength },
            .limits, "the default audiences \(defaults.audiences) exceed the limits")
    }
}

/// Names as the API server validates them.
enum ConformanceName {
    /// Whether the text is the name part of a label's key: at most 63 characters of `[A-Za-z0-9_.-]`, with an alphanumeric
    /// one at both ends.
    static func isLabelName(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= 63 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
    }

    /// Whether the text is a C identifier. Kubernetes accepts more, but shells do not.
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
