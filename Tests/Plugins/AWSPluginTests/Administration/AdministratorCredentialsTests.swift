import Crypto
import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import Synchronization
import Testing

@testable import AWSPlugin

@Suite struct AdministratorCredentialsTests {
    private final class Programs: ProgramRunning {
        let answer: Result<String, ProgramError>
        private let recorded = Mutex<[[String]]>([])
        var calls: [[String]] { recorded.withLock { $0 } }
        init(_ answer: Result<String, ProgramError>) { self.answer = answer }
        func run(_ words: [String], timeout: Int, maximumBytes: Int) async throws(ProgramError) -> [UInt8] {
            recorded.withLock { $0.append(words) }
            guard timeout == 60, maximumBytes == 65_536 else { throw .cannotStart("wrong limits") }
            return Array(try answer.get().utf8)
        }
    }

    private static let now = Date(timeIntervalSince1970: 1_767_225_600)
    private static let session =
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s"
        + "</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration></Credentials>"
        + "</AssumeRoleResult></AssumeRoleResponse>"

    private func resolve(
        _ config: String, credentials: String = "", profile: String? = nil, _ variables: [String: String] = [:],
        transport: ScriptedTransport = ScriptedTransport(), programs: (any ProgramRunning)? = nil,
        more: [String: String] = [:]
    ) async throws(PublishError) -> AccessKey? {
        var environment = ["HOME": "/home/me", "AWS_EC2_METADATA_DISABLED": "true"]
        environment.merge(variables) { $1 }
        let sts = STSClient(
            endpoint: ServiceEndpoint(host: "sts.eu-central-1.amazonaws.com"), transport: transport,
            authorities: { nil })
        return try await AdministratorCredentials.provider(
            Administration(profile: profile, programs: programs), account: nil, defaultProfile: nil,
            environment: { [environment] in environment[$0] },
            files: FilesInMemory(
                ["/home/me/.aws/config": config, "/home/me/.aws/credentials": credentials].merging(more) { $1 }),
            sts: sts, now: { Self.now }
        ).credentials()
    }

    private func failure(_ config: String, profile: String? = nil, programs: (any ProgramRunning)? = nil) async
        -> String
    {
        do {
            _ = try await resolve(config, profile: profile, programs: programs)
            return ""
        } catch {
            return "\(error)"
        }
    }

    private static func keys(_ id: String) -> String { "aws_access_key_id = \(id)\naws_secret_access_key = s\n" }

    @Test func `The environment comes first, unless --profile names a profile`() async throws {
        let variables = ["AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "s"]
        let config = "[default]\n\(Self.keys("D"))[profile one]\n\(Self.keys("P"))"
        #expect(try await resolve(config, variables)?.id == "E")
        #expect(try await resolve(config, ["AWS_PROFILE": "one"].merging(variables) { $1 })?.id == "E")
        #expect(try await resolve(config, profile: "one", variables)?.id == "P")
        #expect(try await resolve(config, ["AWS_PROFILE": "one"])?.id == "P")
        #expect(try await resolve(config)?.id == "D")
    }

    @Test func `A role of the profile is assumed with its source profile`() async throws {
        let config = """
            [profile admin]
            role_arn = arn:aws:iam::111111111111:role/admin
            source_profile = base
            external_id = X
            duration_seconds = 900
            [profile base]
            \(Self.keys("B"))
            """
        let transport = ScriptedTransport(.answer(200, Self.session))
        #expect(try await resolve(config, profile: "admin", transport: transport)?.id == "ASIAROLE")
        let request = try #require(transport.requests.first)
        #expect(request.headers("Authorization").first?.contains("Credential=B/") == true)
        for part in ["Action=AssumeRole", "ExternalId=X", "DurationSeconds=900", "RoleArn=arn%3Aaws"] {
            #expect(request.text.contains(part), "\(request.text)")
        }
    }

    @Test func `A role can be assumed with the credentials of the environment`() async throws {
        let config = "[profile a]\nrole_arn = arn:aws:iam::111111111111:role/a\ncredential_source = Environment\n"
        let transport = ScriptedTransport(.answer(200, Self.session))
        let variables = ["AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "s"]
        #expect(try await resolve(config, profile: "a", variables, transport: transport)?.id == "ASIAROLE")
        #expect(transport.requests.first?.headers("Authorization").first?.contains("Credential=E/") == true)
    }

    @Test func `MFA is refused with the reason`() async {
        let text = await failure(
            "[profile a]\nrole_arn = arn:aws:iam::111111111111:role/a\nsource_profile = b\nmfa_serial = hidden\n"
                + "[profile b]\n\(Self.keys("B"))", profile: "a")
        #expect(text.contains("MFA is not supported") && text.contains("aws configure export-credentials"))
        #expect(!text.contains("hidden"))
    }

    @Test(arguments: [
        ("[profile a]\nrole_arn = arn:aws:iam::111111111111:role/a\n", "either source_profile or credential_source"),
        (
            "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a\n",
            "leads back"
        ),
        ("[profile a]\nrole_arn = r\nsource_profile = none\n", "missing source_profile"),
        ("[profile a]\nrole_arn = r\ncredential_source = Nowhere\n", "invalid credential_source"),
        ("[profile b]\n", "missing profile"), ("[profile a]\n", "no credentials"),
        ("[profile a]\naws_access_key_id = A\n", "no aws_secret_access_key"),
        ("[profile a\n", "expected [SECTION]"), ("a = b\n", "expected a section"),
        ("[profile a]\n[profile a]\n", "each section once"),
    ])
    func `What is not complete is an error`(_ config: String, _ text: String) async {
        let found = await failure(config, profile: "a")
        #expect(found.contains(text), "\(found)")
    }

    // MARK: credential_process

    @Test func `A process gets its words, and its keys are used`() async throws {
        let programs = Programs(
            .success(
                #"{"Version": 1, "AccessKeyId": "P", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2026-01-01T01:00:00Z"}"#
            ))
        let key = try await resolve(
            #"[default]\#ncredential_process = /bin/keys --a "b  # c" 'd e'\f"#, programs: programs)
        #expect(key?.id == "P" && key?.sessionToken == "t" && key?.expiration != nil)
        #expect(programs.calls == [["/bin/keys", "--a", "b  # c", "d ef"]])
    }

    @Test(arguments: [
        (Result<String, ProgramError>.failure(.timedOut(60)), "did not end within 60 s"),
        (.failure(.tooLong(65_536)), "more than 65536 bytes"), (.failure(.failed(3)), "exit status 3"),
        (.success("hidden"), "no JSON with Version 1"),
        (.success(#"{"Version": 2, "AccessKeyId": "hidden", "SecretAccessKey": "hidden"}"#), "no JSON with Version 1"),
        (.success(#"{"Version": 1, "AccessKeyId": "hidden"}"#), "no AccessKeyId and SecretAccessKey"),
        (
            .success(#"{"Version": 1, "AccessKeyId": "hidden", "SecretAccessKey": "hidden", "Expiration": "hidden"}"#),
            "invalid Expiration"
        ),
    ])
    func `The output of a process is in no error`(_ answer: Result<String, ProgramError>, _ text: String) async {
        let found = await failure("[default]\ncredential_process = p hidden\n", programs: Programs(answer))
        #expect(found.contains(text), "\(found)")
        #expect(!found.contains("hidden"))
    }

    @Test func `Without programs no process runs`() async {
        #expect(await failure("[default]\ncredential_process = p\n").contains("no program may run here"))
    }

    // MARK: Single sign-on

    private static let modern = """
        [profile a]
        sso_session = mine
        sso_account_id = 111111111111
        sso_role_name = Admin
        [sso-session mine]
        sso_start_url = https://example.awsapps.com/start
        sso_region = eu-central-1
        """
    private static let legacy = """
        [profile a]
        sso_start_url = https://example.awsapps.com/start
        sso_region = eu-central-1
        sso_account_id = 111111111111
        sso_role_name = Admin
        """

    private static func cache(_ name: String, _ end: String) -> [String: String] {
        let digest = SigV4Signer.hexadecimal(Insecure.SHA1.hash(data: Array(name.utf8)))
        return ["/home/me/.aws/sso/cache/\(digest).json": #"{"accessToken": "TOKEN", "expiresAt": "\#(end)"}"#]
    }

    @Test(arguments: [(modern, "mine"), (legacy, "https://example.awsapps.com/start")])
    func `The cached token of a login is exchanged for credentials`(_ config: String, _ name: String) async throws {
        let transport = ScriptedTransport(
            .answer(
                200,
                #"{"roleCredentials": {"accessKeyId": "S", "secretAccessKey": "s", "sessionToken": "t", "expiration": 1767229200000}}"#
            ))
        let key = try await resolve(
            config, profile: "a", transport: transport, more: Self.cache(name, "2026-01-01T00:30:00Z"))
        #expect(key?.id == "S" && key?.expiration == Self.now.addingTimeInterval(3_600))
        #expect(
            transport.calls == [
                "GET https://portal.sso.eu-central-1.amazonaws.com/federation/credentials?account_id=111111111111"
                    + "&role_name=Admin"
            ])
        #expect(transport.requests.first?.headers("x-amz-sso_bearer_token") == ["TOKEN"])
    }

    @Test(arguments: [nil, "2025-12-31T23:59:59Z", "later"])
    func `Without a valid token the command of the login is printed`(_ end: String?) async throws {
        let error = await #expect(throws: PublishError.self) {
            try await resolve(Self.modern, profile: "a", more: end.map { Self.cache("mine", $0) } ?? [:])
        }
        #expect(error?.message.contains("run: aws sso login --profile a") == true)
        #expect(error?.message.contains("TOKEN") == false)
    }
}

@Suite struct ShellWordsTests {
    /// Each result is that of Python's `shlex.split`.
    @Test(arguments: [
        ("a b", ["a", "b"]), ("  a\tb\n", ["a", "b"]), ("", []), (#"'a b' "c d""#, ["a b", "c d"]), ("''", [""]),
        (#"a"b"'c'"#, ["abc"]), (#"a\ b"#, ["a b"]), (#""a\"b\\c\d""#, [#"a"b\c\d"#]), (#"'a\'"#, [#"a\"#]),
        ("a # b", ["a", "#", "b"]), (#""a'b""#, ["a'b"]), ("\"\" x", ["", "x"]), ("é 'ü'", ["é", "ü"]),
    ])
    func `Words are split as a POSIX shell does`(_ text: String, _ words: [String]) {
        #expect(ShellWords.split(text) == words)
    }

    @Test(arguments: ["'a", "\"a", "a\\", "\"a\\\""])
    func `An open quotation is not valid`(_ text: String) { #expect(ShellWords.split(text) == nil) }
}
