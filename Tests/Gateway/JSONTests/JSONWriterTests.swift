import JSON
import Testing

@Suite("JSON without a value in between")
struct JSONWriterTests {
    @Test("Members of every kind are written as those of a value")
    func members() throws {
        var writer = JSONWriter(capacity: 16)
        writer.line { line in
            line.member("text", "a \"quoted\"\n\u{1} text")
            line.member("number", -7)
            line.member("flag", false)
            line.member("none", [])
            line.member("some", ["{", "b,"])
            line.member("empty") { _ in }
            line.member("na\"me") { object in
                object.member("open", "{")
                object.member("yes", true)
            }
            line.member("last", Int.max)
        }
        let value: JSONValue = [
            "text": "a \"quoted\"\n\u{1} text", "number": -7, "flag": false, "none": [], "some": ["{", "b,"],
            "empty": [:], "na\"me": ["open": "{", "yes": true], "last": .integer(Int.max),
        ]
        #expect(String(decoding: writer.utf8Text, as: UTF8.self) == value.text + "\n")
        writer.line(value)
        #expect(String(decoding: writer.utf8Text, as: UTF8.self) == value.text + "\n" + value.text + "\n")
    }
}
