import AsyncHTTPClient
import FakeKubernetesAPI
import Foundation
import GatewayTestSupport
import JSON
import NIOCore
import NIOHTTP1
import NIOSSL

/// A client of the fake API server, with its CA and its token.
struct APIClient: Sendable {
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }

        var json: JSONValue {
            get throws { try JSONDecoder().decode(JSONValue.self, from: Data(body)) }
        }
    }

    let api: FakeKubernetesAPI
    private let http: HTTPClient
    private static let hang = Int64(HangDeadline.seconds)

    /// Runs a fake API server with a client while `body` runs.
    static func run(
        at now: Date = Date(timeIntervalSince1970: 1_778_251_200),
        _ body: (FakeKubernetesAPI, APIClient) async throws -> Void
    ) async throws {
        try await run(clock: { now }, body)
    }

    static func run(
        clock: @escaping @Sendable () -> Date, sleep: @escaping FakeKubernetesAPI.Sleep = FakeKubernetesAPI.endless,
        _ body: (FakeKubernetesAPI, APIClient) async throws -> Void
    ) async throws {
        try await FakeKubernetesAPI.run(clock: clock, sleep: sleep) { api in
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(api.authorityPEM.utf8)))
            let http = HTTPClient(
                configuration: .init(tlsConfiguration: tls, timeout: .init(connect: .seconds(Self.hang))))
            do {
                try await body(api, APIClient(api: api, http: http))
            } catch {
                try await http.shutdown()
                throw error
            }
            try await http.shutdown()
        }
    }

    /// - Parameter token: nil for the client's token; empty for none.
    func send(
        _ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil, token: String? = nil, headers: HTTPHeaders = [:]
    ) async throws -> Answer {
        let response = try await http.execute(request(method, path, body, token, headers), timeout: .seconds(Self.hang))
        let buffer = try await response.body.collect(upTo: 64 << 20)
        return Answer(
            status: Int(response.status.code), headers: response.headers, body: Array(buffer.readableBytesView))
    }

    func get(_ path: String) async throws -> Answer { try await send(.GET, path) }

    /// Begins a POST, and closes the connection within its body.
    func sendIncomplete(_ path: String) async throws {
        struct Enough: Error {}
        let (parts, continuation) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        continuation.yield(ByteBuffer(string: "{"))
        continuation.finish(throwing: Enough())
        var request = request(.POST, path, nil, nil, [:])
        request.body = .stream(parts, length: .known(Int64(100)))
        _ = try await http.execute(request, timeout: .seconds(Self.hang))
    }

    private func request(
        _ method: HTTPMethod, _ path: String, _ body: JSONValue?, _ token: String?, _ headers: HTTPHeaders
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: api.url + path)
        request.method = method
        request.headers = headers
        let token = token ?? api.clientToken
        if !token.isEmpty { request.headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token)") }
        if let body {
            if !request.headers.contains(name: "Content-Type") {
                request.headers.add(name: "Content-Type", value: "application/json")
            }
            request.body = .bytes(body.utf8Text)
        }
        return request
    }

    /// Opens a watch, runs `whileOpen`, reports each event, and returns the first `count` of
    /// them, or all until the watch ends.
    func watch(
        _ path: String, count: Int = .max, whileOpen: () async throws -> Void = {},
        onEvent: (JSONValue) -> Void = { _ in }
    ) async throws -> [JSONValue] {
        let response = try await http.execute(request(.GET, path, nil, nil, [:]), timeout: .seconds(Self.hang))
        // The first event may be caused by `whileOpen`, so only the head of the response is awaited.
        try await whileOpen()
        var events: [JSONValue] = []
        var pending: [UInt8] = []
        guard count > 0 else { return [] }
        for try await part in response.body {
            pending += part.readableBytesView
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let event = try JSONDecoder().decode(JSONValue.self, from: Data(pending[..<end]))
                events.append(event)
                onEvent(event)
                pending.removeSubrange(...end)
                if events.count == count { return events }
            }
        }
        return events
    }
}

extension JSONValue {
    /// The string at the path.
    func text(_ path: String...) -> String? {
        guard case .string(let value) = path.reduce(Optional(self), { $0?[$1] }) else { return nil }
        return value
    }

    var items: [JSONValue] {
        guard case .array(let items) = self["items"] else { return [] }
        return items
    }
}
