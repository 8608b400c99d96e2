import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JOSE
import JSON
import Testing

@testable import AzurePlugin

@Suite("The publication to Blob Storage")
struct BlobPublisherTests {
    private let blobs = BlobsInMemory()

    private static let block =
        #""account": "documents", "tenant": "\#(BlobsInMemory.tenant)", "client": "\#(BlobsInMemory.client)""#

    private func plan(
        _ more: String = "", block: String = block, host: String = "documents.z1.web.core.windows.net",
        path: String = "", algorithm: SignatureAlgorithm = .rs256,
        audiences: [String] = ["api://AzureADTokenExchange"]
    ) throws -> PublisherPlan {
        let endpoint = try #require(
            Endpoint.example(host: host, path: path, audiences: audiences, algorithm: algorithm))
        let settings = try JSONValue(parsing: Array("{\(block)\(more)}".utf8))
            .decode(AzureProvider.PublisherSettings.self)
        return try #require(try AzureProvider.publisher(for: endpoint, settings: settings))
    }

    private func publisher(
        _ transport: ScriptedTransport, _ more: String = "", environment: [String: String] = [:],
        isOwnKeyPublic: Bool? = true, isByAdministrator: Bool = false
    ) throws -> any DiscoveryPublisher {
        try #require(
            try plan(more).open(
                .example(
                    transport: transport, environment: environment, ownToken: .success("own.token.here"),
                    isOwnKeyPublic: isOwnKeyPublic, isByAdministrator: isByAdministrator)))
    }

    private func stamp(_ content: [UInt8], _ revision: Int = 1) -> DocumentStamp {
        DocumentStamp(owner: "owner", revision: revision, digest: DocumentStamp.digest(of: content))
    }

    @Test("The publisher keeps the rules of the plugin API")
    func conformance() async throws {
        #expect(await checkConformance(of: try publisher(blobs.transport())) == [])
    }

    @Test("A document has type, caching and stamp; the gateway's own token authorizes it")
    func wholeWay() async throws {
        let publisher = try publisher(blobs.transport())
        #expect(publisher.location == "https://documents.blob.core.windows.net/$web")
        let content = Array("{}".utf8)
        let tag = try await publisher.put(.keys, content, stamp: stamp(content), if: .absent)
        let blob = try #require(blobs.blobs["certs"])
        #expect(
            blob.headers == [
                "Content-Type": "application/json", "Cache-Control": "max-age=300", "x-ms-meta-sts_owner": "owner",
                "x-ms-meta-sts_revision": "1",
            ])
        let stored = try #require(try await publisher.stored(.keys))
        #expect(stored == StoredDocument(version: tag, stamp: stamp(content), length: 2))
        #expect(try await publisher.stored(.discovery) == nil)
        #expect(blobs.assertions == ["client_assertion=own.token.here"])
    }

    @Test("An unchanged blob is not sent again; a changed one is read")
    func unchanged() async throws {
        let transport = blobs.transport()
        let publisher = try publisher(transport)
        let content = Array("{}".utf8)
        _ = try await publisher.put(.keys, content, stamp: stamp(content), if: .absent)
        let first = try await publisher.stored(.keys)
        #expect(try await publisher.stored(.keys) == first)
        #expect(transport.requests.last?.headers("if-none-match") == first.map { [$0.version] })
        blobs.blobs["certs"]?.content = Array("other".utf8)
        blobs.blobs["certs"]?.tag = "\"new\""
        let changed = try await publisher.stored(.keys)
        #expect(changed?.stamp?.digest == DocumentStamp.digest(of: Array("other".utf8)))
        #expect(try await publisher.content(of: .keys) == Array("other".utf8))
        blobs.blobs["certs"]?.headers["Content-Type"] = "text/plain"
        blobs.blobs["certs"]?.tag = "\"newer\""
        #expect(try await publisher.stored(.keys)?.stamp?.digest == "")
        blobs.blobs["certs"] = nil
        #expect(try await publisher.stored(.keys) == nil)
    }

    @Test(
        "Failures have their kind and what to do",
        arguments: [
            (403, "AuthorizationPermissionMismatch", PublishError.Kind.denied, "Storage Blob Data Contributor"),
            (403, "AuthorizationFailure", .denied, "network rules"),
            (404, "ContainerNotFound", .misconfigured, "container"),
            (412, "ConditionNotMet", .conflict, "another writer"), (412, "LeaseIdMissing", .misconfigured, "lease"),
            (409, "BlobAlreadyExists", .conflict, "another writer"), (503, "ServerBusy", .throttled, "tries again"),
            (500, "OperationTimedOut", .unavailable, "tries again"), (307, "", .misconfigured, "redirects"),
        ])
    func failures(status: Int, code: String, kind: PublishError.Kind, advice: String) async throws {
        let transport = blobs.transport { request in
            guard request.method == "PUT" else { return nil }
            return .answer(status, "<Error/>", ["x-ms-error-code": code, "x-ms-request-id": "r"])
        }
        let publisher = try publisher(transport)
        let error = try await #require(throws: PublishError.self) {
            try await publisher.put(.keys, [], stamp: stamp([]), if: .absent)
        }
        #expect(error.kind == kind && error.message.contains(advice) && error.reference == "r")
    }

    @Test("A rejected access token is replaced once")
    func rejected() async throws {
        let transport = ScriptedTransport(
            .answer(200, #"{"access_token":"one"}"#), .answer(401), .answer(200, #"{"access_token":"two"}"#),
            .answer(404, "", ["x-ms-error-code": "BlobNotFound"]))
        #expect(try await publisher(transport).stored(.keys) == nil)
        #expect(transport.requests.flatMap { $0.headers("authorization") } == ["Bearer one", "Bearer two"])
    }

    @Test("Before the first publication the error names the command for an administrator, who has own credentials")
    func first() async throws {
        let transport = blobs.transport { request in
            request.url.hasSuffix("/token") && request.text.contains("client_assertion")
                ? .answer(401, #"{"error":"invalid_client","error_description":"AADSTS700211: No match."}"#) : nil
        }
        for isPublic in [false, true] {
            let publisher = try publisher(transport, isOwnKeyPublic: isPublic)
            let error = try await #require(throws: PublishError.self) { try await publisher.stored(.keys) }
            #expect(error.kind == .denied && error.message.contains("AADSTS700211"))
            #expect(error.message.contains("--only documents") == !isPublic)
        }
        let byHand = try publisher(
            transport, environment: ["AZURE_CLIENT_ID": BlobsInMemory.client, "AZURE_CLIENT_SECRET": "secret"],
            isByAdministrator: true)
        #expect(try await byHand.stored(.keys) == nil)
    }

    @Test("The managed identity is asked for a token of storage, and a secret of the environment is exchanged")
    func otherSources() async throws {
        let machine = ScriptedTransport(
            .answer(200, #"{"access_token":"storage","expires_in":"3599"}"#),
            .answer(404, "", ["x-ms-error-code": "BlobNotFound"]))
        #expect(try await publisher(machine, #", "credentials": ["managedIdentity"]"#).stored(.keys) == nil)
        #expect(
            machine.requests[0].url.hasSuffix(
                "&resource=https%3A%2F%2Fstorage.azure.com&client_id=\(BlobsInMemory.client)"))
        let secret = try publisher(
            blobs.transport(), #", "credentials": ["workloadIdentity", "environment"]"#,
            environment: ["AZURE_CLIENT_ID": BlobsInMemory.client, "AZURE_CLIENT_SECRET": "secret"])
        #expect(try await secret.stored(.keys) == nil)
    }

    @Test("A public container is part of the issuer's path, not of the blobs' names")
    func places() throws {
        let container = #", "container": "oidc""#
        let host = "documents.blob.core.windows.net"
        #expect(try plan(container, host: host, path: "/oidc").location == "https://\(host)/oidc")
        #expect(try plan(container, host: host, path: "/oidc/one").location == "https://\(host)/oidc/one")
        #expect(try plan(container + #", "prefix": "/a/""#, path: "/one").location == "https://\(host)/oidc/a/one")
        #expect(
            try plan(#", "cloud": "china""#).location == "https://documents.blob.core.chinacloudapi.cn/$web")
    }

    @Test("Invalid keys are reported, each with its place")
    func settings() throws {
        func keys(_ make: () throws -> PublisherPlan) -> [String] {
            do {
                _ = try make()
                return []
            } catch {
                return (error as? SettingsErrors)?.errors.map(\.key) ?? ["\(error)"]
            }
        }
        #expect(
            keys { try plan(block: #""account": "Doc", "tenant": "example.com", "container": "a--b", "cloud": "x""#) }
                == [
                    "publish.account", "publish.container", "publish.tenant", "publish.cloud", "publish.client",
                ])
        #expect(keys { try plan(algorithm: .es256) } == ["publish.credentials"])
        #expect(keys { try plan(audiences: ["a", "b"]) } == ["publish.credentials"])
        #expect(keys { try plan(#", "credentials": ["managedIdentity"]"#, algorithm: .es256) } == [])
        #expect(keys { try plan(#", "credentials": []"#) } == ["publish.credentials"])
        #expect(keys { try plan(#", "credentials": ["sas"]"#) } == ["publish.credentials"])
        #expect(keys { try plan(#", "prefix": "a?b""#) } == ["publish.prefix"])
        #expect(
            keys { try plan(#", "endpoints": {"blob": "http://a.example"}"#) } == ["publish.endpoints.blob"])
        #expect(
            keys { try plan(#", "container": "oidc""#, host: "documents.blob.core.windows.net", path: "/other") } == [
                "issuer.path"
            ])
    }

    @Test(
        "Dates are those of HTTP",
        arguments: [
            (784_111_777.0, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_767_225_599, "Wed, 31 Dec 2025 23:59:59 GMT"),
        ])
    func dates(seconds: Double, text: String) {
        #expect(HTTPDate.text(Date(timeIntervalSince1970: seconds)) == text)
    }
}
