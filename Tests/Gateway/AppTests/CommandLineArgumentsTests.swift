import GatewayCore
import Testing

@testable import GatewayApp

@Suite("Command line arguments")
struct CommandLineArgumentsTests {
    @Test("are rejected where they are not UTF-8, not repaired")
    func notUTF8() throws {
        #expect(try CommandLineArguments.validated([0x61, -61, -87, 0], "argument 1") == "a\u{E9}")
        let error = #expect(throws: CommandLineArguments.NotUTF8.self) {
            try CommandLineArguments.validated([0x61, -1, 0], "argument 2")
        }
        #expect(error.map { "\($0)" } == "argument 2: invalid UTF-8; write it in UTF-8")
    }

    @Test("of --attribute are split at the first \"=\", also before a combining mark")
    func combiningMark() throws {
        let given = try GivenAttributes(["namespace=\u{338}a", "saname=b"])
        #expect(given.attributes(cluster: nil, endpoint: nil).values(of: "namespace") == ["\u{338}a"])
    }

    @Test(
        "Variables that the gateway or a plugin reads are rejected where they are not UTF-8; others may hold anything")
    func variables() throws {
        let (valid, invalid): ([CChar], [CChar]) = ([0x61, -61, -87, 0], [0x61, -1, 0])
        func check(_ name: String, _ value: [CChar]) throws(CommandLineArguments.NotUTF8) {
            try value.withUnsafeBufferPointer { buffer throws(CommandLineArguments.NotUTF8) in
                try CommandLineArguments.check(variables: ["UNSET", name]) { $0 == name ? buffer.baseAddress : nil }
            }
        }
        for name in ["POD_NAMESPACE", "AWS_PROFILE", "KUBERNETES_SERVICE_HOST", "https_proxy", "NO_PROXY", "HOME"] {
            try check(name, valid)
            let error = #expect(throws: CommandLineArguments.NotUTF8.self) { try check(name, invalid) }
            #expect(error?.place == name)
        }
        try check("PATH", invalid)
    }
}
