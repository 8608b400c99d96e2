import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayPluginTesting
import Kubernetes
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite struct IssuerProbeTests {
    private let files = FilesInMemory(["ca.pem": "certificates"])

    private func probe(
        _ transport: ScriptedTransport, _ adjust: (inout EndpointConfiguration.Probe) -> Void = { _ in }
    ) throws -> IssuerProbe {
        let endpoint = try ExampleGateway.configuration().endpoints[0]
        var settings = endpoint.probe
        adjust(&settings)
        return IssuerProbe(endpoint.issuer, settings: settings, files: files, transport: transport)
    }

    @Test func `each document is read at its public URL, within 5 seconds and 64 KiB`() async throws {
        let transport = ScriptedTransport(.answer(200, "keys"), .answer(200, "discovery"))
        let probe = try probe(transport)
        #expect(await probe.read(.keys) == .content(Array("keys".utf8), isOwn: false))
        #expect(await probe.read(.discovery) == .content(Array("discovery".utf8), isOwn: false))
        #expect(
            transport.calls == [
                "GET https://one.example.com/issuer/certs",
                "GET https://one.example.com/issuer/.well-known/openid-configuration",
            ])
        for request in transport.requests {
            #expect(request.headers("Host") == ["one.example.com"])
            #expect(request.timeout == 5 && request.maximumResponseBytes == 65_536)
            #expect(request.certificateAuthorities == nil)
        }
    }

    @Test func `a document that a gateway itself serves is recognized by its header field`() async throws {
        let probe = try probe(
            ScriptedTransport(
                .answer(200, "", ["sts-gateway": "origin"]), .answer(200, "", ["sts-gateway": "other"])))
        #expect(await probe.read(.keys) == .content([], isOwn: true))
        #expect(await probe.read(.keys) == .content([], isOwn: false))
    }

    @Test func `the Date of an answer is compared with the clock, unless a gateway itself has answered`() async throws {
        let time = TestScheduler()
        let clock = ClockComparison(
            server: ServerClock(mayBeCached: true), scheduler: time.scheduler, isSynchronized: { false })
        let date = HTTPDate().text(time.now.addingTimeInterval(-7_200))
        let probe = IssuerProbe(
            try ExampleGateway.configuration().endpoints[0].issuer,
            settings: try ExampleGateway.configuration().endpoints[0].probe, files: files,
            transport: ScriptedTransport(
                .answer(200, "", ["sts-gateway": "origin", "Date": date]),
                .answer(200, "", ["Date": date, "Age": "3600"])), clock: clock)
        _ = await probe.read(.keys)
        #expect(clock.result == nil)
        _ = await probe.read(.keys)
        #expect(clock.result?.ahead == 3_599.5 && clock.result?.agrees == false)
    }

    @Test func `another address changes the port of the URL, not the Host`() async throws {
        let transport = ScriptedTransport(.answer(200))
        let probe = try probe(transport) { $0.connectTo = ListenAddress("192.0.2.1:8443") }
        _ = await probe.read(.keys)
        #expect(transport.calls == ["GET https://one.example.com:8443/issuer/certs"])
        #expect(transport.requests[0].headers("Host") == ["one.example.com"])
    }

    @Test(arguments: [301, 302, 307, 308, 204, 304, 403, 404, 500, 503])
    func `any status but 200 is a failure`(_ status: Int) async throws {
        let answer = try await probe(ScriptedTransport(.answer(status, "moved", ["Location": "/"]))).read(.keys)
        guard case .failure(let reason) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(reason.contains("\(status)") && reason.contains("redirects") == (300..<400).contains(status))
    }

    @Test(arguments: [HTTPTransportError.timedOut, .tooLong(65_536), .failed("connection refused")])
    func `the reason of a call that fails is reported`(_ error: HTTPTransportError) async throws {
        #expect(try await probe(ScriptedTransport(.failure(error))).read(.keys) == .failure("\(error)"))
    }

    @Test func `the CA file is read for each call`() async throws {
        let transport = ScriptedTransport(.answer(200), .answer(200))
        let probe = try probe(transport) { $0.authorityFile = "ca.pem" }
        _ = await probe.read(.keys)
        files["ca.pem"] = Array("other".utf8)
        _ = await probe.read(.keys)
        #expect(transport.requests.map(\.certificateAuthorities) == ["certificates", "other"])
    }

    @Test(arguments: [nil, [0x2D, 0xFF]] as [[UInt8]?])
    func `without a CA file in UTF-8 nothing is sent`(_ content: [UInt8]?) async throws {
        let transport = ScriptedTransport()
        files["ca.pem"] = content
        let answer = try await probe(transport) { $0.authorityFile = "ca.pem" }.read(.keys)
        guard case .failure(let reason) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(reason.hasPrefix("publish.probe.caFile is not") || reason.contains("cannot be read"))
        #expect(transport.requests.isEmpty)
    }
}
