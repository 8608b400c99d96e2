import HTTPTypes
import Testing

@testable import GatewayServer

@Suite("The gateway's own header fields")
struct GatewayHeaderTests {
    @Test("Each is a field name, and sets itself alone", arguments: GatewayHeader.allCases)
    func names(header: GatewayHeader) throws {
        let name = try #require(header.name)
        var fields: HTTPFields = [.date: "Fri, 08 May 2026 14:40:00 GMT"]
        fields[header] = "value"
        #expect(fields[name] == "value" && fields[header] == "value")
        #expect(fields[.date] == "Fri, 08 May 2026 14:40:00 GMT" && fields.count == 2)
    }
}
