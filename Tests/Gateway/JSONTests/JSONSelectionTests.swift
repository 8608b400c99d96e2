import Testing

@testable import JSON

@Suite("Members of a JSON text that are not read")
struct JSONSelectionTests {
    private static let selection = JSONSelection.only([
        "a": .whole, "b": .only(["c": .except(["d"], ["f": .only([:])])]),
    ])

    private func read(_ text: String, limits: JSONLimits = .standard) throws(JSONError) -> JSONValue {
        try JSONValue(parsing: Array(text.utf8), limits: limits, reading: Self.selection)
    }

    @Test("They are left out at every level, and other values are whole")
    func selected() throws {
        let value = try read(
            #"{"x": [1, {"y": {}}], "a": {"x": [1]}, "b": {"a": 1, "c": {"d": [[]], "e": [2], "f": {"g": 3}}}, "z": "\u00e9"}"#
        )
        #expect(value == ["a": ["x": [1]], "b": ["c": ["e": [2], "f": [:]]]])
        #expect(try read("[1]") == [1])
        #expect(try read(#"{"b": [{"x": 1}]}"#) == ["b": [["x": 1]]])
    }

    @Test(
        "They are checked as others are",
        arguments: [
            #"{"x": [1,]}"#, #"{"x": {"a" 1}}"#, #"{"x": {a: 1}}"#, #"{"x": "\ud800"}"#, #"{"x": 01}"#,
            #"{"x": {"a": 1"#,
            #"{"x": nul}"#, #"{"x": [1 2]}"#, #"{"x": }"#,
        ])
    func malformed(_ text: String) {
        #expect(throws: JSONError.self) { try read(text) }
    }

    @Test("They have the same limit of levels, and do not count as values")
    func limits() throws {
        let deep = #"{"x": "# + String(repeating: "[", count: 200) + String(repeating: "]", count: 200) + "}"
        #expect(throws: JSONError.self) { try read(deep) }
        let many = #"{"x": [1, 2, 3, {"y": 4}], "a": [1, 2]}"#
        #expect(try read(many, limits: JSONLimits(valueCount: 4)) == ["a": [1, 2]])
        #expect(throws: JSONError.self) { try read(many, limits: JSONLimits(valueCount: 3)) }
    }
}
