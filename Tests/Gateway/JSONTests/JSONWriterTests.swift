import JSON
import Testing

@Suite("JSON without a value in between")
struct JSONWriterTests {
    @Test("Numbers of every length are written", arguments: [0, 9, 10, 99, 100, 1_700_000_000, .max, .min, -1, -10])
    func number(value: Int) {
        var writer = JSONWriter()
        writer.line { $0.member("n", value) }
        #expect(String(decoding: writer.utf8Text, as: UTF8.self) == "{\"n\":\(value)}\n")
    }

    @Test("An array of objects is written as that of a value, and values as members")
    func array() {
        let arrays: [[JSONValue]] = [[], [1], ["{", .null, ["a": [.number(1.5)]]]]
        for elements in arrays {
            var writer = JSONWriter()
            writer.array(count: elements.count) { index, object in
                object.member("kind", "any")
                object.member("value", elements[index])
            }
            let value = JSONValue.array(elements.map { ["kind": "any", "value": $0] })
            #expect(String(decoding: writer.utf8Text, as: UTF8.self) == value.text)
        }
    }

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
            line.member("name") { object in
                object.member("open", "{")
                object.member("yes", true)
            }
            line.member("last", Int.max)
        }
        let value: JSONValue = [
            "text": "a \"quoted\"\n\u{1} text", "number": -7, "flag": false, "none": [], "some": ["{", "b,"],
            "empty": [:], "name": ["open": "{", "yes": true], "last": .integer(Int.max),
        ]
        #expect(String(decoding: writer.utf8Text, as: UTF8.self) == value.text + "\n")
        writer.line(value)
        #expect(String(decoding: writer.utf8Text, as: UTF8.self) == value.text + "\n" + value.text + "\n")
    }
}
