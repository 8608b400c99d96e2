import Logging
import Testing

@testable import GatewayServer

@Suite struct LoggedNamesTests {
    @Test func `a line has at most twenty names, and how many more there are`() {
        let names = (0..<5_000).map { "e\($0)" }
        #expect(Logger.MetadataValue.names([]) == .array([]))
        #expect(Logger.MetadataValue.names(Array(names.prefix(20))) == .array(names.prefix(20).map { "\($0)" }))
        #expect(
            Logger.MetadataValue.names(names) == .array((names.prefix(20) + ["and 4980 more"]).map { "\($0)" }))
    }
}
