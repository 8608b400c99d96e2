import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import HTTPTypes
import JSON
import Testing

@testable import GatewayServer

@Suite("Public documents")
struct IssuerRoutesTests {
    let gateway: ExampleGateway

    init() throws { gateway = try ExampleGateway() }

    static let paths = ["/one/certs", "/one/.well-known/openid-configuration", "/one/issuer-docs", "/ca-bundle"]

    @Test("GET has type, length, entity tag and five minutes of cache; HEAD the same without a body", arguments: paths)
    func getAndHead(path: String) async throws {
        let get = try await gateway.send(.get, path)
        let head = try await gateway.send(.head, path)
        #expect(get.status == 200)
        #expect(head.status == 200)
        #expect(get.headers[.cacheControl] == "public, max-age=300")
        #expect(get.headers[.contentLength] == String(get.body.count))
        #expect(head.body.isEmpty)
        #expect(!get.body.isEmpty)
        for name in [HTTPField.Name.eTag, .contentType, .contentLength, .cacheControl] {
            #expect(get.headers[name] != nil)
            #expect(get.headers[name] == head.headers[name])
        }
    }

    @Test("A caller that already has the document gets 304", arguments: paths)
    func notModified(path: String) async throws {
        let tag = try #require(try await gateway.send(.get, path).headers[.eTag])
        for condition in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
            let answer = try await gateway.send(.get, path, headers: [.ifNoneMatch: condition])
            #expect(answer.status == 304, "\(condition)")
            #expect(answer.body.isEmpty)
            #expect(answer.headers[.eTag] == tag)
        }
        #expect(try await gateway.send(.get, path, headers: [.ifNoneMatch: "\"other\""]).status == 200)
    }

    @Test("A configured path of the key set is served beside /certs, at the endpoint's path and at the issuer's host")
    func namedKeys() async throws {
        let configuration = gateway.endpoints[0].configuration
        let issuer = configuration.issuer
        let named = try #require(Issuer(host: issuer.host, path: issuer.path, jwksPath: "/openid/v1/jwks"))
        let certificate = try KeyCertificate.selfSigned(
            for: TestKeys.ec, endpoint: "one", from: ExampleGateway.now, lifetime: 60)
        let key = KeyRing.Key(
            signingKey: TestKeys.ec, state: .active, created: ExampleGateway.now, certificate: certificate)
        let documents = IssuerDocuments(
            ring: KeyRing(endpoint: "one", owner: "owner", revision: 1, keys: [key]), issuer: named,
            privateClaimNames: [])
        var table = RouteTable()
        IssuerRoutes(
            endpoint: "one", path: configuration.path, issuer: named, maximumAge: 300, documents: { documents },
            isServed: { true }
        ).add(to: &table)
        let responder = GatewayResponder(
            table: table, maximumBodyBytes: 1_024, decisions: nil, logger: gateway.log.logger)
        let certs = try await gateway.send(.get, "/one/certs", to: responder)
        #expect(certs.status == 200)
        for (path, host) in [
            ("/one/openid/v1/jwks", "gateway.test"), ("\(issuer.path)/openid/v1/jwks", issuer.host),
            ("\(issuer.path)/certs", issuer.host),
        ] {
            let answer = try await gateway.send(.get, path, host: host, to: responder)
            #expect(answer.status == 200 && answer.body == certs.body, "\(path)")
            #expect(answer.headers[.eTag] == certs.headers[.eTag])
        }
        #expect(try await gateway.send(.post, "/one/openid/v1/jwks", to: responder).status == 405)
        #expect(try await gateway.send(.get, "/one/openid/v1", to: responder).status == 404)
        #expect(try JSONValue(parsing: documents.discovery.content)["jwks_uri"] == .string(named.keysURL))
    }

    @Test("Pages of other sites may read the documents only where that is configured")
    func crossOrigin() async throws {
        let keys = gateway.endpoints[0].keys
        for allowsAnyOrigin in [false, true] {
            let configuration = gateway.endpoints[0].configuration.changed { $0.allowsAnyOrigin = allowsAnyOrigin }
            var table = RouteTable()
            IssuerRoutes(configuration: configuration, keys: keys).add(to: &table)
            let responder = GatewayResponder(
                table: table, maximumBodyBytes: 1_024, decisions: nil, logger: gateway.log.logger)
            let answer = try await gateway.send(.get, "/one/certs", to: responder)
            #expect(answer.headers[.accessControlAllowOrigin] == (allowsAnyOrigin ? "*" : nil))
        }
    }

    @Test("Readiness lists each ring, and a failed one does not make the replica unready")
    func readiness() async throws {
        let admin = gateway.admin(publication: PublicationStatuses())
        func get(_ path: String) async throws -> (Int, String) {
            let answer = try await gateway.send(.get, path, to: admin)
            return (answer.status, answer.text)
        }
        #expect(try await get("/livez") == (200, "ok\n"))
        #expect(try await get("/readyz") == (200, "ok\n"))
        gateway.rings.apply(.unusable(name: "two", .malformed("garbage"), version: nil))
        #expect(try await get("/readyz") == (200, "ok\n"))
        let (status, text) = try await get("/readyz?verbose")
        #expect(status == 200)
        #expect(
            text.contains(
                "[+]shutdown ok\n[+]configuration ok\n[+]tls ok\n[+]listeners ok\n[+]certificate ok\n[+]clock ok\n"
                    + "[+]webhook ok\n[+]ca ok\n[+]keyring/one ok\n[+]publish/one ok\n[-]keyring/two failed: "))
    }

    @Test("Readiness lists publication problems, and the replica stays ready")
    func publication() async throws {
        let statuses = PublicationStatuses()
        let admin = gateway.admin(publication: statuses)
        var status = PublicationStatus(location: "here")
        func line(_ change: (inout PublicationStatus) -> Void) async throws -> String {
            change(&status)
            statuses["one"] = status
            let answer = try await gateway.send(.get, "/readyz?verbose", to: admin)
            #expect(answer.status == 200)
            return try #require(
                answer.text.split(separator: "\n").first { $0.contains("publish/one") }.map(String.init))
        }
        #expect(try await line { $0.verdict = .matches } == "[+]publish/one ok")
        #expect(try await line { $0.verdict = .ownResponse }.contains("leads to the gateway itself"))
        #expect(try await line { $0.invalidationFailure = "CDN unavailable" }.contains("CDN unavailable"))
        #expect(try await line { $0.failure = "bucket away" }.contains("bucket away"))
    }
}
