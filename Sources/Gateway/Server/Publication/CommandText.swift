/// The texts of plugins are for the log of a gateway, which repeats failed calls. A command calls once.
package enum CommandText {
    /// Returns the text of an error for the person who runs a command.
    package static func of(_ message: String) -> String {
        var text = message.replacing("; the gateway tries again later", with: "; try again later")
        text = text.replacing("; the gateway tries again", with: "; try again")
        // A certificate that is not trusted is the only reason for another CA.
        guard text.contains(connection), !text.contains("certificate"), !text.contains("TLS") else { return text }
        return text.replacing(connection, with: "check the network and the proxy (HTTPS_PROXY)")
    }

    private static let connection = "check network, proxy and publish.caFile"
}
