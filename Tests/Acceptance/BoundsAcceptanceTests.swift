import Foundation
import GatewayTestSupport
import NIOHTTP1
import Testing

@Suite("The whole gateway: bounds", .wholeProcesses)
struct BoundsAcceptanceTests {
    @Test("Headers over the limit are 431")
    func headers() async throws {
        try await RunningGateway.run { gateway in
            for size in [17_000, 40_000, 200_000] {
                let answer = try await gateway.send(
                    .GET, "/generic/certs", headers: ["X-Filler": String(repeating: "a", count: size)])
                #expect(answer.status == 431, "\(size)")
            }
            #expect(try await gateway.send(.GET, "/generic/certs").status == 200)
        }
    }

    @Test("A connection with an incomplete request, handshake or preface is closed, and others are served")
    func slowPeers() async throws {
        try await RunningGateway.run(limits: "{readTimeout: 1s, idleTimeout: 2s}") { gateway in
            let script = """
                import socket, ssl, sys
                port = int(sys.argv[1])
                context = ssl.create_default_context(cafile=sys.argv[2])
                lost = (ConnectionError, ssl.SSLError)
                def connect(tls):
                    raw = socket.create_connection(("127.0.0.1", port), timeout=600)
                    return context.wrap_socket(raw, server_hostname="localhost") if tls else raw
                def closed(tls, sent):
                    # A peer so slow that it loses its connection in the handshake has been cut off as well.
                    try:
                        peer = connect(tls)
                        peer.sendall(sent)
                        return peer.recv(4096) == b""
                    except lost:
                        return True
                body = b"POST /generic/token HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 100\\r\\n\\r\\nab"
                head = b"GET /generic/certs HTTP/1.1\\r\\n"
                print([closed(*peer) for peer in ((True, body), (True, b""), (True, head), (False, b""))])
                """
            let ended = try await ChildProcess.run(
                Place.python, ["-c", script, String(gateway.port), "\(gateway.folder.path)/keys/serving-ca.pem"])
            #expect(ended.output == "[True, True, True, True]\n", "\(ended.errors)")
            // On a slow machine this may take more than one request.
            try await eventually(gateway.process.standardError) {
                (try? await gateway.send(.GET, "/generic/certs").status) == 200
            }
        }
    }

    @Test("SIGTERM ends the gateway with 0, also with an idle connection")
    func shutdown() async throws {
        try await RunningGateway.run { gateway in
            let answer = try await gateway.send(.GET, "/generic/certs")
            #expect(answer.status == 200)
            gateway.process.signal(SIGTERM)
            let ended = await gateway.process.ended()
            #expect(ended.status == 0)
            #expect(ended.errors.contains("\"message\":\"stopped\""))
        }
    }

    @Test("The serving certificate is selected by SNI")
    func serverNames() async throws {
        let folder = try TemporaryFolder()
        for name in ["one", "two"] {
            let made = try await ChildProcess.run(
                Place.python, [Place.peer("pki.py"), "\(folder.path)/\(name)", "--name", "\(name).example.com"])
            #expect(made.status == 0, "\(made.errors)")
        }
        try await RunningGateway.run(
            folder: folder,
            adding: """
                tls:
                  certificates:
                  - {certificate: one/server.pem, key: one/server-key.pem}
                  - {certificate: two/server.pem, key: two/server-key.pem}
                """
        ) { gateway in
            for (name, authority, works) in [
                ("one", "one", true), ("two", "two", true), ("one", "two", false), ("two", "one", false),
            ] {
                let answer = try await ChildProcess.run(
                    "/usr/bin/curl",
                    [
                        "-sS", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}", "--cacert",
                        "\(folder.path)/\(authority)/ca.pem", "--resolve",
                        "\(name).example.com:\(gateway.port):127.0.0.1",
                        "https://\(name).example.com:\(gateway.port)/generic/certs",
                    ])
                #expect((answer.output == "200") == works, "\(name) by \(authority): \(answer.errors)")
            }
        }
    }
}
