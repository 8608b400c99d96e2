import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import Testing

@testable import AWSPlugin

@Suite("Credentials of an instance")
struct InstanceCredentialsTests {
    private static let list = "/latest/meta-data/iam/security-credentials/"
    private static let answer = """
        {"Code":"Success","LastUpdated":"2013-05-23T23:00:00Z","Type":"AWS-HMAC","AccessKeyId":"ASIA",
         "SecretAccessKey":"secret","Token":"token","Expiration":"2013-05-24T06:00:00Z"}
        """

    private func credentials(
        _ transport: ScriptedTransport, _ variables: [String: String] = [:]
    ) async throws(PublishError) -> AccessKey? {
        try await InstanceCredentials(
            environment: { variables[$0] }, client: IMDSClient(transport: transport)
        ).credentials()
    }

    private func instance(_ base: String = "http://169.254.169.254") -> ScriptedTransport {
        ScriptedTransport { request in
            switch (request.method, request.url) {
            case ("PUT", "\(base)/latest/api/token"): .answer(200, "session==")
            case _ where request.headers("x-aws-ec2-metadata-token") != ["session=="]: .answer(401)
            case ("GET", "\(base)\(Self.list)"): .answer(200, "publisher\n")
            case ("GET", "\(base)\(Self.list)publisher"): .answer(200, Self.answer)
            default: .answer(404)
            }
        }
    }

    @Test("come with an IMDSv2 session, without a proxy")
    func session() async throws {
        let transport = instance()
        let key = try await credentials(transport)
        #expect(key?.id == "ASIA" && key?.sessionToken == "token")
        #expect(key?.expiration == exampleTime.addingTimeInterval(21_600))
        #expect(transport.requests.map(\.method) == ["PUT", "GET", "GET"])
        #expect(transport.requests[0].headers("x-aws-ec2-metadata-token-ttl-seconds") == ["300"])
        #expect(transport.requests.allSatisfy { !$0.usesProxy })
    }

    @Test(
        "come from the endpoint of the environment",
        arguments: [
            (["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1338/"], "http://127.0.0.1:1338"),
            (["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"], "http://[fd00:ec2::254]"),
            (["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv4"], "http://169.254.169.254"),
            (["AWS_EC2_METADATA_DISABLED": "false"], "http://169.254.169.254"),
        ])
    func endpoint(variables: [String: String], base: String) async throws {
        #expect(try await credentials(instance(base), variables)?.id == "ASIA")
    }

    @Test("are not requested where IMDS is disabled, or the endpoint is invalid")
    func disabled() async throws {
        let transport = instance()
        #expect(try await credentials(transport, ["AWS_EC2_METADATA_DISABLED": "TRUE"]) == nil)
        let error = await #expect(throws: PublishError.self) {
            try await credentials(transport, ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "169.254.169.254"])
        }
        #expect(error?.kind == .misconfigured)
        #expect(transport.requests.isEmpty)
    }

    @Test("never come from IMDSv1", arguments: [403, 404, 405, 200])
    func versionOne(status: Int) async {
        let transport = ScriptedTransport { request in request.method == "PUT" ? .answer(status) : .answer(200, "role")
        }
        let error = await #expect(throws: PublishError.self) { try await credentials(transport) }
        #expect(error?.kind == .denied)
        #expect(transport.requests.count == 1)
        #expect(error?.isWellFormed == true)
    }

    @Test("fail with a hint at the hop limit where nothing responds")
    func silence() async {
        let error = await #expect(throws: PublishError.self) {
            try await credentials(ScriptedTransport(.failure(.timedOut)))
        }
        #expect(error?.kind == .unavailable)
        #expect(error?.message.contains("HttpPutResponseHopLimit") == true)
    }

    @Test(
        "fail where there is no role, or a response is not IMDS'",
        arguments: [
            ([.answer(404)], PublishError.Kind.denied), ([.answer(200, "")], .malformed),
            ([.answer(200, "../../x")], .malformed), ([.answer(200, "<html>")], .malformed),
            ([.answer(500, "role")], .malformed), ([.answer(200, "role"), .answer(404)], .denied),
            ([.answer(200, "role"), .answer(503)], .unavailable),
            ([.answer(200, "role"), .answer(200, "{}")], .malformed),
            (
                [.answer(200, "role"), .answer(200, #"{"Code":"AssumeRoleUnauthorizedAccess","Message":"no"}"#)],
                .denied
            ),
        ] as [([ScriptedTransport.Answer], PublishError.Kind)])
    func failures(answers: [ScriptedTransport.Answer], kind: PublishError.Kind) async {
        let queue = ScriptedTransport { request in
            if request.method == "PUT" { return .answer(200, "session") }
            return request.url.hasSuffix(Self.list) ? answers[0] : answers.count > 1 ? answers[1] : .answer(404)
        }
        let error = await #expect(throws: PublishError.self) { try await credentials(queue) }
        #expect(error?.kind == kind, "\(String(describing: error))")
        #expect(error?.isWellFormed == true, "\(String(describing: error))")
    }
}
