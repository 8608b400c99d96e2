import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("Credentials of a container")
struct ContainerCredentialsTests {
    private static let answer =
        #"{"AccessKeyId":"ASIA","SecretAccessKey":"secret","Token":"token","Expiration":"2013-05-24T06:00:00Z"}"#
    private static let relative = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/a1b2"]

    private func credentials(
        _ transport: ScriptedTransport, _ variables: [String: String], files: FilesInMemory = FilesInMemory()
    ) async throws(PublishError) -> AccessKey? {
        try await ContainerCredentials(
            environment: { variables[$0] }, files: files, client: IMDSClient(transport: transport)
        ).credentials()
    }

    @Test("come from the path at the address of ECS, without a proxy")
    func relativeURI() async throws {
        let transport = ScriptedTransport(.answer(200, Self.answer))
        let key = try await credentials(transport, Self.relative)
        #expect(
            key
                == AccessKey(
                    id: "ASIA", secret: "secret", sessionToken: "token",
                    expiration: exampleTime.addingTimeInterval(21_600)))
        #expect(transport.calls == ["GET http://169.254.170.2/v2/credentials/a1b2"])
        #expect(!transport.requests[0].usesProxy)
        #expect(transport.requests[0].timeout == 2)
        #expect(transport.requests[0].headers.isEmpty)
    }

    @Test("are not set up without a URI")
    func none() async throws {
        let transport = ScriptedTransport()
        #expect(try await credentials(transport, ["AWS_CONTAINER_AUTHORIZATION_TOKEN": "t"]) == nil)
        #expect(transport.requests.isEmpty)
    }

    static let allowed = [
        "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials", "http://169.254.170.2:80/",
        "http://127.0.0.1:51679/a", "http://127.255.255.255/", "http://localhost/a?b=c", "HTTP://LOCALHOST",
        "http://[::1]:8080/", "https://credentials.example.com/a", "https://10.0.0.1",
    ]

    @Test("are requested at loopback, at the addresses of ECS and EKS, and over https", arguments: allowed)
    func fullURI(url: String) async throws {
        let transport = ScriptedTransport(.answer(200, Self.answer))
        _ = try await credentials(transport, ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url])
        #expect(transport.calls == ["GET \(url)"])
    }

    @Test(
        "are requested nowhere else",
        arguments: [
            "http://169.254.169.254/", "http://10.0.0.1/", "http://example.com/", "http://127.0.0.1.example.com/",
            "http://127.1/", "http://0127.0.0.1/", "http://127.0.0.256/", "http://2130706433/",
            "http://localhost.evil/",
            "http://127.0.0.1@evil.example.com/", "https://127.0.0.1@evil.example.com/",
            "http://[::1]evil.example.com/",
            "http://[::2]/", "http://[fd00:ec2::24]/", "http://evil.example.com\\@127.0.0.1/", "ftp://127.0.0.1/",
            "file:///etc/passwd", "127.0.0.1", "http://", "https://", "http://127.0.0.1/ x",
            "http://127.0.0.1/\r\nX: y",
            "http://\u{661}27.0.0.1/",
        ])
    func foreign(url: String) async {
        let transport = ScriptedTransport(.answer(200, Self.answer))
        let error = await #expect(throws: PublishError.self) {
            try await credentials(transport, ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url])
        }
        #expect(error?.kind == .misconfigured)
        #expect(transport.requests.isEmpty)
    }

    @Test(
        "are requested at the address of ECS for every path",
        arguments: ["@evil.example.com/", ".evil.example.com", "/a b"])
    func badPath(path: String) async {
        let transport = ScriptedTransport(.answer(200, Self.answer))
        await #expect(throws: PublishError.self) {
            try await credentials(transport, ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": path])
        }
        #expect(transport.requests.isEmpty)
    }

    @Test("are requested with the authorization of the file, which takes precedence over the variable's")
    func authorization() async throws {
        let answer = ScriptedTransport.Answer.answer(200, Self.answer)
        let transport = ScriptedTransport(answer, answer)
        var variables = Self.relative.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN": "Basic abc"]) { $1 }
        _ = try await credentials(transport, variables)
        variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token"
        _ = try await credentials(transport, variables, files: FilesInMemory(["/token": "ey.of.file"]))
        #expect(transport.requests.map { $0.headers("authorization") } == [["Basic abc"], ["ey.of.file"]])
    }

    @Test("are not requested with an authorization that is missing or has a line break")
    func badAuthorization() async {
        let transport = ScriptedTransport(.answer(200, Self.answer))
        let variables = Self.relative.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token"]) { $1 }
        let files = FilesInMemory(["/token": "hidden\r\nX-Evil: 1"])
        let split = await #expect(throws: PublishError.self) {
            try await credentials(transport, variables, files: files)
        }
        #expect(split?.kind == .misconfigured)
        #expect(split?.message.contains("hidden") == false)
        await #expect(throws: PublishError.self) { try await credentials(transport, variables) }
        #expect(transport.requests.isEmpty)
    }

    @Test(
        "fail with the origin and without the path, which may be a secret",
        arguments: [
            (ScriptedTransport.Answer.answer(403, "a1b2"), PublishError.Kind.denied), (.answer(500), .unavailable),
            (.answer(429), .throttled), (.answer(302), .denied), (.answer(200, ""), .malformed),
            (.answer(200, "{}"), .malformed), (.answer(200, "[1]"), .malformed),
            (.answer(200, #"{"AccessKeyId":"A","SecretAccessKey":"hidden"}"#), .malformed),
            (.answer(200, #"{"AccessKeyId":"A","SecretAccessKey":"hidden","Expiration":"soon"}"#), .malformed),
            (.answer(200, #"{"AccessKeyId":"A","SecretAccessKey":7,"Expiration":"2013-05-24T06:00:00Z"}"#), .malformed),
            (.failure(.timedOut), .unavailable),
        ])
    func failures(answer: ScriptedTransport.Answer, kind: PublishError.Kind) async {
        let error = await #expect(throws: PublishError.self) {
            try await credentials(ScriptedTransport(answer), Self.relative)
        }
        #expect(error?.kind == kind)
        #expect(error?.message.hasPrefix("http://169.254.170.2") == true)
        #expect(error?.message.contains("a1b2") == false)
        #expect(error?.message.contains("hidden") == false)
        #expect(error?.isWellFormed == true)
    }

    @Test("are an error where the file of the authorization token is not UTF-8, and nothing is sent")
    func notUTF8() async throws {
        let transport = ScriptedTransport()
        let files = FilesInMemory()
        files["/token"] = [0x61, 0xFF]
        let error = await #expect(throws: PublishError.self) {
            try await credentials(
                transport, Self.relative.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/token"]) { $1 },
                files: files)
        }
        #expect(error?.kind == .misconfigured && error?.message.contains("not UTF-8") == true)
        #expect(transport.requests.isEmpty)
    }
}
