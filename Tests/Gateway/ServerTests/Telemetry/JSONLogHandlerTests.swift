import FoundationEssentials
import JSON
import Logging
import Testing

@testable import GatewayServer

@Suite("JSON logs")
struct JSONLogHandlerTests {
    @Test("A record is one line of JSON, with any values")
    func lines() throws {
        let log = RecordedJSONLog()
        log.logger.notice(
            "hello",
            metadata: [
                "text": "a \"quote\",\na line\u{1}", "number": .stringConvertible(7), "flag": .stringConvertible(true),
                "list": ["a", "b"], "object": ["k": "v"], "message": "an impostor",
            ])
        #expect(log.text.hasSuffix("\n"))
        #expect(log.text.split(separator: "\n").count == 1)
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(log.text.utf8))
        #expect(value["level"] == "notice")
        #expect(value["message"] == "hello")
        #expect(value["logger"] == "test")
        #expect(value["text"] == "a \"quote\",\na line\u{1}")
        #expect(value["number"] == 7)
        #expect(value["flag"] == true)
        #expect(value["list"] == ["a", "b"])
        #expect(value["object"] == ["k": "v"])
        guard case .string(let time)? = value["time"] else {
            Issue.record("no time")
            return
        }
        #expect(time.hasSuffix("Z") && time.contains("T"))
    }
}
