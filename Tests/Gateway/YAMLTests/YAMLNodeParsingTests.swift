import Testing
import YAML

@Suite("A YAML document as nodes")
struct YAMLNodeParsingTests {
    private static let string = YAMLNode.stringTag

    /// Type, tag, text and place of each node, in the order of the text.
    private func outline(_ node: YAMLNode) -> [String] {
        let place = "\(node.mark.line):\(node.mark.column)"
        let tag = node.tag.isEmpty ? "" : " \(node.tag.replacing("tag:yaml.org,2002:", with: "!!"))"
        switch node {
        case .scalar(let scalar): return ["\(scalar.isPlain ? "plain" : "quoted")\(tag) \(scalar.text) \(place)"]
        case .sequence(let sequence): return ["sequence\(tag) \(place)"] + sequence.elements.flatMap(outline)
        case .mapping(let mapping):
            return ["mapping\(tag) \(place)"] + mapping.entries.flatMap { outline($0.key) + outline($0.value) }
        }
    }

    @Test("Styles, tags and places are those of the text")
    func outlines() throws {
        let text = """
            # é
            a: 1
            "b": !!int '2'
            c: ! 3
            d: !x {e: [!!str 4, "\\u0000"]}
            f: |
              5
            é: ~
            g:
            """
        let node = try #require(try YAMLNode.parse(text))
        #expect(
            outline(node) == [
                "mapping 2:1", "plain a 2:1", "plain 1 2:4", "quoted !!str b 3:1", "quoted !!int 2 3:6", "plain c 4:1",
                "plain ! 3 4:4", "plain d 5:1", "mapping !x 5:4", "plain e 5:8", "sequence 5:11", "plain !!str 4 5:12",
                "quoted !!str \u{0} 5:21", "plain f 6:1", "quoted !!str 5\n 6:4", "plain é 8:1", "plain ~ 8:4",
                "plain g 9:1", "plain  9:3",
            ])
    }

    @Test("A text without a document has no node", arguments: ["", "# nothing\n", "\n\n"])
    func nothing(text: String) throws {
        #expect(try YAMLNode.parse(text) == nil)
    }

    @Test("An alias is the node of the last anchor of that name, but not within that node")
    func aliases() throws {
        let node = try #require(try YAMLNode.parse("a: &x 1\nb: *x\nc: &x 2\nd: *x"))
        #expect(node["b"] == node["a"])
        #expect(node["d"] == node["c"])
        for text in ["*x", "a: &x [*x]", "a: &x {b: *x}"] {
            #expect(throws: YAMLError.syntax(problem: "found undefined alias", context: nil, line: 1)) {
                try YAMLNode.parse(text)
            }
        }
    }

    @Test(
        "Errors have libyaml's problem and its line",
        arguments: [
            ("a: 1\n---\nb: 2", .severalDocuments(line: 2)), ("--- a\n...\n", nil),
            ("a: \u{1}", .unreadable(problem: "control characters are not allowed")),
            (
                "a: [",
                .syntax(problem: "did not find expected node content", context: "while parsing a flow node", line: 2)
            ),
            (
                "a: 1\nb: 'c",
                .syntax(
                    problem: "found unexpected end of stream", context: "while scanning a quoted scalar", line: 2)
            ),
            (
                #"a: "\ud800""#,
                .syntax(
                    problem: "found invalid Unicode character escape code",
                    context: "while parsing a quoted scalar", line: 1)
            ),
        ] as [(String, YAMLError?)])
    func errors(text: String, expected: YAMLError?) {
        do throws(YAMLError) {
            _ = try YAMLNode.parse(text)
            #expect(expected == nil)
        } catch {
            #expect(error == expected)
        }
    }

    @Test(
        "Duplicate keys are rejected, with the line of the first one",
        arguments: [
            ("b: 1\na: 2\nb: 3\na: 4", ["a", "b"], 2), ("x:\n  1: a\n  '1': b", ["1"], 2), ("{! a: 1, a: 2}", ["a"], 1),
            ("e\u{301}: 1\n\u{E9}: 2", ["e\u{301}"], 1),
        ])
    func duplicates(text: String, keys: [String], line: Int) throws {
        #expect(throws: YAMLError.duplicateKeys(keys, line: line)) { try YAMLNode.parse(text) }
        let node = try #require(try YAMLNode.parse(text, maximumDuplicates: keys.count))
        #expect(node.mark.line == 1)
    }

    @Test("Keys of different tags, and keys that are not scalars, are no duplicates")
    func noDuplicates() throws {
        for text in ["{!!int 1: a, 1: b}", "? [a]\n: 1\n? [a]\n: 2"] {
            #expect(throws: Never.self) { try YAMLNode.parse(text) }
        }
    }

    @Test("A byte order mark before a document is no character of it; in quotes it is")
    func byteOrderMark() throws {
        let node = try #require(try YAMLNode.parse("---\n\u{FEFF}a: \"\u{FEFF}b\"\n"))
        #expect(outline(node) == ["mapping 2:2", "plain a 2:2", "quoted !!str \u{FEFF}b 2:5"])
    }

    @Test("Depth and number of nodes are limited")
    func limits() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try YAMLNode.parse(nested(YAMLNode.maximumDepth - 1)) }
        #expect(throws: YAMLError.tooDeep(line: 1)) { try YAMLNode.parse(nested(YAMLNode.maximumDepth)) }
        #expect(throws: YAMLError.tooDeep(line: 1)) { try YAMLNode.parse(nested(100_000)) }
        let elements = String(repeating: "a,", count: YAMLNode.maximumNodes - 1)
        #expect(throws: Never.self) { try YAMLNode.parse("[\(elements)]") }
        #expect(throws: YAMLError.tooManyNodes(line: 1)) { try YAMLNode.parse("[\(elements)a]") }
    }
}
