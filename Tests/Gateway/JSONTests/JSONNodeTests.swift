import GatewayTestSupport
import JSON
import Testing

@Suite("JSON that is read in place")
struct JSONNodeTests {
    private func node(_ text: String) throws -> JSONNode { try JSONNode(parsing: Array(text.utf8)) }

    @Test("Values are read by name, by kind and in their order")
    func reading() throws {
        let node = try node(
            #" {"a": "x", "\u0062": "y\n\u00e9", "c": [1, -2.5, 1e2, true, false, null], "d": {"e": {}, "f": []}, "": ""} "#
        )
        #expect(node.isObject && node.hasMembers && !node.isEmpty)
        #expect(node["a"]?.stringValue == "x")
        #expect(node["b"]?.stringValue == "y\né")
        #expect(node["c"]?.elementList?.map(\.integerValue) == [1, nil, nil, nil, nil, nil])
        #expect(node["c"]?.elementList?.map(\.boolValue) == [nil, nil, nil, true, false, nil])
        #expect(node["c"]?.elementList?.map(\.isNull) == [false, false, false, false, false, true])
        #expect(node["d"]?["e"]?.hasMembers == false)
        #expect(node["d"]?["e"]?.isEmpty == true)
        #expect(node["d"]?["f"]?.elementList == [])
        #expect(node[""]?.isEmpty == true)
        #expect(node["b"]?.isEmpty == false)
        #expect(node["c"]?.isEmpty == false)
        #expect(node["d"]?.members.map(\.name) == ["e", "f"])
        #expect(node["x"] == nil)
        #expect(node["a"]?["x"] == nil)
        #expect(node["c"]?.members.isEmpty == true)
        #expect(node["c"]?.stringValue == nil)
        #expect(node["d"]?.elementList == nil)
        #expect(node["a"]?.integerValue == nil)
    }

    @Test("Elements of arrays are looked at without a node for each")
    func elements() throws {
        let node = try node(
            #"[{"a": "x", "\u0062": "y\n", "c": true}, {"a": "", "b": null, "c": [{"a": 1}]}, null, "a", {"c": false}]"#
        )
        #expect(node.isArray)
        var (kinds, strings, flags, bytes): ([[JSONElement.MemberKind]], [String?], [Bool?], [[UInt8]?]) = (
            [], [], [], []
        )
        var objects: [Int] = []
        node.forEachElement { element in
            kinds.append([element.kind(of: "a"), element.kind(of: "b"), element.kind(of: "c")])
            strings += [element.string("a"), element.string("b")]
            flags.append(element.bool("c"))
            bytes.append(element.withUTF8(of: "b") { Array($0) } ?? element.withUTF8(of: "a") { Array($0) })
            if element.isObject { objects.append(element.index) }
            #expect(element.isNull == (element.index == 2))
            for text in ["", "x", "y", "y\n", "y\n\n"] {
                #expect(element.hasString(text, at: "b") == (element.string("b") == text))
            }
        }
        #expect(
            kinds == [
                [.string, .string, .bool], [.emptyString, .absent, .other], [.absent, .absent, .absent],
                [.absent, .absent, .absent], [.absent, .absent, .bool],
            ])
        #expect(strings == ["x", "y\n", "", nil, nil, nil, nil, nil, nil, nil])
        #expect(flags == [true, nil, nil, nil, false])
        #expect(bytes == [Array("y\n".utf8), [], nil, nil, nil])
        #expect(objects == [0, 1, 4])
        node.elementList?[0].forEachElement { _ in Issue.record("an object has no elements") }
    }

    @Test("Names are compared by code units")
    func codeUnits() throws {
        let node = try node("{\"\u{E9}\":1,\"e\u{301}\":2,\"\u{212A}\":3,\"K\":4}")
        #expect(node["\u{E9}"]?.integerValue == 1)
        #expect(node["e\u{301}"]?.integerValue == 2)
        #expect(node["K"]?.integerValue == 4)
    }

    @Test("Nodes are equal if their values are, whatever their texts are")
    func equality() throws {
        #expect(try node(#"{"a":[1,"é"]}"#) == node(#" { "\u0061" : [1, "\u00e9"] } "#))
        #expect(try node("[1]") != node("[2]"))
        let value: JSONValue = ["a": [1, .number(0.5), .null, "\"\n", [:]]]
        #expect(try JSONNode(value).value == value)
        #expect(try JSONNode(value) == node(value.text))
    }

    /// Texts like those that are looked at, in which duplicates and syntax errors are frequent.
    private static func text(using random: inout SeededRandom, depth: Int = 0) -> String {
        let space = ["", "", "", " ", "\n\t"].randomElement(using: &random) ?? ""
        func isRare() -> Bool { Int.random(in: 0..<40, using: &random) == 0 }
        func name() -> String {
            let names = ["a", "b", "c", #"\u0061"#, "é", "e\u{301}", #"\""#, "", "names"]
            return isRare() ? "\"n\u{1}\"" : "\"\(names.randomElement(using: &random) ?? "")\""
        }
        let scalars = ["0", "-1", "1.5e3", "01", "true", "false", "null", "nul", "1e999", "99999999999999999999", ""]
        switch Int.random(in: 0..<(depth > 4 ? 4 : 8), using: &random) {
        case 0...1: return space + (scalars.randomElement(using: &random) ?? "")
        case 2...3: return space + name() + space
        case 4...5:
            let elements = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                text(using: &random, depth: depth + 1)
            }
            return "[" + elements.joined(separator: ",") + (isRare() ? "" : "]")
        default:
            let count = isRare() ? 30 : Int.random(in: 0...4, using: &random)
            let members = (0..<count).map { index in
                (count == 30 ? "\"m\(index)\"" : name()) + space + ":" + text(using: &random, depth: depth + 1)
            }
            return "{" + members.joined(separator: ",") + (isRare() ? "" : "}")
        }
    }

    @Test("A text has the same value, or the same error, as where all of it is copied")
    func equivalence() {
        var random = SeededRandom(seed: 11)
        let selections: [JSONSelection] = [
            .whole, .only(["a": .whole, "b": .only(["a": .whole])]), .except(["b"], ["a": .except(["c", "é"])]),
        ]
        var (valid, duplicates) = (0, 0)
        for round in 0..<20_000 {
            let text = Array(Self.text(using: &random).utf8)
            let limits = JSONLimits(depth: round % 7 == 0 ? 3 : 128, valueCount: round % 5 == 0 ? 6 : .max)
            let selection = selections[round % selections.count]
            let copied = Result { () throws(JSONError) in
                try JSONValue(parsing: text, limits: limits, reading: selection)
            }
            let read = Result { () throws(JSONError) in
                try JSONNode(parsing: text, limits: limits, reading: selection).value
            }
            #expect(copied == read, "\(String(decoding: text, as: UTF8.self))")
            if case .failure(let error) = copied, error.message == "duplicate member" { duplicates += 1 }
            if case .success = copied { valid += 1 }
        }
        #expect(valid > 2_000 && duplicates > 200, "\(valid) valid texts, \(duplicates) with duplicates")
    }

    @Test("Duplicates are found among few and among many members, by the names without escapes")
    func duplicates() throws {
        for count in [1, 2, 11, 12, 13, 40] {
            let members = (0..<count).map { #""m\#($0)":\#($0)"# }
            #expect(try node("{\(members.joined(separator: ","))}").members.count == count)
            for again in Set([0, count / 2, count - 1]) {
                for name in ["m\(again)", #"\u006d\#(again)"#] {
                    #expect(throws: JSONError.self) {
                        try node("{\(members.joined(separator: ",")),\"\(name)\":{}}")
                    }
                }
            }
        }
    }
}
