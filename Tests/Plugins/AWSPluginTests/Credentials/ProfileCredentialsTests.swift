import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("Credentials of a profile")
struct ProfileCredentialsTests {
    private func credentials(
        _ files: FilesInMemory, profile: String? = nil, _ variables: [String: String] = ["HOME": "/home/me"]
    ) async throws(PublishError) -> AccessKey? {
        try await ProfileCredentials(profile: profile, environment: { variables[$0] }, files: files).credentials()
    }

    private static func keys(_ id: String) -> String { "aws_access_key_id=\(id)\naws_secret_access_key=s\n" }

    @Test("come from the credentials file, else from the config file")
    func files() async throws {
        let files = FilesInMemory([
            "/home/me/.aws/credentials": "[default]\n" + Self.keys("A"),
            "/home/me/.aws/config": "[default]\n" + Self.keys("B") + "[profile one]\n" + Self.keys("C"),
        ])
        #expect(try await credentials(files)?.id == "A")
        #expect(try await credentials(files, profile: "one")?.id == "C")
        files["/home/me/.aws/credentials"] = nil
        #expect(try await credentials(files)?.id == "B")
    }

    @Test("are those of the profile of the settings, of AWS_PROFILE, or of default")
    func names() async throws {
        let files = FilesInMemory([
            "/c": "[default]\n\(Self.keys("A"))[one]\n\(Self.keys("B"))aws_session_token=t\n[two]\n\(Self.keys("C"))"
                + "aws_session_token=\n"
        ])
        let variables = ["AWS_SHARED_CREDENTIALS_FILE": "/c", "AWS_PROFILE": "one"]
        #expect(try await credentials(files, variables) == AccessKey(id: "B", secret: "s", sessionToken: "t"))
        #expect(try await credentials(files, profile: "two", variables) == AccessKey(id: "C", secret: "s"))
        #expect(try await credentials(files, ["AWS_SHARED_CREDENTIALS_FILE": "/c", "AWS_PROFILE": ""])?.id == "A")
        #expect(!files.reads.contains { $0.contains(".aws") })
    }

    @Test("are not set up where no profile is named and none exists")
    func none() async throws {
        #expect(try await credentials(FilesInMemory()) == nil)
        #expect(try await credentials(FilesInMemory(), [:]) == nil)
        #expect(try await credentials(FilesInMemory(["/home/me/.aws/credentials": "[one]\n" + Self.keys("A")])) == nil)
    }

    @Test("fail where the named profile does not exist")
    func lacking() async {
        let bySettings = await #expect(throws: PublishError.self) {
            try await credentials(FilesInMemory(), profile: "one")
        }
        #expect(bySettings?.message.contains(#"missing profile "one""#) == true)
        let byVariable = await #expect(throws: PublishError.self) {
            try await credentials(FilesInMemory(), ["AWS_PROFILE": "two"])
        }
        #expect(byVariable?.message.contains(#"missing profile "two""#) == true)
        #expect(byVariable?.kind == .denied)
    }

    @Test("fail with the unsupported keys, without values")
    func notFollowed() async {
        let files = FilesInMemory([
            "/home/me/.aws/config": "[default]\nsso_session = mine\nsso_account_id = 1\nrole_arn = hidden\n"
                + "credential_process = /bin/hidden\naws_secret_access_key = hidden\n"
        ])
        let error = await #expect(throws: PublishError.self) { try await credentials(files) }
        #expect(error?.kind == .denied)
        #expect(
            error?.message.contains("credential_process, role_arn, sso_account_id, sso_session are not supported")
                == true)
        #expect(error?.message.contains("aws configure export-credentials") == true)
        #expect(error?.message.contains("hidden") == false)
        #expect(error?.isWellFormed == true)
    }

    @Test("are an error where a file is not UTF-8")
    func notUTF8() async throws {
        let files = FilesInMemory(["/home/me/.aws/config": "[default]\n" + Self.keys("B")])
        files["/home/me/.aws/credentials"] = Array("[default]\n".utf8) + [0xFF]
        let error = await #expect(throws: PublishError.self) { try await credentials(files) }
        #expect(error?.kind == .misconfigured)
        #expect(error?.message == #""/home/me/.aws/credentials" is not UTF-8"#)
    }
}
