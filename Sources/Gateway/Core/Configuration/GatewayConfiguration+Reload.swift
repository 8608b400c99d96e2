extension GatewayConfiguration {
    /// The keys that differ and that require a restart.
    package func fixedDifferences(from other: GatewayConfiguration) -> [String] {
        var keys: [String] = []
        if listeners != other.listeners { keys.append("listeners") }
        if certificates != other.certificates || certificateNames != other.certificateNames
            || authorityOverlap != other.authorityOverlap || tls != other.tls
        {
            keys.append("tls")
        }
        if review != other.review { keys.append("review") }
        if keyStore != other.keyStore { keys.append("keyStore") }
        if limits != other.limits { keys.append("limits") }
        if log != other.log { keys.append("log") }
        let (webhook, its) = (injection.webhook, other.injection.webhook)
        if webhook.service != its.service { keys.append("injection.webhook.service") }
        if webhook.clientAuthorityFile != its.clientAuthorityFile { keys.append("injection.webhook.clientCA") }
        return keys
    }
}
