import FoundationEssentials
import GatewayTestSupport
import JSON
import Testing

@Suite("A JSON value")
struct JSONValueTests {
    @Test("is written without white space, its members in the order given")
    func order() {
        let value: JSONValue = ["b": 1, "a": [true, false, .null, "x"], "c": ["z": [], "y": [:]]]
        #expect(value.text == #"{"b":1,"a":[true,false,null,"x"],"c":{"z":[],"y":{}}}"#)
        #expect(Array(value.text.utf8) == value.utf8Text)
    }

    @Test("escapes quotes, backslashes and control characters, and nothing else (RFC 8259 §7)")
    func escapes() {
        let value: JSONValue = ["\"k\"": "\"\\/\n\r\t\u{08}\u{0}\u{1F}\u{7F}é\u{2028}\u{1F600}"]
        #expect(value.text == #"{"\"k\"":"\"\\/\n\r\t\u0008\u0000\u001f"# + "\u{7F}é\u{2028}\u{1F600}\"}")
    }

    @Test("preserves every control character")
    func readsBack() throws {
        let text = String(String.UnicodeScalarView((0...0x7F).compactMap { Unicode.Scalar($0) }))
        let decoded = try JSONDecoder().decode(JSONValue.self, from: Data(JSONValue.array([.string(text)]).utf8Text))
        #expect(decoded == [.string(text)])
    }

    @Test("writes numbers as in JSON, and null for those that JSON does not have")
    func numbers() {
        let value: JSONValue = [
            .integer(.max), .integer(.min), .number(0.5), .number(1e100), .number(-0.0), .number(.nan),
            .number(.infinity),
        ]
        #expect(value.text == "[9223372036854775807,-9223372036854775808,0.5,1e+100,-0.0,null,null]")
    }

    @Test("distinguishes whole numbers, fractions, booleans and strings")
    func decodes() throws {
        let text = #"{"b":[1,1.5,true,"1",null],"a":{"c":-7}}"#
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        #expect(value == ["a": ["c": -7], "b": [1, .number(1.5), true, "1", .null]])
        #expect(value["a"]?["c"] == -7)
        #expect(value["d"] == nil)
        #expect(JSONValue.string("a")["a"] == nil)
    }

    @Test("is compared by code units")
    func codeUnits() {
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
        #expect(["\u{E9}": 1] as JSONValue != ["e\u{301}": 1])
        #expect((["\u{E9}": 1] as JSONValue).setting(2, at: "e\u{301}") == ["\u{E9}": 1, "e\u{301}": 2])
        #expect(ExactString("\u{E9}") != ExactString("e\u{301}"))
        #expect(Set([ExactString("K"), ExactString("\u{212A}"), ExactString("K")]).count == 2)
    }

    @Test("A string has the same text whatever place its escapes are at, and is read again as it was")
    func everyEscape() throws {
        var random = SeededRandom(seed: 3)
        let scalars: [Unicode.Scalar] = ["\"", "\\", "\n", "\r", "\t", "\u{0}", "\u{1F}", "\u{7F}", "/", "é", "🚀"]
        for _ in 0..<5_000 {
            var string = ""
            var text = "\""
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                let scalar = random.oneIn(6) ? scalars.randomElement(using: &random) ?? "x" : "x"
                string.unicodeScalars.append(scalar)
                switch scalar {
                case "\"", "\\": text += "\\\(scalar)"
                case "\n": text += #"\n"#
                case "\r": text += #"\r"#
                case "\t": text += #"\t"#
                case "\u{0}": text += #"\u0000"#
                case "\u{1F}": text += #"\u001f"#
                default: text.unicodeScalars.append(scalar)
                }
            }
            #expect(JSONValue.string(string).text == text + "\"")
            #expect(try JSONValue(parsing: JSONValue.string(string).utf8Text) == .string(string))
        }
    }
}
