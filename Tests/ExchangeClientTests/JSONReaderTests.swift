import Testing

@testable import ExchangeClient

@Suite("JSON")
struct JSONReaderTests {
    private func read(_ text: String) -> JSONValue? { JSONReader.read(Array(text.utf8)) }

    @Test("Values, escapes and surrogate pairs are read")
    func values() {
        #expect(
            read(#" {"a":[1,-2.5e3,true,false,null,{}],"b":""} "#)?["a"]
                == .array([.number(1), .number(-2500), .bool(true), .bool(false), .null, .object([:])]))
        #expect(read(#""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00é""#)?.text == "\"\\/\u{8}\u{C}\n\r\té😀é")
    }

    @Test(
        "A malformed text is rejected",
        arguments: [
            "", " ", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "01", "1.", "-", "+1", "1e", "tru", "nul", "\"",
            "\"\u{1}\"", #""\x""#, #""\u12""#, #""\uD83D""#, #""\uD83Dx""#, #""\uDE00""#, "1 2", "{}x", "NaN",
            #"{"a":1,"a":2}"#, "1e999",
        ])
    func malformed(text: String) { #expect(read(text) == nil) }

    @Test("Names are compared by code units")
    func codeUnits() {
        #expect(read("{\"K\":1,\"\u{212A}\":2}")?["K"] == .number(1))
        #expect(read("{\"\u{E9}\":1,\"e\u{301}\":2}") != nil)
    }

    @Test("Invalid UTF-8 and more than 16 levels are rejected")
    func invalidBytesAndDepth() {
        #expect(JSONReader.read([0x22, 0xFF, 0x22]) == nil)
        #expect(read(String(repeating: "[", count: 15) + String(repeating: "]", count: 15)) != nil)
        #expect(read(String(repeating: "[", count: 17) + String(repeating: "]", count: 17)) == nil)
        #expect(read(String(repeating: "[", count: 60_000)) == nil)
    }
}
