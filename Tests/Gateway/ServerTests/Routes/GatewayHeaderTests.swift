import HTTPTypes
import Testing

@testable import GatewayServer

@Suite("Header fields of the gateway")
struct GatewayHeaderTests {
    @Test("Each is a valid field name, and sets only itself", arguments: GatewayHeader.allCases)
    func names(header: GatewayHeader) throws {
        let name = try #require(header.name)
        var fields: HTTPFields = [.date: "Fri, 08 May 2026 14:40:00 GMT"]
        fields[header] = "value"
        #expect(fields[name] == "value" && fields[header] == "value")
        #expect(fields[.date] == "Fri, 08 May 2026 14:40:00 GMT" && fields.count == 2)
    }
}
