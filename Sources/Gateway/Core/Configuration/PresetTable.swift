package import GatewayPluginAPI
import JOSE
import JSON

/// Reads `presets.json`: `{"presets": [...]}`. The built-in table and that of a user have the same format.
package enum PresetTable {
    /// Reads tables.
    ///
    /// - Parameters:
    ///   - texts: the JSON texts, each with its name in messages.
    ///   - plugins: the IDs of all linked plugins.
    /// - Throws: all problems.
    package static func read(
        _ texts: [(name: String, text: [UInt8])], plugins: [PluginID]
    ) throws(PresetTableError) -> [Preset] {
        var presets: [Preset] = []
        var problems: [String] = []
        for (name, text) in texts {
            let list = ProblemList()
            for preset in read(text, list) {
                let place = "presets.\(preset.id)"
                if presets.contains(where: { $0.id == preset.id }) {
                    list.error(at: place, line: 0, "duplicate id; use a different id")
                }
                check(preset, at: place, plugins: plugins, list)
                presets.append(preset)
            }
            problems += list.sorted.map { "\(name): \($0)" }
        }
        guard problems.isEmpty else { throw PresetTableError(problems: problems) }
        return presets
    }

    private struct Table: Decodable {
        let presets: [Preset]
    }

    private static func read(_ text: [UInt8], _ problems: ProblemList) -> [Preset] {
        guard let json = try? JSONValue(parsing: text, limits: JSONLimits(depth: 16, byteCount: 1 << 20)) else {
            problems.error(at: "", line: 0, "not JSON; expected {\"presets\": […]}")
            return []
        }
        let node = ConfigurationNode(json: json)
        let record = DecodingRecord(node, at: "")
        do {
            let table = try Table(from: ConfigurationDecoder(node, record: record))
            record.reportUnknownKeys(to: problems)
            return table.presets
        } catch {
            let (keyPath, message) = record.explain(error)
            problems.error(at: String(keyPath.drop { $0 == "." }), line: 0, message)
            return []
        }
    }

    private static func check(_ preset: Preset, at place: String, plugins: [PluginID], _ problems: ProblemList) {
        func expect(_ condition: Bool, _ key: String, _ message: String) {
            if !condition { problems.error(at: "\(place).\(key)", line: 0, message) }
        }
        expect(PluginID(preset.id) != nil, "id", "invalid id; expected lowercase letters, digits and \"-\"")
        expect(
            plugins.contains { $0.rawValue == preset.plugin }, "plugin",
            "unknown plugin \"\(preset.plugin)\"; expected \(plugins.map(\.rawValue).sorted().asChoice)")
        expect(!preset.algorithms.isEmpty, "algorithms", "empty list; expected the default first")
        for algorithm in preset.algorithms {
            expect(
                SignatureAlgorithm(rawValue: algorithm) != nil, "algorithms",
                "unknown algorithm \"\(algorithm)\"; expected \(SignatureAlgorithm.allCases.map(\.rawValue).asChoice)")
        }
        expect(
            preset.annotation.map { EndpointDefaults.Injector.Annotation(rawValue: $0) != nil } ?? true, "annotation",
            "invalid value; expected required or optional")
        expect(
            preset.keyDelaySeconds.map { (2...604_800).contains($0) } ?? true, "keyDelay",
            "out of range; expected 2 seconds to 7 days")
        let settings = (preset.settings ?? []).map(\.name)
        for name in settings where InjectionTemplate.placeholders.contains(name) {
            expect(false, "settings", "{\(name)} is a placeholder of every endpoint; use a different name")
        }
        let known = InjectionTemplate.placeholders + settings
        func checkNames(_ names: [String], _ key: String) {
            for name in names where !known.contains(name) {
                expect(false, key, "unknown placeholder {\(name)}; expected \(known.map { "{\($0)}" }.asChoice)")
            }
        }
        for audience in preset.audiences {
            for name in InjectionTemplate(audience).names {
                expect(settings.contains(name), "audiences", "unknown placeholder {\(name)}; expected a setting")
            }
        }
        for (name, value) in preset.variables ?? [:] { checkNames(InjectionTemplate(value).names, "variables.\(name)") }
        for file in preset.files ?? [] {
            let key = "files.\(file.name)"
            expect(PodInjection.File.isName(file.name), key, "invalid name")
            expect(
                file.format.map { FileTemplate.Format(rawValue: $0) != nil } ?? true, "\(key).format",
                "invalid value; expected \(FileTemplate.Format.allCases.map(\.rawValue).asChoice)")
            do {
                checkNames(try template(of: file).names, "\(key).contents")
            } catch {
                expect(false, "\(key).contents", "\(error)")
            }
        }
    }

    static func template(of file: Preset.File) throws(FileTemplateError) -> FileTemplate {
        try FileTemplate(
            name: file.name,
            format: file.format.flatMap(FileTemplate.Format.init(rawValue:))
                ?? FileTemplate.Format(fileName: file.name),
            contents: file.contents, variable: file.variable)
    }
}

/// Why a table of presets cannot be used.
package struct PresetTableError: Error, Sendable, Equatable, CustomStringConvertible {
    package let problems: [String]

    /// One problem in each line.
    package var description: String { problems.joined(separator: "\n") }
}
