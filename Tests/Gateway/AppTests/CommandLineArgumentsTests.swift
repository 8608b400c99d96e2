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
}
