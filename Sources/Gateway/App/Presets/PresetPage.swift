import GatewayCore
import GatewayPluginAPI

/// The text of `sts-gateway presets show`, in Markdown.
struct PresetPage {
    private let preset: Preset

    init(_ preset: Preset) { self.preset = preset }

    var text: String {
        ([heading, endpoint, injection, rules, trust, errors].joined(separator: "\n\n"))
    }

    private var heading: String { "# \(preset.name)\n\n\(preset.link)" }

    private var endpoint: String {
        var lines = ["## Endpoint", "", "    sts:", "      endpoints:", "      - name: \(preset.id)"]
        lines.append("        preset: \(preset.id)")
        if preset.audiences.isEmpty { lines.append("        audience: AUDIENCE") }
        lines.append("        issuer: {host: issuer.example.com, path: /\(preset.id)}")
        lines.append("        azRules: [{scope: filter, constraint: \"(namespace=myns)\"}]")
        let settings = preset.settings ?? []
        if !settings.isEmpty { lines.append("        settings:") }
        for setting in settings {
            let optional = setting.isRequired ? "" : " (optional)"
            lines.append("          \(setting.name): \(setting.example)  # \(setting.description)\(optional)")
        }
        return lines.joined(separator: "\n")
    }

    private var injection: String {
        var rows: [(String, String)] = []
        if let name = preset.tokenVariable { rows.append((name, "{tokenFile}")) }
        rows += (preset.variables ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        for file in preset.files ?? [] { rows.append((file.variable ?? "", "the file \(file.name)")) }
        return "## What a Pod gets\n\nLabel: `\(preset.label)`\n\n| variable | value |\n|---|---|\n"
            + rows.map { "| \($0.0.isEmpty ? "" : "`\($0.0)`") | `\($0.1)` |" }.joined(separator: "\n")
    }

    private var rules: String {
        let defaults = preset.defaults
        let rows = [
            ("audience", preset.audiences.joined(separator: ", ")),
            ("algorithms", preset.algorithms.joined(separator: ", ")),
            (
                "token lifetime",
                "\(defaults.tokens.timeToLive) s; \(defaults.tokens.minimumLifetime) to \(defaults.tokens.maximumLifetime) s"
            ),
            ("jti", defaults.tokens.hasTokenID ? "yes" : "no"),
            (
                "limits in bytes",
                "subject \(defaults.limits.subjectLength), issuer \(defaults.limits.issuerLength), token "
                    + "\(defaults.limits.tokenLength)"
            ),
            ("audiences", "\(defaults.limits.audiences) at most"),
            ("a new key is honored after", preset.keyDelay),
        ]
        return "## Limits\n\n| | |\n|---|---|\n" + rows.map { "| \($0.0) | \($0.1) |" }.joined(separator: "\n")
    }

    private var trust: String { "## Setting up the relying party\n\n\(preset.trust)" }

    private var errors: String {
        "## Errors\n\n| error | meaning | fix |\n|---|---|---|\n"
            + preset.errors.map { "| \($0.error) | \($0.meaning) | \($0.fix) |" }.joined(separator: "\n")
    }
}
