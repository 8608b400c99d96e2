import GatewayCore
import GatewayServer
import JSON
import Testing

@Suite("Manifests as kubectl reads them")
struct KubernetesYAMLTests {
    private func read(_ text: String) throws -> JSONValue? {
        let documents = try KubernetesYAML(text).documents
        #expect(documents.count <= 1)
        return documents.first
    }

    @Test(
        "Scalars, keys and tags",
        arguments: [
            ("a: yes", ["a": true]), ("a: 'yes'", ["a": "yes"]), ("a: 0x1F", ["a": 31]), ("a: .5", ["a": .number(0.5)]),
            ("yes: 1", ["true": 1]), ("'yes': 1", ["yes": 1]), ("0x10: 1", ["16": 1]), ("a: |\n  1\n", ["a": "1\n"]),
            ("a: !!str 1", ["a": "1"]), ("a: !!int '7'", ["a": 7]), ("a: !other 1", ["a": "1"]), ("a:", ["a": .null]),
            ("a: !!binary aGk=", ["a": "hi"]), ("a: [y, n]", ["a": [true, false]]),
            ("a: 9223372036854775807", ["a": .integer(.max)]),
        ] as [(String, JSONValue)])
    func values(text: String, value: JSONValue) throws {
        #expect(try read(text) == value)
    }

    @Test(
        "Merge keys are merged in their order; of several mappings the first one counts",
        arguments: [
            ("base: &b {x: 1, z: 2}\na:\n  <<: *b\n  z: 3", ["x": 1, "z": 3]),
            ("base: &b {x: 1, z: 2}\na:\n  z: 3\n  <<: *b", ["z": 2, "x": 1]),
            ("a:\n  <<: [{x: 1}, {x: 2, z: 3}]", ["x": 1, "z": 3]),
            ("a:\n  '<<': {x: 1}", ["<<": ["x": 1]]),
        ] as [(String, JSONValue)])
    func merge(text: String, value: JSONValue) throws {
        #expect(try read(text)?["a"] == value)
    }

    @Test("Of duplicate keys the last one counts, with a warning that has the line and the path")
    func duplicates() throws {
        let text = """
            kind: Pod
            ---
            spec:
              é: 1
              name: a
              "name": b
              name: c
              other: {x: 1, x: 2}
            yes: 1
            true: 2
            """
        let manifest = try KubernetesYAML(text)
        #expect(
            manifest.documents.last == ["spec": ["é": 1, "name": "c", "other": ["x": 2]], "true": 2])
        #expect(manifest.warnings.allSatisfy { $0.severity == .warning })
        #expect(manifest.warnings.map(\.keyPath) == ["spec.name", "spec.name", "spec.other.x", "true"])
        #expect(manifest.warnings.map(\.line) == [6, 7, 8, 10])
    }

    @Test("Names that differ only in their code units are two keys")
    func canonicallyEquivalent() throws {
        let object = try #require(try read("caf\u{E9}: 1\ncafe\u{301}: 2"))
        #expect(object == .object([.init("caf\u{E9}", 1), .init("cafe\u{301}", 2)]))
        #expect(try KubernetesYAML("caf\u{E9}: 1\ncafe\u{301}: 2").warnings.isEmpty)
    }

    @Test("More duplicates than are renamed are an error")
    func manyDuplicates() {
        let text = String(repeating: "a: 1\n", count: 60)
        #expect(throws: ConfigurationProblem.self) { try KubernetesYAML(text) }
    }

    @Test("JSON values may follow one another without a separator, also with surrogate pairs")
    func json() throws {
        let text = #"{"kind": "A"}{"kind": "B"}"# + "\n" + #"{"kind": "\ud83d\ude80"}"#
        #expect(try KubernetesYAML(text).documents == [["kind": "A"], ["kind": "B"], ["kind": "🚀"]])
        #expect(try KubernetesYAML(#"{"a": 1, "a": 2}"#).documents == [["a": 2]])
        #expect(try KubernetesYAML("{a: b}\n---\n{c: yes}").documents == [["a": "b"], ["c": true]])
    }

    @Test(
        "What has no meaning for kubectl is an error with its line",
        arguments: [
            ("a: 1\nb: .inf", 2), ("a: 1\n~: 2", 2), ("a: 1\n[x]: 2", 2), ("a:\n  <<: 1", 2), ("a: [", 2),
            ("a: !!binary '?'", 1), ("a: 1\n---\nb: 2\nc: .nan", 4),
        ])
    func errors(text: String, line: Int) {
        let problem = #expect(throws: ConfigurationProblem.self) { try KubernetesYAML(text) }
        #expect(problem?.line == line)
    }

    @Test("Aliases cannot make much of little")
    func aliases() {
        let levels = (1...12).map { level in
            "l\(level): &l\(level) [" + Array(repeating: "*l\(level - 1)", count: 10).joined(separator: ", ") + "]"
        }
        #expect(throws: ConfigurationProblem.self) {
            try KubernetesYAML((["l0: &l0 x"] + levels).joined(separator: "\n"))
        }
    }
}
