import Foundation
import GatewayCore
import JSON
import Testing

/// One of RFC 6902's examples.
struct PatchVector: CustomTestStringConvertible, Sendable {
    let section: String
    let document: String
    let patch: String
    /// nil where it fails.
    let result: String?

    var testDescription: String { section }

    static let all: [PatchVector] = [
        .init("A.1", #"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux"}]"#, #"{"baz":"qux","foo":"bar"}"#),
        .init(
            "A.2", #"{"foo":["bar","baz"]}"#, #"[{"op":"add","path":"/foo/1","value":"qux"}]"#,
            #"{"foo":["bar","qux","baz"]}"#),
        .init("A.3", #"{"baz":"qux","foo":"bar"}"#, #"[{"op":"remove","path":"/baz"}]"#, #"{"foo":"bar"}"#),
        .init(
            "A.4", #"{"foo":["bar","qux","baz"]}"#, #"[{"op":"remove","path":"/foo/1"}]"#, #"{"foo":["bar","baz"]}"#),
        .init(
            "A.5", #"{"baz":"qux","foo":"bar"}"#, #"[{"op":"replace","path":"/baz","value":"boo"}]"#,
            #"{"baz":"boo","foo":"bar"}"#),
        .init(
            "A.6", #"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
            #"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
            #"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#),
        .init(
            "A.7", #"{"foo":["all","grass","cows","eat"]}"#, #"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
            #"{"foo":["all","cows","eat","grass"]}"#),
        .init(
            "A.8", #"{"baz":"qux","foo":["a",2,"c"]}"#,
            #"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
            #"{"baz":"qux","foo":["a",2,"c"]}"#),
        .init("A.9", #"{"baz":"qux"}"#, #"[{"op":"test","path":"/baz","value":"bar"}]"#, nil),
        .init(
            "A.10", #"{"foo":"bar"}"#, #"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#,
            #"{"foo":"bar","child":{"grandchild":{}}}"#),
        .init(
            "A.11", #"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#,
            #"{"foo":"bar","baz":"qux"}"#),
        .init("A.12", #"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz/bat","value":"qux"}]"#, nil),
        .init("A.14", #"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":10}]"#, #"{"/":9,"~1":10}"#),
        .init("A.15", #"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":"10"}]"#, nil),
        .init(
            "A.16", #"{"foo":["bar"]}"#, #"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#,
            #"{"foo":["bar",["abc","def"]]}"#),
    ]

    private init(_ section: String, _ document: String, _ patch: String, _ result: String?) {
        self.section = section
        self.document = document
        self.patch = patch
        self.result = result
    }

    static func json(_ text: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }
}

@Suite("Admission: JSON Patch")
struct JSONPatchTests {
    @Test(
        "The tests' implementation passes RFC 6902's examples (A.13 is not JSON)",
        arguments: PatchVector.all)
    func independent(vector: PatchVector) throws {
        let (document, patch) = (try PatchVector.json(vector.document), try PatchVector.json(vector.patch))
        guard let result = vector.result else {
            #expect(throws: JSONPatchOperations.Failure.self) {
                try JSONPatchOperations.apply(patch, to: document)
            }
            return
        }
        #expect(try JSONPatchOperations.apply(patch, to: document).sorted == PatchVector.json(result).sorted)
    }

    @Test("Additions pass the examples that add", arguments: ["A.1", "A.2", "A.10", "A.11", "A.12", "A.16"])
    func additions(section: String) throws {
        let vector = try #require(PatchVector.all.first { $0.section == section })
        var patch = JSONPatch()
        guard case .array(let operations) = try PatchVector.json(vector.patch) else {
            throw JSONPatchOperations.Failure()
        }
        for operation in operations {
            guard case .string(let path) = operation["path"], let value = operation["value"] else {
                throw JSONPatchOperations.Failure()
            }
            patch.add(value, at: try #require(JSONPointer(parsing: path)))
        }
        let result = patch.applied(to: try PatchVector.json(vector.document))
        #expect(try result?.sorted == vector.result.map { try PatchVector.json($0).sorted })
    }

    @Test("An addition at the root replaces the document, and one at an existing member replaces the member")
    func roots() {
        #expect(JSONPatch([.init(JSONPointer(), 1)]).applied(to: ["a": 2]) == 1)
        #expect(JSONPatch([.init(JSONPointer("a"), 1)]).applied(to: ["a": 2]) == ["a": 1])
    }

    @Test("A replacement needs an existing member or element")
    func replacements() {
        func replaced(_ pointer: JSONPointer, in document: JSONValue) -> JSONValue? {
            JSONPatch([.init(pointer, 0, kind: .replace)]).applied(to: document)
        }
        #expect(replaced(JSONPointer("a", "1"), in: ["a": [1, 2]]) == ["a": [1, 0]])
        #expect(replaced(JSONPointer("a"), in: ["a": [1]]) == ["a": 0])
        #expect(replaced(JSONPointer("a", "0", "b"), in: ["a": [["b": 1]]]) == ["a": [["b": 0]]])
        #expect(replaced(JSONPointer("b"), in: ["a": 1]) == nil)
        for token in ["-", "2"] { #expect(replaced(JSONPointer("a", token), in: ["a": [1, 2]]) == nil) }
    }

    @Test(
        "An index is digits without a leading zero, within the list or at its end",
        arguments: ["01", "+1", "3", "x", ""])
    func badIndices(token: String) {
        #expect(JSONPatch([.init(JSONPointer("a", token), 0)]).applied(to: ["a": [1, 2]]) == nil)
        #expect(JSONPatch([.init(JSONPointer("a", token, "b"), 0)]).applied(to: ["a": [[:], [:]]]) == nil)
    }

    @Test("A pointer escapes ~ and /, and is parsed as written")
    func pointers() {
        let pointer = JSONPointer("a/b", "~1", "m~n", "", "ü")
        #expect(pointer.description == "/a~1b/~01/m~0n//ü")
        #expect(JSONPointer(parsing: pointer.description) == pointer)
        #expect(JSONPointer(parsing: "")?.tokens == [])
        #expect(JSONPointer("a").appending(3).end.description == "/a/3/-")
        for bad in ["a", "a/b", "/~", "/~2", "/a~"] { #expect(JSONPointer(parsing: bad) == nil, "\(bad)") }
    }

    @Test("The examples of RFC 6901 §5 identify their members")
    func pointerExamples() {
        let expected = [
            ("/a~1b", "a/b"), ("/c%d", "c%d"), ("/e^f", "e^f"), ("/g|h", "g|h"), (#"/i\j"#, #"i\j"#),
            (#"/k"l"#, #"k"l"#), ("/ ", " "), ("/m~0n", "m~n"), ("/", ""),
        ]
        for (text, token) in expected { #expect(JSONPointer(parsing: text)?.tokens == [token]) }
    }

    @Test("The text is that of the document", arguments: [0, 1, 3])
    func text(count: Int) {
        let values: [JSONValue] = ["a \"quoted\" text", ["name": "x", "list": [1, .number(2.5), .null, true]], []]
        let operations = (0..<count).map { index in
            JSONPatch.Operation(
                JSONPointer("a/b~\"", "ü").appending(index), values[index], kind: index == 1 ? .replace : .add)
        }
        let patch = JSONPatch(operations)
        #expect(patch.utf8Text == patch.json.utf8Text)
    }

    @Test("The document has op, path and value, and a patch can be moved below a location")
    func wire() {
        let patch = JSONPatch([.init(JSONPointer("metadata", "annotations", "x/y"), "z")])
        #expect(patch.json.text == #"[{"op":"add","path":"/metadata/annotations/x~1y","value":"z"}]"#)
        #expect(
            patch.below(JSONPointer("items", "0")).json.text
                == #"[{"op":"add","path":"/items/0/metadata/annotations/x~1y","value":"z"}]"#)
    }
}
