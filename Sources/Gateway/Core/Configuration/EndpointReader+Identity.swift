import GatewayPluginAPI
import KubernetesAPI

// What tells an endpoint from every other: its name, path, plugin, audiences, issuer and injector.

extension EndpointReader {
    static func name(_ block: BlockReader) -> String? {
        guard let name = block.requiredText("name", "a name of its own, such as dev") else { return nil }
        if KubernetesName.isLabel(name) { return name }
        block.error(
            "name",
            #"\#(block.quote(name, "name")) does not fit; write 63 lower-case letters, "#
                + #"digits and "-" at most, no "-" at an end"#
        )
        return nil
    }

    static func path(_ block: BlockReader, name: String?) -> PathPrefix? {
        guard let text = block.text("path") else {
            return block["path"] == nil ? name.flatMap { PathPrefix("/\($0)") } : nil
        }
        if let path = PathPrefix(text) { return path }
        block.error(
            "path",
            #"\#(block.quote(text, "path")) does not fit; write one to four segments of "#
                + #"lower-case letters, digits and "-", such as /dev"#
        )
        return nil
    }

    static func plugin(
        _ block: BlockReader, name: String?, audiences: [String], catalog: PluginCatalog
    ) -> (any ProviderPlugin.Type)? {
        if block["plugin"] != nil { return mounted(block, catalog: catalog) }
        if let id = name.flatMap({ PluginID($0) }), let plugin = catalog[id] { return plugin }
        if let plugin = catalog.recognising(audiences) { return plugin }
        block.error(
            "plugin", "is missing, and neither name nor audience tells which it is; write \(words(catalog))")
        return nil
    }

    /// The plugin that a block names; nil where it names none.
    static func mounted(_ block: BlockReader, catalog: PluginCatalog) -> (any ProviderPlugin.Type)? {
        guard let text = block.text("plugin") else { return nil }
        if let id = PluginID(text), let plugin = catalog[id] { return plugin }
        block.error("plugin", "\(block.quote(text, "plugin")) is no plugin that is mounted; write \(words(catalog))")
        return nil
    }

    private static func words(_ catalog: PluginCatalog) -> String {
        let ids = catalog.ids.sorted().map(\.rawValue)
        return ids.isEmpty ? "its id, once plugins.json names it" : ConfigurationShape.choice(ids).wanted
    }

    static func audiences(
        _ block: BlockReader, given: [String]?, plugin: (any ProviderPlugin.Type)?
    ) -> [String] {
        guard let given else {
            let assumed = plugin?.defaults.audiences ?? []
            if assumed.isEmpty, block["audience"] == nil, let plugin {
                block.error(
                    "audience", "is missing, and the plugin \(plugin.id) assumes none; write the aud of issued tokens")
            }
            return assumed
        }
        guard let plugin else { return given }
        let limits = plugin.defaults.limits
        if given.count > limits.audiences {
            block.error(
                "audience", "has \(given.count) values; the plugin \(plugin.id) takes \(limits.audiences) at most")
        }
        for audience in given where audience.utf8.count > limits.audienceLength {
            block.error(
                "audience",
                "\(block.quote(audience, "audience")) has \(audience.utf8.count) bytes; "
                    + "the plugin \(plugin.id) takes \(limits.audienceLength) at most"
            )
        }
        return given
    }

    static func issuer(_ block: BlockReader, limits: RelyingPartyLimits?) -> (issuer: Issuer?, keypair: String?) {
        let keypair = block.text("keypair")
        if let keypair, !KubernetesName.isSubdomain(keypair) {
            block.error("keypair", "\(block.quote(keypair, "keypair")) does not fit; write the name of a Secret")
        }
        let path = block.text("path") ?? ""
        let isPathGood = Issuer(host: "example.com", path: path) != nil
        if !isPathGood {
            block.error(
                "path",
                "\(block.quote(path, "path")) does not fit; begin it with a slash and end it without, such as /dev")
        }
        guard let host = block.requiredText("host", "the host of the issuer URL") else { return (nil, keypair) }
        guard Issuer(host: host, path: "") != nil else {
            block.error(
                "host",
                "\(block.quote(host, "host")) does not fit; write a DNS name alone, without https://, port or path")
            return (nil, keypair)
        }
        guard let issuer = Issuer(host: host, path: path) else { return (nil, keypair) }
        if let limits, issuer.url.utf8.count > limits.issuerLength {
            block.error(
                "host", "the issuer URL has \(issuer.url.utf8.count) bytes; write \(limits.issuerLength) at most")
        }
        return (issuer, keypair)
    }

    static func injector(
        _ block: BlockReader, defaults: EndpointDefaults.Injector?
    ) -> EndpointConfiguration.Injector? {
        let label = block.text("label")
        if let label, !isLabelName(label) {
            block.error(
                "label",
                "\(block.quote(label, "label")) does not fit; write the name of a label, without prefix and slash")
        }
        let tokenVariable = variable("token_environment_variable_name", block)
        let valueVariable = variable("label_value_environment_variable_name", block)
        let trust = block.boolean("explicit_certificate_trust") ?? false
        guard let defaults else { return nil }
        let injector = EndpointConfiguration.Injector(
            label: label ?? defaults.label, tokenVariable: tokenVariable ?? defaults.tokenVariable,
            valueVariable: valueVariable ?? defaults.valueVariable, explicitCertificateTrust: trust)
        if injector.valueVariable == injector.tokenVariable {
            block.error(
                "label_value_environment_variable_name",
                "\(block.quote(injector.tokenVariable, "label")) holds the token file's path already; "
                    + "name another variable"
            )
        }
        return injector
    }

    private static func variable(_ key: String, _ block: BlockReader) -> String? {
        guard let name = block.text(key) else { return nil }
        let isGood =
            name.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
            && name.utf8.first.map(isDigit) == false
        if !isGood {
            block.error(key, #"\#(block.quote(name, key)) does not fit; write letters, digits and "_", no digit first"#)
        }
        return name
    }

    /// The name part of a qualified name ("Labels and Selectors", Kubernetes).
    private static func isLabelName(_ name: String) -> Bool {
        guard let first = name.utf8.first, let last = name.utf8.last, name.utf8.count <= 63 else { return false }
        return [first, last].allSatisfy { isLetter($0) || isDigit($0) }
            && name.utf8.allSatisfy { isLetter($0) || isDigit($0) || "-_.".utf8.contains($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
