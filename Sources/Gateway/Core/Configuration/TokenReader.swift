import GatewayPluginAPI
import JOSE

/// Reads an endpoint's `token` block, and OpenUnison's `additionalAttributes` beside it.
struct TokenReader {
    let policy: EndpointConfiguration.TokenPolicy
    let algorithm: SignatureAlgorithm
    let keySize: Int

    init(_ endpoint: BlockReader, plugin: (any ProviderPlugin.Type)?, cluster: String, metadata: MetadataNeeds) {
        let block = endpoint.block("token")
        algorithm = Self.algorithm(block, plugin: plugin)
        keySize = Self.keySize(block, algorithm)
        policy = .init(
            timeToLive: block.duration("ttl") ?? 900, subject: Self.subject(block, cluster: cluster),
            claims: ClaimsReader(endpoint: endpoint, token: block, metadata: metadata).read(),
            capToSubject: block.boolean("capToSubject") ?? false)
    }

    private static func algorithm(_ block: BlockReader, plugin: (any ProviderPlugin.Type)?) -> SignatureAlgorithm {
        let accepted = plugin?.defaults.algorithms ?? SignatureAlgorithm.allCases
        let first = accepted.first ?? .rs256
        guard let algorithm = block.choice("algorithm", of: SignatureAlgorithm.self) else { return first }
        if let plugin, !accepted.contains(algorithm) {
            let words = ConfigurationShape.choice(accepted.map(\.rawValue)).wanted
            block.error(
                "algorithm", #""\#(algorithm.rawValue)" is not what the plugin \#(plugin.id) takes; write \#(words)"#)
        }
        return algorithm
    }

    private static func keySize(_ block: BlockReader, _ algorithm: SignatureAlgorithm) -> Int {
        guard let size = block.integer("keySize") else { return 2_048 }
        if !size.isMultiple(of: 8) {
            block.error("keySize", #""\#(size)" does not fit; write a multiple of 8, such as 2048, 3072 or 4096"#)
        }
        if !algorithm.usesRSA {
            block.warning("keySize", "says nothing for \(algorithm.rawValue), whose keys have one size; leave it out")
        }
        return size
    }

    private static func subject(_ block: BlockReader, cluster: String) -> SubjectTemplate {
        let template = template(block)
        // Other names show when a token is asked for; the cluster's is known now.
        let example = template.render(cluster: cluster, namespace: "a", serviceAccount: "a")
        if example?.hasPrefix(SubjectTemplate.reservedPrefix) == true {
            block.error(
                "subject",
                "makes every subject begin with \(SubjectTemplate.reservedPrefix), which is the gateway's own; "
                    + "name the cluster otherwise, or begin it otherwise"
            )
        }
        return template
    }

    private static func template(_ block: BlockReader) -> SubjectTemplate {
        let isShared = block.boolean("allowSharedSubject") ?? false
        guard let text = block.text("subject") else { return .standard }
        let template: SubjectTemplate
        do {
            template = try SubjectTemplate(text)
        } catch {
            block.error("subject", "\(block.quote(text, "subject")) \(error)")
            return .standard
        }
        guard !isShared else { return template }
        let missing = [SubjectTemplate.Placeholder.namespace, .saname].filter { !template.contains($0) }
        if !missing.isEmpty {
            let names = missing.map { "{\($0.rawValue)}" }.joined(separator: " and ")
            block.error(
                "subject",
                "\(block.quote(text, "subject")) gives several ServiceAccounts one subject; "
                    + "write \(names) too, or allowSharedSubject: true"
            )
        } else if template.isAmbiguous {
            block.error(
                "subject",
                #"\#(block.quote(text, "subject")) can give two ServiceAccounts one subject, for names have letters, "#
                    + #"digits, ".", "_" and "-"; write ":" or "/" between them, or allowSharedSubject: true"#
            )
        }
        return template
    }
}
