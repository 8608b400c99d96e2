import GatewayCore
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Testing

@testable import GatewayServer

@Suite("The status route")
struct StatusRoutesTests {
    private func get(
        _ target: String = "/status", host: String?, isLoopback: Bool = true, accept: String? = nil,
        hosts: [String] = []
    ) async throws -> (status: Int, headers: HTTPFields, body: String) {
        var table = RouteTable()
        StatusRoutes(hosts: hosts) { ExampleStatus.report }.add(to: &table)
        let responder = GatewayResponder(
            table: table, maximumBodyBytes: 1_024, decisions: nil, logger: RecordedJSONLog().logger)
        var head = HTTPRequest(method: .get, scheme: "http", authority: host, path: target)
        if let accept { head.headerFields[.accept] = accept }
        let response = try await responder.respond(
            to: head, body: RequestBody(buffer: ByteBuffer()), from: nil, isLoopback: isLoopback)
        let body = String(buffer: try await response.body.collected())
        return (response.status.code, response.headers, body)
    }

    @Test("It is shown on a loopback address for a local host", arguments: ["localhost:9090", "127.0.0.1", "[::1]:80"])
    func local(_ host: String) async throws {
        let answer = try await get(host: host)
        #expect(answer.status == 200 && answer.headers[.contentType] == "text/html; charset=utf-8")
        #expect(answer.headers[.contentSecurityPolicy] == StatusPage.contentSecurityPolicy)
        #expect(answer.headers[.xContentTypeOptions] == "nosniff" && answer.headers[.cacheControl] == "no-store")
    }

    @Test("It is not shown for another host, as of a page of another site, nor at another address")
    func foreign() async throws {
        for (host, isLoopback) in [
            ("attacker.example", true), ("localhost.attacker.example", true), ("10.0.0.7:9090", true), (nil, true),
            ("localhost", false), ("127.0.0.1", false),
        ] {
            let answer = try await get(host: host, isLoopback: isLoopback)
            #expect(answer.status == 403, "\(host ?? "none")")
            #expect(answer.body.contains("port-forward") && answer.body.contains("STS1906"))
            #expect(!answer.body.contains("cluster"))
        }
    }

    @Test("A configured host is answered at any address, and only that one")
    func configured() async throws {
        let hosts = ["status.example"]
        #expect(try await get(host: "Status.Example:80", isLoopback: false, hosts: hosts).status == 200)
        #expect(try await get(host: "other.example", isLoopback: false, hosts: hosts).status == 403)
    }

    @Test("The format is that of the query, else the first known one of Accept, else HTML")
    func formats() async throws {
        let json = try await get("/status?format=json", host: "localhost", accept: "text/html")
        #expect(json.headers[.contentType] == "application/json")
        #expect(try JSONValue(parsing: Array(json.body.utf8))["replica"] == "one")
        let accepted = try await get(host: "localhost", accept: "application/xml;q=1, application/json")
        #expect(accepted.headers[.contentType] == "application/json")
        let text = try await get(host: "localhost", accept: "text/plain")
        #expect(text.body.hasPrefix("STS Gateway test, cluster test: ok\n"))
        #expect(try await get(host: "localhost", accept: "*/*").body.hasPrefix("<!DOCTYPE html>"))
        for target in ["/status?format=nope", "/status?format=", "/status?a=b&format=JSON"] {
            let unknown = try await get(target, host: "localhost")
            #expect(unknown.status == 400 && unknown.body.contains("expected html, json, text"), "\(unknown.body)")
            #expect(unknown.headers[.contentType] == "application/json" && !unknown.body.contains("nope"))
        }
    }
}
