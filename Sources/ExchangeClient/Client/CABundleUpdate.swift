/// Reads the gateway's `/ca-bundle` and stores it for ``TrustedCertificates``.
package struct CABundleUpdate: Sendable {
    /// The entity tag of the last bundle.
    private var tag: String?

    package init() {}

    /// Reads the bundle if it has changed, and stores it.
    ///
    /// - Returns: whether the stored bundle has changed.
    /// - Throws: if the gateway does not serve a valid bundle, or the file cannot be written.
    package mutating func update(over connection: inout GatewayConnection) throws(SidecarError) -> Bool {
        let condition = tag.map { "If-None-Match: \($0)\r\n" } ?? ""
        let request = """
            GET /ca-bundle HTTP/1.1\r
            Host: \(connection.server.authority)\r
            User-Agent: \(connection.userAgent)\r
            \(condition)\r

            """
        let response = try connection.response(
            to: Array(request.utf8), maximumBodyBytes: TrustedCertificates.maximumBytes)
        if response.status == 304 || response.status == 404 { return false }
        guard response.status == 200 else {
            throw SidecarError(.response, "the gateway responded with \(response.status)")
        }
        let isChanged = try connection.trust.update(response.body)
        let tag = response["etag"] ?? ""
        self.tag = tag.hasPrefix("\"") && tag.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? tag : nil
        return isChanged
    }
}
