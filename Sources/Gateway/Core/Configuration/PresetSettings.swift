import GatewayPluginAPI
import JSON

/// The settings of a preset in an endpoint's `settings` block, and its templates.
struct PresetSettings {
    /// The values by name.
    let values: [String: String]

    /// Reads and checks the settings of the preset. Other keys of the block are the plugin's.
    init(_ block: ConfigurationBlock<EndpointKeys>, _ profile: RelyingPartyProfile?) {
        guard let preset = profile?.preset else {
            values = [:]
            return
        }
        var values: [String: String] = [:]
        let place = block.value(of: \.settings).keyPath
        for setting in preset.settings ?? [] {
            guard let node = Self.node(setting.name, of: block.settings), !node.isNull else {
                if setting.isRequired, profile?.isPresetNamed == true {
                    block.problems.error(
                        at: "\(place).\(setting.name)", line: block.line,
                        "missing required key of the preset \(preset.id); expected \(setting.description), such as "
                            + setting.example)
                }
                continue
            }
            guard case .scalar(let text, _, _) = node, setting.accepts(text) else {
                block.problems.error(
                    at: "\(place).\(setting.name)", line: node.line,
                    "invalid value \(QuotedValue.text(node, at: place)); expected \(setting.description), such as "
                        + setting.example)
                continue
            }
            values[setting.name] = text
        }
        self.values = values
    }

    /// The block without the settings of the preset.
    static func removing(_ preset: Preset?, from settings: ConfigurationNode) -> ConfigurationNode {
        guard case .mapping(let members, let line) = settings, let preset else { return settings }
        let own = Set((preset.settings ?? []).map(\.name))
        return .mapping(members.filter { !own.contains($0.key) }, line: line)
    }

    private static func node(_ name: String, of settings: ConfigurationNode?) -> ConfigurationNode? {
        guard case .mapping(let members, _) = settings else { return nil }
        return members.first { $0.key.isExactly(name) }?.value
    }
}

extension Preset.Setting {
    fileprivate func accepts(_ text: String) -> Bool {
        guard (1...512).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            text.hasPrefix(prefix ?? ""), text != prefix
        else { return false }
        switch form ?? .text {
        case .text: return true
        case .host: return Issuer(host: text, path: "") != nil
        case .https:
            let rest = text.dropFirst("https://".count)
            return text.hasPrefix("https://") && Issuer(host: String(rest.prefix { $0 != "/" }), path: "") != nil
        case .uuid:
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            return parts.map(\.utf8.count) == [8, 4, 4, 4, 12] && parts.joined().utf8.allSatisfy(Self.isHexadecimal)
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        byte.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}
