import AWSXML
import Testing

@testable import AWSPlugin

@Suite("Text in XML")
struct XMLTextTests {
    @Test("parses to the same text", arguments: ["", "/certs", "a<b>&amp;\"'c", "]]>", "\u{E9}🔑"])
    func roundTrip(text: String) throws {
        #expect(try XMLElement(parsing: Array("<a>\(XMLText.escape(text))</a>".utf8)).text == text)
    }
}
