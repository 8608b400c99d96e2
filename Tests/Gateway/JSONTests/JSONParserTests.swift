import Foundation
import GatewayTestSupport
import JSON
import Testing

@Suite("JSON text")
struct JSONParserTests {
    private func value(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    @Test(
        "JSON is read as Foundation reads it",
        arguments: [
            "null", " true ", "false", "0", "-0", "-12", "9223372036854775807", "1.5", "-0.25e-3", "1.25E1",
            "18446744073709551616", #""""#, #""a\"\\\/\b\f\n\r\tz""#, #""\u00e9\u20AC\ud83d\ude80""#, #""é€🚀""#,
            "[]",
            "{}", "[1,[2,[]],{}]", "\t{ \"a\" : [ 1 , {\"b\":null} ] ,\r\n\"\" : \"x\" } ",
        ])
    func good(text: String) throws {
        #expect(try value(text).sorted == JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)).sorted)
    }

    @Test(
        "Text that is not JSON is rejected",
        arguments: [
            "", " ", "nul", "tru", "True", "01", "-", "1.", ".5", "1e", "+1", "0x1", "1e999", #"""#, #""a"#, #""\x""#,
            #""\u12g4""#, #""\u12"#, #""\ud83d""#, #""\ud83dx""#, #""\ud83d\u0041""#, #""\udc00""#, "\"a\nb\"", "[",
            "[1", "[1,",
            "[1,]", "[,1]", "[1 2]", "]", "{", "{}}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "{a:1}", #"{"a":1 "b":2}"#,
            "'a'", "1 2", "NaN", "// x\n1", #"{"a":1,"b":2,"a":3}"#, "\u{FEFF}1", "\u{0}",
        ])
    func bad(text: String) {
        #expect(throws: JSONError.self) { try value(text) }
    }

    @Test("Bytes that are not UTF-8 are rejected inside and outside of strings")
    func utf8() {
        for bytes in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0xFF]] as [[UInt8]]
        {
            #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
        }
    }

    @Test("Depth and length are limited")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try value(nested(JSONLimits.standard.depth))
        #expect(throws: JSONError.self) { try value(nested(JSONLimits.standard.depth + 1)) }
        #expect(throws: JSONError.self) { try value(String(repeating: "[", count: 3 << 20)) }
        #expect(try JSONValue(parsing: Array("[[]]".utf8), limits: JSONLimits(depth: 2, byteCount: 4)) == [[]])
        for limits in [JSONLimits(depth: 1), JSONLimits(byteCount: 3)] {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array("[[]]".utf8), limits: limits) }
        }
        #expect(JSONLimits(depth: 1 << 20).depth == JSONLimits.standard.depth)
    }

    @Test("An error has the offset of the byte")
    func place() {
        let problem = #expect(throws: JSONError.self) { try value(#"{"a":1,"a":2}"#) }
        #expect(problem?.description == "duplicate member at byte 10")
    }

    @Test("A duplicate member is found among few and among many")
    func twice() throws {
        for count in [2, 11, 12, 13, 40] {
            let members = (0..<count).map { #""m\#($0)":\#($0)"# }
            let good = "{\(members.joined(separator: ","))}"
            guard case .object(let read) = try value(good) else { continue }
            #expect(read.map(\.name) == (0..<count).map { "m\($0)" })
            for again in [0, count / 2, count - 1] {
                #expect(throws: JSONError.self) {
                    try value("{\((members + [members[again]]).joined(separator: ","))}")
                }
            }
        }
        #expect(throws: JSONError.self) { try value(#"{"a":1,"\u0061":2}"#) }
    }

    @Test("Names are compared by code units, not by canonical equivalence", arguments: [2, 40])
    func codeUnits(count: Int) throws {
        let fillers = (0..<count).map { #""m\#($0)":0"# }.joined(separator: ",")
        let read = try value("{\(fillers),\"\u{E9}\":1,\"e\u{301}\":2,\"\u{212A}\":3,\"K\":4}")
        #expect(read["\u{E9}"] == 1)
        #expect(read["e\u{301}"] == 2)
        #expect(read["K"] == 4)
        #expect(read["\u{212A}"] == 3)
        #expect(throws: JSONError.self) { try value("{\(fillers),\"e\u{301}\":1,\"e\\u0301\":2}") }
    }

    @Test("The time for an object is linear in the number of its members")
    func manyMembers() throws {
        let members = (0..<50_000).map { #""member-number-\#($0)":0"# }
        guard case .object(let read) = try value("{\(members.joined(separator: ","))}") else { return }
        #expect(read.count == 50_000)
    }

    @Test("Consecutive texts are values, with or without white space between them")
    func values() throws {
        #expect(try JSONValue.values(parsing: Array(#"{"a":1}{"a":2} [3]"#.utf8)) == [["a": 1], ["a": 2], [3]])
        #expect(try JSONValue.values(parsing: Array(" ".utf8)).isEmpty)
        for text in ["{} ,", "{} }", #"{}{"a":1,"a":1}"#, "{}{"] {
            #expect(throws: JSONError.self) { try JSONValue.values(parsing: Array(text.utf8)) }
        }
    }

    @Test("A string ends at its quotation mark, at whatever place it and escapes are, also where it is not read")
    func everyPlace() throws {
        for length in 0..<40 {
            for special in [#"\""#, #"\\"#, #"\n"#, "é", "\u{7F}", "\u{1}", ""] {
                for place in 0...length {
                    let rest = String(repeating: "y", count: length - place)
                    let text = #"{"a":""# + String(repeating: "x", count: place) + special + rest + #"","b":1}"#
                    let whole = try? value(text)
                    let selected = try? JSONValue(parsing: Array(text.utf8), reading: .only(["b": .whole]))
                    guard special != "\u{1}" else {
                        #expect(whole == nil && selected == nil)
                        continue
                    }
                    #expect(whole?["a"]?.stringValue?.utf8.count == length + Self.length(special))
                    #expect(selected == ["b": 1])
                }
            }
        }
    }

    private static func length(_ special: String) -> Int {
        special.hasPrefix(#"\"#) ? 1 : special.utf8.count
    }

    @Test("What is not read is rejected where it would be rejected if it were read, at the same byte")
    func notRead() {
        var random = SeededRandom(seed: 5)
        let bytes = Array(#"{}[]:,"\/bnut0eE-+. aé"#.utf8)
        for _ in 0..<20_000 {
            let middle = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                bytes.randomElement(using: &random) ?? 0
            }
            let text = Array(#"{"a":"#.utf8) + middle + Array("}".utf8)
            var errors: [JSONError?] = []
            for selection in [JSONSelection.whole, .only([:])] {
                do throws(JSONError) {
                    _ = try JSONValue(parsing: text, reading: selection)
                    errors.append(nil)
                } catch {
                    errors.append(error)
                }
            }
            // Duplicates are looked for in what is read.
            if errors[0]?.message == "duplicate member" { continue }
            #expect(errors[0] == errors[1], "\(String(decoding: text, as: UTF8.self))")
        }
    }
}

extension JSONValue {
    /// With sorted members, since Foundation's decoder does not preserve their order.
    fileprivate var sorted: JSONValue {
        switch self {
        case .object(let members):
            .object(members.map { Member($0.name, $0.value.sorted) }.sorted { $0.name < $1.name })
        case .array(let elements): .array(elements.map(\.sorted))
        default: self
        }
    }
}
