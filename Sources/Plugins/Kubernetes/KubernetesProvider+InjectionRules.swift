public import GatewayPluginAPI
import JSON

extension KubernetesProvider {
    /// What `injection(for:)` returns.
    public var injectionRules: InjectionRules? {
        InjectionRules(
            annotation: .init(
                pattern: "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", maximumLength: 63,
                expected: "the name of a namespace of the other cluster"),
            requiresAnnotation: false,
            files: [
                .init(
                    name: "kubeconfig",
                    contents: .ifAnnotated(kubeconfig("{annotation}"), otherwise: kubeconfig(settings.namespace)),
                    variable: "KUBECONFIG")
            ])
    }

    private func kubeconfig(_ namespace: String?) -> InjectionRules.Text {
        let text = Kubeconfig(
            name: name, server: settings.server, certificateAuthority: settings.certificateAuthority,
            namespace: namespace, tokenFile: "{tokenFile}", isExecuted: settings.execCredential ?? false
        ).json.indentedText
        // No other part of the text has these placeholders.
        return .joined(
            text.split(separator: "{tokenFile}", omittingEmptySubsequences: false).enumerated()
                .flatMap { index, part -> [InjectionRules.Text] in
                    let pieces = part.split(separator: "{annotation}", omittingEmptySubsequences: false).enumerated()
                        .flatMap { index, piece -> [InjectionRules.Text] in
                            (index > 0 ? [.annotation] : []) + [.literal(String(piece))]
                        }
                    return (index > 0 ? [.tokenFile] : []) + pieces
                })
    }
}
