import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import CloudAPI

@Suite("JSON services")
struct JSONServiceTests {
    private func error(
        _ status: Int, _ body: String, _ headers: [String: String] = [:]
    ) async -> PublishError? {
        let service = JSONService(
            transport: ScriptedTransport(.answer(status, body, headers)), referenceField: "x-request-id")
        do {
            _ = try await service.send(.init("GET", "https://api.example.com/v1/things?key=1", token: "secret"))
            return nil
        } catch {
            return error
        }
    }

    @Test("A request has the token, JSON and the CA certificates of the file")
    func request() async throws {
        let transport = ScriptedTransport(.answer(200, #"{"name": "one"}"#))
        let service = JSONService(
            transport: transport,
            authorities: JSONService.authorities(file: "ca.pem", FilesInMemory(["ca.pem": "PEM"])))
        let answer = try await service.send(
            .init("POST", "https://api.example.com/v1/things", token: "secret", json: ["a": 1]))
        #expect(answer.json["name"] == "one")
        let sent = transport.requests[0]
        #expect(sent.headers("Authorization") == ["Bearer secret"] && sent.text == #"{"a":1}"#)
        #expect(sent.headers("Content-Type") == ["application/json"] && sent.certificateAuthorities == "PEM")
    }

    @Test("Both forms of errors are read, quoted on one line, without the query and the token")
    func errors() async {
        let rest = await error(
            403, #"{"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no\nfor \u0007you"}}"#,
            ["X-Request-ID": "r-1"])
        #expect(
            rest?.message
                == #"GET https://api.example.com/v1/things: status 403: PERMISSION_DENIED: no for \u{07}you"#)
        #expect(rest?.kind == .denied && rest?.reference == "r-1")
        let oauth = await error(400, #"{"error": "invalid_grant", "error_description": "stale"}"#)
        #expect(oauth?.message.hasSuffix("status 400: invalid_grant: stale") == true)
        let named = await error(404, #"{"error": {"code": "ResourceNotFound", "message": "gone"}}"#)
        #expect(named?.message.hasSuffix("status 404: ResourceNotFound: gone") == true)
    }

    @Test(
        "Statuses",
        arguments: [
            (401, PublishError.Kind.denied), (404, .misconfigured), (409, .conflict), (412, .conflict),
            (429, .throttled), (408, .unavailable), (503, .unavailable), (302, .misconfigured),
        ])
    func statuses(status: Int, kind: PublishError.Kind) async {
        let error = await error(status, "<html>", ["Retry-After": "7"])
        #expect(error?.kind == kind && error?.retryAfter == 7)
    }

    @Test("A body of a proxy is not an answer, and a missing CA file is named")
    func others() async {
        #expect(await error(200, "<html>")?.kind == .malformed)
        let service = JSONService(
            transport: ScriptedTransport(), authorities: JSONService.authorities(file: "ca.pem", FilesInMemory()))
        let missing = await #expect(throws: PublishError.self) {
            try await service.send(.init("GET", "https://api.example.com"))
        }
        #expect(missing?.message == #"publish.caFile: missing or unreadable file "ca.pem""#)
    }

    @Test("Only failures that a repetition may cure are transient for provisioning")
    func provisioning() {
        let kinds = PublishError.Kind.allCases.filter { ProvisioningError(PublishError($0, "")).kind == .transient }
        #expect(kinds == [.conflict, .throttled, .unavailable])
    }
}
