import ArgumentParser
import GatewayCore
import JSON

/// Lists the presets, or shows one.
struct PresetsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "presets", abstract: "List the presets: relying parties that need no plugin of their own.",
        subcommands: [List.self, Show.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the presets.")

        @Option(help: "The plugin manifest (plugins.json); presets.json beside it adds presets.")
        var plugins: String?
        @Flag(help: "Print one JSON object per line.") var json = false

        func run() throws {
            for preset in try presets(manifest: plugins) {
                let object: JSONValue = [
                    "id": .string("\(preset.id)"), "name": .string("\(preset.name)"), "link": .string("\(preset.link)"),
                ]
                print(json ? object.text : "\(preset.id)\t\(preset.name)\t\(preset.link)")
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a preset: an endpoint to copy, what a Pod gets, the trust set-up and the errors.")

        @Argument(help: "The id of the preset.")
        var id: String

        @Option(help: "The plugin manifest (plugins.json); presets.json beside it adds presets.")
        var plugins: String?

        func run() throws {
            let presets = try presets(manifest: plugins)
            guard let preset = presets.first(where: { $0.id == id }) else {
                throw ValidationError("unknown preset \"\(id)\"; expected \(presets.map(\.id).joined(separator: ", "))")
            }
            print(PresetPage(preset).text)
        }
    }
}

private func presets(manifest: String?) throws -> [Preset] {
    do {
        let catalog = try ConfigurationFile.catalog(manifest: manifest ?? ConfigurationFile.foundManifest(beside: "."))
        return catalog.presets.sorted { $0.id < $1.id }
    } catch {
        Terminal.error("\(error)", .configurationError)
        throw ExitStatus.configuration
    }
}
