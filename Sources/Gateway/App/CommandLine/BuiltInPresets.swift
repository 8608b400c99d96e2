/// The built-in presets: `Presets/presets.json`, as part of the executable.
enum BuiltInPresets {
    /// The JSON text.
    static var table: [UInt8] { PackageResources.presets_json }
    /// The table's name in messages.
    static let name = "the built-in presets.json"
}
