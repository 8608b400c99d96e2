import FoundationEssentials
import JSON
import Testing

@Suite("Decoding a type from a JSON value")
struct JSONValueDecodingTests {
    private struct Sample: Decodable, Equatable {
        let name: String
        let count: Int
        let small: UInt8?
        let share: Double
        let time: Date?
        let list: [Int]
        let map: [String: [String]]?
        let raw: JSONValue?
        let isOn: Bool
    }

    private func sample(_ text: String) throws -> Sample {
        try JSONValue(parsing: Array(text.utf8)).decode(Sample.self)
    }

    private static let good =
        #""name":"n","count":3,"share":2,"time":"2026-05-08T14:56:00Z","list":[1,2],"map":{"a":["b"]},"isOn":true"#

    @Test("reads members by their names, ignores others, and treats null as absent")
    func reads() throws {
        let read = try sample("{\(Self.good),\"small\":null,\"raw\":{\"b\":1,\"a\":2},\"other\":[]}")
        #expect(
            read
                == Sample(
                    name: "n", count: 3, small: nil, share: 2, time: Date(timeIntervalSince1970: 1_778_252_160),
                    list: [1, 2], map: ["a": ["b"]], raw: ["b": 1, "a": 2], isOn: true))
    }

    @Test(
        "fails where a number cannot be represented, a member is missing or of another type",
        arguments: [
            "{}", "[]", "{\(good),\"small\":256}", "{\(good),\"small\":-1}", "{\(good),\"small\":1.5}",
            "{\(good),\"small\":1e30}", "{\(good),\"small\":\"1\"}", "{\(good),\"small\":true}",
        ])
    func fails(text: String) {
        #expect(throws: DecodingError.self) { try sample(text) }
    }

    @Test("distinguishes canonically equivalent names")
    func codeUnits() {
        struct Key: Decodable { let K: Int }
        #expect(throws: DecodingError.self) { try (["\u{212A}": 1] as JSONValue).decode(Key.self) }
    }
}
