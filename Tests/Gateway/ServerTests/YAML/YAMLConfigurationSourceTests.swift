import GatewayCore
import GatewayServer
import GatewayTestSupport
import Testing

@Suite("A YAML file")
struct YAMLConfigurationSourceTests {
    @Test("is read with the line of every key")
    func lines() throws {
        let node = try YAMLConfigurationSource.parse(
            """
            # a comment
            a: 1
            b:
              c: "2"
              d:
              - x
              - {e: true}
            """)
        #expect(
            node
                == .mapping(
                    [
                        .init(key: "a", value: .scalar("1", isPlain: true, line: 2)),
                        .init(
                            key: "b",
                            value: .mapping(
                                [
                                    .init(key: "c", value: .scalar("2", isPlain: false, line: 4)),
                                    .init(
                                        key: "d",
                                        value: .sequence(
                                            [
                                                .scalar("x", isPlain: true, line: 6),
                                                .mapping(
                                                    [.init(key: "e", value: .scalar("true", isPlain: true, line: 7))],
                                                    line: 7),
                                            ], line: 5)),
                                ], line: 3)),
                    ], line: 2))
    }

    @Test("is rejected where it is not UTF-8, with the line")
    func notUTF8() {
        let text =
            Array("azRules:\n- {scope: filter, constraint: \"(!(namespace=\"".utf8) + [0xFF] + Array("))\"}\n".utf8)
        let problem = #expect(throws: ConfigurationProblem.self) { try YAMLConfigurationSource.parse(utf8: text) }
        #expect(problem?.text(file: "f") == "f:2: error: invalid UTF-8; save the file in UTF-8 (STS1301)")
    }

    @Test("may begin with a byte order mark (YAML 1.2 §5.2)")
    func byteOrderMark() throws {
        let expected = try YAMLConfigurationSource.parse("a: 1\n")
        #expect(try YAMLConfigurationSource.parse(utf8: [0xEF, 0xBB, 0xBF] + Array("a: 1\n".utf8)) == expected)
    }

    @Test("may be empty, or JSON", arguments: ["", "# nothing\n", "{}", "---\n{}\n"])
    func empty(_ text: String) throws {
        guard case .mapping([], _) = try YAMLConfigurationSource.parse(text) else {
            Issue.record("is no empty mapping")
            return
        }
    }

    @Test("does not convert words that other readers convert to booleans and numbers")
    func noGuessing() throws {
        let node = try YAMLConfigurationSource.parse("a: no\nb: 012\nc: !!str 1\nd: ''\ne:\n")
        guard case .mapping(let members, _) = node else { return }
        #expect(
            members.map(\.value) == [
                .scalar("no", isPlain: true, line: 1), .scalar("012", isPlain: true, line: 2),
                .scalar("1", isPlain: false, line: 3), .scalar("", isPlain: false, line: 4),
                .scalar("", isPlain: true, line: 5),
            ])
    }

    @Test("expands an alias, at the line of the alias")
    func alias() throws {
        let node = try YAMLConfigurationSource.parse("a: &x [1]\nb: *x\n")
        guard case .mapping(let members, _) = node else { return }
        #expect(members.map(\.value.line) == [1, 2])
        #expect(members.last?.value == .sequence([.scalar("1", isPlain: true, line: 1)], line: 2))
    }

    static let rejections: [(String, String)] = [
        (
            "a: [",
            "f:2: error: invalid YAML: did not find expected node content (while parsing a flow node); fix the syntax"
        ),
        ("a: b: c", "f:1: error: invalid YAML: mapping values are not allowed in this context; fix the syntax"),
        (
            "a: 1\n\tb: 2",
            "f:2: error: invalid YAML: found a tab character that violates indentation (while scanning a plain scalar); fix the syntax"
        ),
        ("a: 1\nb: 2\na: 3\n", #"f:1: error: duplicate key "a" in one mapping; remove one of them"#),
        ("x: {1: a, '1': b}", "f:1: error: duplicate key \"1\" in one mapping; remove one of them"),
        ("a: 1\n---\nb: 2\n", "f:2: error: more than one document; expected one"),
        ("a: *x\n", "f:1: error: invalid YAML: found undefined alias; fix the syntax"),
        ("a:\n  b: !secret x\n", "f:2: error: a.b: the tag !secret is not supported; remove it"),
        ("a: !!binary aGk=\n", "f:1: error: a: the tag tag:yaml.org,2002:binary is not supported; remove it"),
        ("a: !thing {b: 1}\n", "f:1: error: a: the tag !thing is not supported; remove it"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "f:3: error: c.<<: merge keys are not supported; write the keys"),
        ("? [a]\n: 1\n", "f:1: error: invalid key; expected a scalar"),
    ]

    @Test("is rejected with the line where a feature is not supported", arguments: rejections)
    func rejected(_ text: String, _ problem: String) {
        let error = #expect(throws: ConfigurationProblem.self) { try YAMLConfigurationSource.parse(text) }
        #expect(error?.text(file: "f") == "\(problem) (STS1301)")
    }

    @Test("is rejected where aliases expand beyond the limit")
    func aliases() {
        var text = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
        for level in 1...12 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let error = #expect(throws: ConfigurationProblem.self) { try YAMLConfigurationSource.parse(text) }
        #expect(error?.message == "the file has more than 250000 values, including aliases; use fewer aliases")
    }

    @Test("may have as many values as thousands of endpoints need")
    func thousands() throws {
        let endpoint = "  - " + (0..<24).map { "key\($0): [value]" }.joined(separator: "\n    ") + "\n"
        let text = "endpoints:\n" + String(repeating: endpoint, count: 5_000)
        let root = try YAMLConfigurationSource.parse(text)
        guard case .mapping(let members, _) = root, case .sequence(let endpoints, _)? = members.first?.value else {
            Issue.record("no endpoints")
            return
        }
        #expect(endpoints.count == 5_000)
    }

    @Test("is rejected where it is nested too deep", arguments: [65, 900, 100_000])
    func depth(_ depth: Int) {
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(throws: ConfigurationProblem.self) { try YAMLConfigurationSource.parse(text) }
    }

    @Test("is rejected where it is larger than 4 MiB")
    func size() {
        let text = "a: " + String(repeating: "x", count: YAMLConfigurationSource.maximumLength)
        let error = #expect(throws: ConfigurationProblem.self) { try YAMLConfigurationSource.parse(text) }
        #expect(error?.description == "the file is larger than 4 MiB; reduce it")
    }
}
