import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import JSON
import Synchronization

/// A provider with one flaw at a time, to show that the conformance suite finds it.
struct FlawedProvider: ProviderPlugin {
    enum Flaw: String, Sendable, CaseIterable {
        case malformedID, changingDefaults, unrecognizedAudience, emptyAudience, noAlgorithm, repeatedAlgorithm
        case badLabel, badTokenVariable, sameVariables, zeroLimit, longSubject, tightLimit, rejectsOneAlgorithm
        case countingClaims, claimsWithoutNumber, claimTwice, rejectsAnnotation, emptyValue, variableTwice,
            injectorVariable, badAlternative, ownAlternative, noExpectedName, noConflictingName
        case badVariable, passesLineBreaks, passesDirection, passesLength, longError, errorWithPeriod, errorInUpperCase
        case undeclaredVariable, badFileName, invalidJSONFile, longFile, sameFiles, shortDefault, longRenewal, badType
        case needsAnnotation, badOption, endlessPropagation
        case adviceWithPeriod, errorWithControl, remembers, sharedLocation, changingLocation

        /// The rule that the flaw breaks.
        var rule: ConformanceBreach.Rule {
            switch self {
            case .malformedID: .identifier
            case .changingDefaults: .constantDefaults
            case .unrecognizedAudience, .emptyAudience: .audiences
            case .noAlgorithm, .repeatedAlgorithm: .algorithms
            case .badLabel, .badTokenVariable, .sameVariables, .badOption: .injectorNames
            case .badFileName, .invalidJSONFile, .longFile, .sameFiles: .files
            case .shortDefault, .longRenewal, .badType: .tokenRules
            case .endlessPropagation: .propagation
            case .zeroLimit, .longSubject, .tightLimit: .limits
            case .rejectsOneAlgorithm: .typicalEndpoint
            case .countingClaims: .repeatableClaims
            case .claimsWithoutNumber, .claimTwice: .claimsInJSON
            case .rejectsAnnotation, .emptyValue, .needsAnnotation: .validAnnotation
            case .variableTwice, .injectorVariable, .badVariable, .badAlternative, .ownAlternative, .noExpectedName,
                .noConflictingName, .undeclaredVariable:
                .variableNames
            case .passesLineBreaks, .passesDirection, .passesLength: .values
            case .longError, .errorWithPeriod, .errorInUpperCase, .errorWithControl, .adviceWithPeriod: .errorText
            case .remembers: .independence
            case .sharedLocation, .changingLocation: .publisherPlan
            }
        }
    }

    @TaskLocal static var flaw: Flaw?

    private static let calls = Mutex(0)

    private static func count() -> Int {
        calls.withLock {
            $0 += 1
            return $0
        }
    }

    static var id: PluginID { flaw == .malformedID ? PluginID("Flawed_") : PluginID("flawed") }

    static var defaults: EndpointDefaults {
        var audiences = ["https://example.com"]
        var algorithms: [SignatureAlgorithm] = [.rs256, .es256]
        var limits = RelyingPartyLimits()
        var tokens = TokenRules()
        var propagation = KeyPropagation.undocumented
        switch flaw {
        case .changingDefaults: limits.tokenLength += count()
        case .emptyAudience: audiences = [""]
        case .noAlgorithm: algorithms = []
        case .repeatedAlgorithm: algorithms.append(.rs256)
        case .zeroLimit: limits.issuerLength = 0
        case .longSubject: limits.subjectLength = 256
        case .tightLimit: limits.audienceLength = 3
        case .endlessPropagation:
            propagation = KeyPropagation(newKey: 604_801, oldKey: .undocumented, evidence: "A test.")
        case .shortDefault: tokens.minimumLifetime = 1_800
        case .longRenewal: tokens.remainingAtRenewal = 60
        case .badType: tokens.type = "JWT\n"
        default: break
        }
        let token = flaw == .badTokenVariable ? "1-TOKEN" : "FLAWED_TOKEN_FILE"
        return EndpointDefaults(
            audiences: audiences, recognizedAudiences: flaw == .unrecognizedAudience ? [] : Set(audiences),
            injector: .init(
                label: flaw == .badLabel ? "prefix/label" : "flawed-role",
                annotation: flaw == .needsAnnotation ? .optional : .required, tokenVariable: token,
                valueVariable: flaw == .sameVariables ? token : "FLAWED_ROLE",
                options: flaw == .badOption ? ["a/b"] : [], exclusiveVariables: ["ONE"]),
            algorithms: algorithms, limits: limits, tokens: tokens, propagation: propagation)
    }

    init(endpoint: Endpoint, settings: NoSettings, context: PluginContext) throws(SettingsErrors) {
        guard Self.flaw != .rejectsOneAlgorithm || endpoint.algorithm != .es256 else {
            throw SettingsErrors([SettingsError("token.algorithm", "not taken")])
        }
    }

    static func publisher(
        for endpoint: Endpoint, settings: NoSettings
    ) throws(SettingsErrors) -> PublisherPlan? {
        let location =
            switch flaw {
            case .sharedLocation: "store"
            case .changingLocation: "store-\(count())"
            default: "store\(endpoint.issuer.path)"
            }
        return PublisherPlan(location: location) { _ in FakePublisher(location: location) }
    }

    func claims(for workload: WorkloadIdentity) -> PrivateClaims {
        var claims = PrivateClaims()
        switch Self.flaw {
        case .countingClaims: claims.set("count", .integer(Self.count()))
        case .claimsWithoutNumber: claims.set("load", .number(.infinity))
        case .claimTwice: claims.set("team", .object([.init("a", 1), .init("a", 2)]))
        default: claims.set("team", ["name": .string(workload.namespace), "size": .number(2)])
        }
        return claims
    }

    func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        let annotation = try request.requiredAnnotation()
        switch Self.flaw {
        case .rejectsAnnotation: throw InjectionError("no annotation is accepted")
        case .emptyValue: return PodInjection(value: "")
        case .variableTwice: return PodInjection(value: "v", environment: [.init("ONE", "1"), .init("ONE", "2")])
        case .injectorVariable: return PodInjection(value: "v", environment: [.init("FLAWED_ROLE", "1")])
        case .badAlternative:
            return PodInjection(value: "v", environment: [.init("ONE", "1", unlessSet: ["TWO-THREE"])])
        case .ownAlternative: return PodInjection(value: "v", environment: [.init("ONE", "1", unlessSet: ["ONE"])])
        case .noExpectedName:
            return PodInjection(value: "v", expectedVariables: [.init(anyOf: [], advice: "set one")])
        case .noConflictingName:
            return PodInjection(value: "v", conflictingVariables: [.init(anyOf: ["ONE-TWO"], advice: "remove it")])
        case .adviceWithPeriod:
            return PodInjection(value: "v", expectedVariables: [.init(anyOf: ["ONE"], advice: "set one.")])
        case .badVariable: return PodInjection(value: "v", environment: [.init("ONE-TWO", "1")])
        case .passesLineBreaks where annotation.contains("\n"),
            .passesDirection where annotation.contains("\u{202E}") && annotation.utf8.count < 100,
            .passesLength where annotation.utf8.count > 4096 && annotation.hasPrefix("a"):
            return PodInjection(value: "v", environment: [.init("ONE", annotation)])
        case .undeclaredVariable: return PodInjection(value: "v", environment: [.init("TWO", "1")])
        case .badFileName: return PodInjection(value: "v", files: [.init(name: "../token", contents: "")])
        case .sameFiles:
            return PodInjection(value: "v", files: [.init(name: "a", contents: ""), .init(name: "a", contents: "")])
        case .longFile:
            return PodInjection(
                value: "v", files: [.init(name: "a", contents: String(repeating: "x", count: 8_193))])
        case .invalidJSONFile where (1...200).contains(annotation.utf8.count):
            return PodInjection(value: "v", files: [.init(name: "a.json", contents: #"{"a": "\#(annotation)"}"#)])
        case .remembers: return PodInjection(value: "v\(Self.count())")
        default: break
        }
        guard (1...100).contains(annotation.utf8.count), annotation.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            switch Self.flaw {
            case .longError: throw InjectionError("not a role: " + String(repeating: "x", count: annotation.utf8.count))
            case .errorWithPeriod: throw InjectionError("not a role.")
            case .errorInUpperCase: throw InjectionError("Not a role")
            case .errorWithControl: throw InjectionError("not a role: \(annotation)")
            default: throw InjectionError("not a role; write its name")
            }
        }
        return PodInjection(value: annotation)
    }
}
