import GatewayPluginAPI
import Testing

@testable import AWSPlugin

@Suite("A role ARN")
struct RoleARNTests {
    @Test(
        "parses and prints to the same text",
        arguments: [
            "arn:aws:iam::123456789012:role/S3Access",
            "arn:aws:iam::123456789012:role/application_abc/component_xyz/RDSAccess",
            "arn:aws-cn:iam::000000000000:role/a",
            "arn:aws-us-gov:iam::123456789012:role/+=,.@-_",
            "arn:aws:iam::123456789012:role/path:with:colons/name",
        ])
    func reads(text: String) throws {
        #expect(try RoleARN(text).description == text)
    }

    @Test("has its parts")
    func parts() throws {
        let role = try RoleARN("arn:aws-cn:iam::123456789012:role/one/two/name")
        #expect(role.partition == .china)
        #expect(role.account == "123456789012")
        #expect(role.path == "/one/two/")
        #expect(role.name == "name")
    }

    @Test(
        "is rejected with the reason",
        arguments: [
            ("role/demo", "six parts"),
            ("ARN:aws:iam::123456789012:role/demo", "six parts"),
            ("arn:aws-moon:iam::123456789012:role/demo", "partition"),
            ("arn:aws:sts::123456789012:assumed-role/demo/me", "service"),
            ("arn:aws:iam:eu-central-1:123456789012:role/demo", "region"),
            ("arn:aws:iam::12345678901:role/demo", "12 digits"),
            ("arn:aws:iam::1234567890123:role/demo", "12 digits"),
            ("arn:aws:iam::12345678901\u{0663}:role/demo", "12 digits"),
            ("arn:aws:iam::123456789012:user/demo", "role/"),
            ("arn:aws:iam::123456789012:role", "role/"),
            ("arn:aws:iam::123456789012:role/", "name"),
            ("arn:aws:iam::123456789012:role/demo\n", "name"),
            ("arn:aws:iam::123456789012:role/de mo", "name"),
            ("arn:aws:iam::123456789012:role/" + String(repeating: "n", count: 65), "name"),
            ("arn:aws:iam::123456789012:role/\u{7F}/demo", "path"),
            ("arn:aws:iam::123456789012:role/" + String(repeating: "p", count: 511) + "/demo", "path"),
            (String(repeating: "a", count: 2049), "longer"),
        ])
    func rejected(text: String, reason: String) {
        let error = #expect(throws: InjectionError.self) { try RoleARN(text) }
        #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
    }

    @Test("is quoted in an error without control characters, and cut")
    func quoted() {
        let error = #expect(throws: InjectionError.self) {
            try RoleARN("\u{1B}[31m\u{202E}\"" + String(repeating: "x", count: 100_000))
        }
        let text = error?.message ?? ""
        #expect(text.hasPrefix(#"invalid role ARN "\u{1B}[31m\u{202E}\""#))
        #expect(text.utf8.count < 300)
    }
}
