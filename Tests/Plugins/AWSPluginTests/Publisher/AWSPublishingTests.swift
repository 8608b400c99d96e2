import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("Publishing through the AWS plugin")
struct AWSPublishingTests {
    private static let role = "arn:aws:iam::111111111111:role/publisher"

    /// Everything that any way to credentials could use.
    private static let environment = [
        "AWS_ACCESS_KEY_ID": "AKIDENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "secret", "HOME": "/home/me",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": role,
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/credentials",
    ]

    private static let files = [
        "/token": "file.claims.signature",
        "/home/me/.aws/credentials": "[default]\naws_access_key_id=AKIDPROFILE\naws_secret_access_key=secret\n",
    ]

    private func network() -> ScriptedTransport {
        ScriptedTransport { request in
            let key = #""SecretAccessKey":"secret","Token":"t","Expiration":"2013-05-24T06:00:00Z"}"#
            switch (request.method, request.url) {
            case ("POST", "https://sts.eu-central-1.amazonaws.com/"):
                return .answer(200, SessionResponse.text(id: request.text.contains("file.") ? "ASIAFILE" : "ASIAOWN"))
            case (_, "http://169.254.170.2/credentials"):
                return .answer(200, #"{"AccessKeyId":"ASIACONTAINER",\#(key)"#)
            case ("PUT", "http://169.254.169.254/latest/api/token"): return .answer(200, "session")
            case (_, "http://169.254.169.254/latest/meta-data/iam/security-credentials/"): return .answer(200, "role")
            case (_, let url) where url.hasPrefix("http://169.254.169.254/"):
                return .answer(200, #"{"AccessKeyId":"ASIAINSTANCE",\#(key)"#)
            default: return .answer(404)
            }
        }
    }

    private func publisher(
        _ transport: ScriptedTransport, _ files: FilesInMemory, sources: String, isByAdministrator: Bool = false
    ) throws -> any DiscoveryPublisher {
        let plan = try AWSProvider.publisher(
            for: try #require(.example()),
            settings: .example(
                #"{"bucket":"bucket","region":"eu-central-1","role":"\#(Self.role)","credentials":\#(sources)}"#))
        let opened = try #require(plan)
        return try #require(
            opened.open(
                .example(
                    transport, environment: Self.environment, files: files, isByAdministrator: isByAdministrator)))
    }

    @Test(
        "uses only the credential sources of the list",
        arguments: [
            (#"["self"]"#, "ASIAOWN", 0, ["sts.eu-central-1.amazonaws.com"]),
            (#"["environment"]"#, "AKIDENVIRONMENT", 0, []), (#"["profile"]"#, "AKIDPROFILE", 1, []),
            (#"["webIdentity"]"#, "ASIAFILE", 1, ["sts.eu-central-1.amazonaws.com"]),
            (#"["container"]"#, "ASIACONTAINER", 0, ["169.254.170.2"]),
            (#"["imds"]"#, "ASIAINSTANCE", 0, ["169.254.169.254", "169.254.169.254", "169.254.169.254"]),
            (#"["container","environment"]"#, "ASIACONTAINER", 0, ["169.254.170.2"]),
        ])
    func listed(sources: String, id: String, reads: Int, hosts: [String]) async throws {
        let transport = network()
        let files = FilesInMemory(Self.files)
        _ = try await publisher(transport, files, sources: sources).stored(.keys)
        #expect(transport.requests.last?.headers("authorization")[0].contains("Credential=\(id)/") == true)
        #expect(files.reads.count == reads)
        #expect(transport.requests.dropLast().map { $0.url.split(separator: "/")[1] } == hosts.map { $0[...] })
    }

    @Test("loads credentials once for many calls")
    func once() async throws {
        let transport = network()
        let publisher = try publisher(transport, FilesInMemory(Self.files), sources: #"["self"]"#)
        _ = try await publisher.stored(.keys)
        _ = try await publisher.stored(.discovery)
        #expect(transport.calls.count { $0.hasPrefix("POST") } == 1)
        #expect(transport.requests.last?.headers("x-amz-security-token") == ["session-token"])
    }

    @Test("uses the administrator's credentials and never a self-issued token where an administrator runs it")
    func administrator() async throws {
        let transport = network()
        let publisher = try publisher(
            transport, FilesInMemory(Self.files), sources: #"["self"]"#, isByAdministrator: true)
        _ = try await publisher.stored(.keys)
        #expect(transport.requests[0].headers("authorization")[0].contains("Credential=AKIDENVIRONMENT/"))
        #expect(transport.requests.count == 1)
    }

    @Test("trusts the CA certificates of the file for every service, and reads the file for each call")
    func authorities() async throws {
        let transport = network()
        let files = FilesInMemory(["ca.pem": "PEM 1"])
        let plan = try PublishPlan.example(
            #"{"bucket":"bucket","region":"eu-central-1","role":"\#(Self.role)","caFile":"ca.pem"}"#)
        let publisher = plan.open(.example(transport, files: files))
        _ = try await publisher.stored(.keys)
        #expect(transport.requests.map(\.certificateAuthorities) == ["PEM 1", "PEM 1"])
        files["ca.pem"] = Array("PEM 2".utf8)
        _ = try await publisher.stored(.keys)
        #expect(transport.requests.last?.certificateAuthorities == "PEM 2")
        files["ca.pem"] = nil
        let error = await #expect(throws: PublishError.self) { try await publisher.stored(.keys) }
        #expect(error?.kind == .misconfigured)
        #expect(error?.message == #"publish.caFile: missing file "ca.pem""#)
        files["ca.pem"] = [0x2D, 0xFF]
        let notUTF8 = await #expect(throws: PublishError.self) { try await publisher.stored(.keys) }
        #expect(notUTF8?.kind == .misconfigured && notUTF8?.message.contains("not UTF-8") == true)
    }

    @Test("does nothing when it is opened")
    func idle() throws {
        let transport = network()
        let files = FilesInMemory(Self.files)
        _ = try publisher(transport, files, sources: #"["self","profile","imds"]"#)
        #expect(transport.requests.isEmpty && files.reads.isEmpty)
    }

    @Test("rejects a block with all errors")
    func rejected() throws {
        let endpoint = try #require(Endpoint.example())
        let settings = try AWSProvider.PublisherSettings.example(#"{"bucket":"B","region":"x"}"#)
        let error = #expect(throws: SettingsErrors.self) {
            try AWSProvider.publisher(for: endpoint, settings: settings)
        }
        #expect(error?.errors.map(\.key) == ["publish.bucket", "publish.region", "publish.role"])
    }
}
