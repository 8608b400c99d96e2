import Foundation
import GatewayCore
import GatewayPluginAPI
import GatewayTestSupport
import JSON
import Testing

@Suite("The schema of audit lines")
struct AuditSchemaTests {
    @Test("Every line conforms to the schema in docs/audit.md")
    func lines() async throws {
        let schema = try Self.schema()
        let lines =
            try await AuditRecord.samples().map { try $0.json } + PublicationRecord.samples().compactMap(\.json)
            + [AuditRecord.gap(lost: 3, at: AuditRecord.sampleTime)]
        for line in lines { #expect(schema.breaches(in: try Self.parsed(line.text)) == [], "\(line.text)") }
    }

    @Test("The examples in docs/audit.md conform to the schema")
    func examples() throws {
        let schema = try Self.schema()
        let blocks = try Self.blocks().dropFirst()
        #expect(!blocks.isEmpty)
        for line in blocks.flatMap({ $0.split(separator: "\n") }) {
            #expect(schema.breaches(in: try Self.parsed(String(line))) == [], "\(line)")
        }
    }

    @Test("The check finds missing, invalid and additional members")
    func check() async throws {
        let schema = try Self.schema()
        let good = try AuditRecord.sample(.issued(try await AuditRecord.sampleToken())).json
        guard case .object(let members) = good else { throw Unreadable() }
        func changed(_ name: String, _ value: JSONValue?) -> JSONValue {
            .object(members.filter { $0.name != name } + (value.map { [.init(name, $0)] } ?? []))
        }
        for bad in [
            changed("endpoint", nil), changed("latency_us", "7"), changed("latency_us", -1), changed("route", "other"),
            changed("decision", "maybe"), changed("extra", 1), changed("time", "yesterday"), changed("audit", 2),
            changed("token", ["aud": "text"]), changed("rule", ["index": 0, "extra": 1]),
        ] {
            #expect(schema.breaches(in: try Self.parsed(bad.text)) != [], "\(bad.text)")
        }
    }

    @Test("The schema's lists are the enumerations, and its workload has every attribute")
    func lists() throws {
        let schema = try Self.schema().value
        let properties = schema["$defs"]?["record"]?["properties"]
        #expect(
            properties?["decision"]?["enum"] == .array(AuditRecord.Decision.allCases.map { .string($0.rawValue) }))
        #expect(properties?["route"]?["enum"] == .array(AuditRecord.CallRoute.allCases.map { .string($0.rawValue) }))
        guard case .object(let attributes)? = properties?["workload"]?["properties"] else { throw Unreadable() }
        #expect(Set(attributes.map(\.name)) == Set(WorkloadAttributes.names).subtracting(["endpoint"]))
    }

    @Test("A written document and a conflict are audited; an unchanged document and a failure are not")
    func publications() throws {
        let samples = try PublicationRecord.samples()
        let decisions = samples.map { $0.json?["decision"] }
        #expect(
            decisions == [
                "published", "publication-refused", "publication-refused", nil, nil, nil,
            ])
        #expect(samples[0].json?["publication"]?["document"] == "/certs")
        let reason = try #require(samples[1].json?["reason"])
        #expect(reason.text.contains("another key ring"))
    }

    private struct Unreadable: Error {}

    private static func schema() throws -> LineSchema {
        LineSchema(value: try parsed(try #require(try blocks().first)))
    }

    /// The JSON blocks of the page; the first is the schema.
    private static func blocks() throws -> [String] {
        var root = URL(filePath: #filePath)
        for _ in 0..<5 { root.deleteLastPathComponent() }
        let page = try String(contentsOf: root.appending(path: "docs/audit.md"), encoding: .utf8)
        return page.components(separatedBy: "```json\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
    }

    private static func parsed(_ text: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }
}

/// The keywords of JSON Schema (draft 2020-12) that the page uses; an unknown one is an error.
private struct LineSchema {
    let value: JSONValue

    func breaches(in line: JSONValue) -> [String] { check(line, value, at: "") }

    private func check(_ line: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        guard case .object(let keywords) = schema else { return ["\(place): no schema"] }
        return keywords.flatMap { check(line, $0.name, $0.value, at: place) }
    }

    private func check(_ line: JSONValue, _ keyword: String, _ value: JSONValue, at place: String) -> [String] {
        func unless(_ isRight: Bool, _ breach: String) -> [String] { isRight ? [] : ["\(place): \(breach)"] }
        switch (keyword, value, line) {
        case ("$schema", _, _), ("title", _, _), ("description", _, _), ("$defs", _, _),
            ("additionalProperties", false, _):
            return []
        case ("$ref", .string(let name), _):
            return check(line, self.value["$defs"]?[String(name.dropFirst("#/$defs/".count))] ?? .null, at: place)
        case ("oneOf", .array(let schemas), _):
            return unless(schemas.count { check(line, $0, at: place).isEmpty } == 1, "not one of them")
        case ("type", .string(let type), _): return unless(Self.type(of: line) == type, "no \(type)")
        case ("const", let constant, _): return unless(line == constant, "not \(constant.text)")
        case ("enum", .array(let values), _): return unless(values.contains(line), "not in the list")
        case ("minimum", .integer(let least), .integer(let number)): return unless(number >= least, "too small")
        case ("pattern", .string(let pattern), .string(let text)):
            return unless(text.range(of: pattern, options: .regularExpression) != nil, "not like \(pattern)")
        case ("items", let items, .array(let values)): return values.flatMap { check($0, items, at: "\(place)[]") }
        case ("required", .array(let names), .object(let members)):
            let missing = names.filter { name in !members.contains { .string($0.name) == name } }
            return unless(missing.isEmpty, "\(missing.map(\.text)) missing")
        case ("properties", let properties, .object): return members(of: line, properties, at: place)
        // The keyword applies to another type, which `type` rejects.
        case ("minimum", .integer, _), ("pattern", .string, _), ("items", .object, _), ("required", .array, _),
            ("properties", .object, _):
            return []
        default: return ["\(place): the keyword \(keyword) is not known"]
        }
    }

    /// Additional properties are not allowed on the page.
    private func members(of line: JSONValue, _ properties: JSONValue, at place: String) -> [String] {
        guard case .object(let members) = line else { return [] }
        return members.flatMap { member in
            guard let schema = properties[member.name] else { return ["\(place).\(member.name): not in the schema"] }
            return check(member.value, schema, at: "\(place).\(member.name)")
        }
    }

    private static func type(of value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
