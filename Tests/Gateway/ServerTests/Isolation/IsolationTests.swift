import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import HTTPTypes
import JOSE
import JSON
import Testing

@testable import GatewayServer

@Suite("Endpoints of any configuration that is accepted")
struct IsolationTests {
    /// The seed reproduces a failure.
    static let seeds: [UInt64] = Array(1...8)
    private static let perSeed = 25

    /// A relying party of an endpoint: what it reads at the public URL of the issuer, as a verifier does.
    private struct RelyingParty {
        let issuer: String
        let audiences: [String]
        let keys: JSONWebKeySet

        func accepts(_ token: SignedJWT) throws -> Bool {
            let claims = try token.claims()
            return (try? token.verify(with: keys)) != nil && claims.issuer == issuer
                && claims.audiences == audiences
        }
    }

    private struct Exchanged: Decodable {
        let access_token: String
    }

    private static func accepted(seed: UInt64) throws -> [GatewayConfiguration] {
        var documents = RandomConfiguration(seed: seed)
        var accepted: [GatewayConfiguration] = []
        for _ in 0..<100_000 where accepted.count < perSeed {
            if let configuration = try? ExampleGateway.configuration(loading: documents.document()) {
                accepted.append(configuration)
            }
        }
        try #require(accepted.count == perSeed)
        return accepted
    }

    @Test("A token is accepted by its own endpoint's relying party alone", arguments: seeds)
    func tokens(seed: UInt64) async throws {
        for configuration in try Self.accepted(seed: seed) {
            let gateway = try ExampleGateway(configuration: configuration)
            let subject = try gateway.cluster.token(at: ExampleGateway.now)
            var parties: [(endpoint: EndpointConfiguration, party: RelyingParty)] = []
            for endpoint in configuration.endpoints {
                parties.append((endpoint, try await Self.relyingParty(of: endpoint, at: gateway)))
            }
            for endpoint in configuration.endpoints {
                let answer = try await gateway.exchange(path: endpoint.path.description, token: subject)
                let token = try SignedJWT(parsing: try answer.json(Exchanged.self).access_token)
                for (other, party) in parties {
                    let isOwn = other.name == endpoint.name
                    #expect(try party.accepts(token) == isOwn, "\(endpoint.name) at \(other.name): \(configuration)")
                    // The signature alone distinguishes them, for a verifier that does not check the claims.
                    #expect(
                        ((try? token.verify(with: party.keys)) != nil) == isOwn, "\(endpoint.name) at \(other.name)")
                }
            }
        }
    }

    private static func relyingParty(
        of endpoint: EndpointConfiguration, at gateway: ExampleGateway
    ) async throws -> RelyingParty {
        let issuer = endpoint.issuer
        let discovery = try await gateway.send(.get, issuer.path + Issuer.discoveryPath, host: issuer.host)
            .json(JSONValue.self)
        let keysURL = try #require(discovery["jwks_uri"]?.stringValue)
        #expect(keysURL == "https://\(issuer.host)\(issuer.path)\(Issuer.keysPath)")
        let keys = try await gateway.send(.get, issuer.path + Issuer.keysPath, host: issuer.host)
        return RelyingParty(
            issuer: try #require(discovery["issuer"]?.stringValue), audiences: endpoint.endpoint.audiences,
            keys: try JSONWebKeySet(parsing: keys.body))
    }

    @Test("A path has the documents of one endpoint, and no two endpoints have the same", arguments: seeds)
    func paths(seed: UInt64) async throws {
        for configuration in try Self.accepted(seed: seed) {
            let gateway = try ExampleGateway(configuration: configuration)
            var sets: Set<[UInt8]> = []
            for mounted in gateway.endpoints {
                let keys = try #require(mounted.keys.snapshot.documents).keys.representation.content
                #expect(sets.insert(keys).inserted)
                let answer = try await gateway.send(.get, "\(mounted.configuration.path)\(Issuer.keysPath)")
                #expect(answer.body == keys, "\(mounted.configuration.path): \(configuration)")
                let routes = ["/token", "/token/user", "/sig-cert", "/certs", "/issuer-docs", Issuer.discoveryPath]
                for other in gateway.endpoints where other.configuration.name != mounted.configuration.name {
                    for route in routes {
                        #expect("\(mounted.configuration.path)\(route)" != other.configuration.path.description)
                        for second in routes {
                            #expect(
                                "\(mounted.configuration.path)\(route)" != "\(other.configuration.path)\(second)")
                        }
                    }
                }
            }
        }
    }

    @Test("A Pod gets nothing of an endpoint whose label it does not have", arguments: seeds)
    func pods(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for configuration in try Self.accepted(seed: seed) {
            let labels = Set(configuration.endpoints.map(\.injector.label)).sorted()
            let borne = Set(labels.filter { _ in random.oneIn(2) })
            let pod: JSONValue = [
                "metadata": [
                    "labels": .object(borne.sorted().map { .init("tremolo.io/\($0)", "true") }),
                    "annotations": .object(labels.map { .init("tremolo.io/\($0)", .string("value of \($0)")) }),
                ],
                "spec": ["containers": [["name": "app"]], "initContainers": [["name": "prepare"]]],
            ]
            let policy = InjectionPolicy(
                configuration.injection, namespace: "test", standardImage: "example.com/sts-sidecar:1", trust: nil,
                serverVersion: nil)
            let mutation = PodMutation(policy, endpoints: configuration.endpoints)
            let outcome = try mutation.patch(pod, namespace: "default")
            let patch = outcome.patch.json.text
            for endpoint in configuration.endpoints {
                let injector = endpoint.injector
                let isBorne = borne.contains(injector.label)
                #expect(outcome.endpoints.contains(endpoint.name) == isBorne)
                #expect(patch.contains("/\(endpoint.name)/") == isBorne, "\(endpoint.name): \(configuration)")
                let variable = try #require(injector.tokenVariable)
                #expect(patch.contains(#""\#(variable)""#) == isBorne, "\(endpoint.name)")
                #expect(patch.contains("value of \(injector.label)") == isBorne, "\(endpoint.name)")
            }
        }
    }
}
