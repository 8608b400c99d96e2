public import GatewayPluginAPI
import JSON

extension GCPProvider {
    /// What `injection(for:)` returns.
    public var injectionRules: InjectionRules? {
        // A host of DNS labels, as of ServiceAccountAddress.
        let label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
        var environment: [InjectionRules.Variable] = []
        if let project {
            environment.append(.init("GOOGLE_CLOUD_PROJECT", .literal(project), unlessSet: ["GCLOUD_PROJECT"]))
        }
        return InjectionRules(
            annotation: .init(
                pattern: "[a-z0-9-]{1,63}@(\(label)\\.)+gserviceaccount\\.com", maximumLength: 254,
                expected: "the e-mail address of a service account, such as web@my-project.iam.gserviceaccount.com"),
            requiresAnnotation: false, environment: environment,
            files: [
                .init(name: "credentials.json", contents: credentials, variable: "GOOGLE_APPLICATION_CREDENTIALS")
            ])
    }

    /// The credential configuration with and without the service account.
    private var credentials: InjectionRules.Text {
        // No part of the configuration has the tokens' path or the account's name.
        let (file, account) = ("{file}", "{account}")
        func text(_ account: ServiceAccountAddress?) -> InjectionRules.Text {
            let json = configuration.json(tokenFile: file, account: account).text
            return .joined(
                json.split(separator: "{file}", omittingEmptySubsequences: false).enumerated()
                    .flatMap { index, part -> [InjectionRules.Text] in
                        let pieces = part.split(separator: "{account}", omittingEmptySubsequences: false)
                        let texts = pieces.enumerated().flatMap { index, piece -> [InjectionRules.Text] in
                            (index > 0 ? [.annotation] : []) + [.literal(String(piece))]
                        }
                        return (index > 0 ? [.tokenFile] : []) + texts
                    })
        }
        return .ifAnnotated(text(ServiceAccountAddress(placeholder: account)), otherwise: text(nil))
    }
}
