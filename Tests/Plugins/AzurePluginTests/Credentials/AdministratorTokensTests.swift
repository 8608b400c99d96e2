import CloudAPI
import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import Synchronization
import Testing

@testable import AzurePlugin

@Suite("The credentials of an administrator at Azure")
struct AdministratorTokensTests {
    private static let tenant = EntraInMemory.tenant
    private let clock = ManualClock(now: Date(timeIntervalSince1970: 1_767_225_600))

    /// A program that returns an output, or fails.
    private final class Program: ProgramRunning {
        let result: Result<String, ProgramError>
        let runs = Mutex<[[String]]>([])

        init(_ result: Result<String, ProgramError>) { self.result = result }

        func run(_ words: [String], timeout: Int, maximumBytes: Int) async throws(ProgramError) -> [UInt8] {
            runs.withLock { $0.append(words + ["\(timeout)", "\(maximumBytes)"]) }
            return Array(try result.get().utf8)
        }
    }

    private func source(
        _ transport: ScriptedTransport = ScriptedTransport { _ in .failure(.timedOut) },
        _ environment: [String: String] = [:],
        files: FilesInMemory = FilesInMemory(), program: Program? = nil
    ) -> AdministratorTokens {
        let endpoint = EntraTokenEndpoint(
            authority: "https://login.example.com", tenant: Self.tenant, service: JSONService(transport: transport),
            now: { [clock] in clock.now })
        return AdministratorTokens(
            resource: "https://management.azure.com", endpoint: endpoint, environment: { environment[$0] },
            files: files,
            programs: program)
    }

    @Test("A client secret, and a token file, are exchanged at the authority of the tenant")
    func environment() async throws {
        let transport = ScriptedTransport(
            .answer(200, #"{"access_token":"one","expires_in":"3599"}"#), .answer(200, #"{"access_token":"two"}"#))
        let secret = source(transport, ["AZURE_CLIENT_ID": "app", "AZURE_CLIENT_SECRET": "s&s"])
        let token = try #require(try await secret.token())
        #expect(token.value == "one" && token.expiration == clock.now.addingTimeInterval(3_599))
        let file = source(
            transport, ["AZURE_CLIENT_ID": "app", "AZURE_FEDERATED_TOKEN_FILE": "/token"],
            files: FilesInMemory(["/token": "a.b.c\n"]))
        #expect(try await file.token()?.value == "two")
        #expect(
            transport.requests.map(\.url).allSatisfy {
                $0 == "https://login.example.com/\(Self.tenant)/oauth2/v2.0/token"
            })
        #expect(
            transport.requests.map(\.text) == [
                "client_id=app&grant_type=client_credentials&scope=https%3A%2F%2Fmanagement.azure.com%2F.default"
                    + "&client_secret=s%26s",
                "client_id=app&grant_type=client_credentials&scope=https%3A%2F%2Fmanagement.azure.com%2F.default"
                    + "&client_assertion=a.b.c"
                    + "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
            ])
    }

    @Test("The managed identity of the machine comes before the Azure CLI")
    func managedIdentity() async throws {
        let transport = ScriptedTransport(.answer(200, #"{"access_token":"mine","expires_on":"1767229200"}"#))
        let program = Program(.failure(.failed(1)))
        let token = try await source(transport, program: program).token()
        #expect(token?.value == "mine" && token?.expiration == Date(timeIntervalSince1970: 1_767_229_200))
        let request = try #require(transport.requests.first)
        #expect(
            request.url
                == "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com"
        )
        #expect(request.headers("metadata") == ["true"] && !request.usesProxy && request.timeout == 2)
        #expect(program.runs.withLock { $0 } == [])
    }

    @Test("The Azure CLI is run without a shell, for a minute, with a limit of output")
    func commandLine() async throws {
        let program = Program(.success(#"{"accessToken":"mine","expires_on":1767229200,"tenant":"x"}"#))
        #expect(try await source(program: program).token()?.value == "mine")
        #expect(
            program.runs.withLock { $0 } == [
                [
                    "az", "account", "get-access-token", "--output", "json", "--resource",
                    "https://management.azure.com",
                    "--tenant", Self.tenant, "60", "65536",
                ]
            ])
    }

    @Test(
        "The output of the Azure CLI is in no error",
        arguments: [
            Result<String, ProgramError>.success("secret-output"), .failure(.failed(1)), .failure(.timedOut(60)),
        ])
    private func failing(_ result: Result<String, ProgramError>) async throws {
        let error = try await #require(throws: PublishError.self) { try await source(program: Program(result)).token() }
        #expect(!error.message.contains("secret-output"))
    }

    @Test("Without any source the error names the command to log in")
    func none() async throws {
        let error = try await #require(throws: PublishError.self) {
            try await source(program: Program(.failure(.cannotStart("No such file")))).token()
        }
        #expect(error.kind == .denied && error.message.hasSuffix("run: az login --tenant \(Self.tenant)"))
    }

    @Test("AZURE_TOKEN_CREDENTIALS narrows the sources; an AZURE_TENANT_ID of another tenant is an error")
    func narrowed() async throws {
        let program = Program(.success(#"{"accessToken":"mine"}"#))
        let transport = ScriptedTransport { _ in .answer(200, #"{"access_token":"machine"}"#) }
        for (word, value) in [("dev", "mine"), ("AzureCliCredential", "mine"), ("prod", "machine"), ("", "machine")] {
            let source = source(transport, ["AZURE_TOKEN_CREDENTIALS": word], program: program)
            #expect(try await source.token()?.value == value, "\(word)")
        }
        for environment in [["AZURE_TOKEN_CREDENTIALS": "x"], ["AZURE_TENANT_ID": EntraInMemory.application]] {
            await #expect(throws: PublishError.self) { try await source(transport, environment).token() }
        }
    }

    @Test(
        "An error of Entra has its code and what to do, on one line",
        arguments: [
            ("AADSTS70021", "not known everywhere yet"), ("AADSTS700213", "subject"), ("AADSTS700211", "issuer"),
            ("AADSTS700016", "not in this tenant"), ("AADSTS7000222", "has expired"),
        ])
    func errors(code: String, advice: String) async throws {
        let body = #"{"error":"invalid_client","error_description":"\#(code): Text.\r\nTrace ID: 1 Timestamp: 2"}"#
        let transport = ScriptedTransport(.answer(401, body, ["x-ms-request-id": "r"]))
        let source = source(transport, ["AZURE_CLIENT_ID": "app", "AZURE_CLIENT_SECRET": "an-apps-secret"])
        let error = try await #require(throws: PublishError.self) { try await source.token() }
        #expect(error.kind == .denied && error.reference == "r")
        #expect(error.message.contains("\(code): Text.; ") && error.message.contains(advice))
        #expect(!error.message.contains("Trace ID"))
    }
}
