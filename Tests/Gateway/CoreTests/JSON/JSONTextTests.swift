import Foundation
import JOSE
import Testing

@testable import GatewayCore

@Suite("Admission: JSON text")
struct JSONTextTests {
    private func value(_ text: String) throws -> JSONValue { try JSONText.value(of: Array(text.utf8)) }

    @Test(
        "What is JSON is read as Foundation reads it",
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
        "What is not JSON is refused",
        arguments: [
            "", " ", "nul", "tru", "True", "01", "-", "1.", ".5", "1e", "+1", "0x1", "1e999", #"""#, #""a"#, #""\x""#,
            #""\u12g4""#, #""\u12"#, #""\ud83d""#, #""\ud83dx""#, #""\ud83d\u0041""#, #""\udc00""#, "\"a\nb\"", "[",
            "[1", "[1,",
            "[1,]", "[,1]", "[1 2]", "]", "{", "{}}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "{a:1}", #"{"a":1 "b":2}"#,
            "'a'", "1 2", "NaN", "// x\n1", #"{"a":1,"b":2,"a":3}"#, "\u{FEFF}1", "\u{0}",
        ])
    func bad(text: String) {
        #expect(throws: JSONText.Problem.self) { try value(text) }
    }

    @Test("Bytes that are no UTF-8 are refused within a string and without")
    func utf8() {
        for bytes in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0xFF]] as [[UInt8]]
        {
            #expect(throws: JSONText.Problem.self) { try JSONText.value(of: bytes) }
        }
    }

    @Test("Nesting is bounded")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try value(nested(JSONText.maximumDepth))
        #expect(throws: JSONText.Problem.self) { try value(nested(JSONText.maximumDepth + 1)) }
        #expect(throws: JSONText.Problem.self) { try value(String(repeating: "[", count: 3 << 20)) }
    }

    @Test("A problem is told with its place")
    func place() {
        let problem = #expect(throws: JSONText.Problem.self) { try value(#"{"a":1,"a":2}"#) }
        #expect(problem?.description == "a member that is there twice at byte 10")
    }

    @Test("A member that is there twice is found among few and among many")
    func twice() throws {
        for count in [2, 11, 12, 13, 40] {
            let members = (0..<count).map { #""m\#($0)":\#($0)"# }
            let good = "{\(members.joined(separator: ","))}"
            guard case .object(let read) = try value(good) else { continue }
            #expect(read.map(\.name) == (0..<count).map { "m\($0)" })
            for again in [0, count / 2, count - 1] {
                #expect(throws: JSONText.Problem.self) {
                    try value("{\((members + [members[again]]).joined(separator: ","))}")
                }
            }
        }
        #expect(throws: JSONText.Problem.self) { try value(#"{"a":1,"\u0061":2}"#) }
    }

    @Test("Objects of many members take a time that rises with their number only")
    func manyMembers() throws {
        let members = (0..<50_000).map { #""member-number-\#($0)":0"# }
        guard case .object(let read) = try value("{\(members.joined(separator: ","))}") else { return }
        #expect(read.count == 50_000)
    }
}
