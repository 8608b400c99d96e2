package import GatewayPluginAPI

/// The port to the public issuer URL, which verifiers read.
package protocol IssuerReading: Sendable {
    /// Reads one document.
    func read(_ document: IssuerDocumentKind) async -> IssuerResponse
}

/// The response of the public issuer URL.
package enum IssuerResponse: Sendable, Equatable {
    /// - Parameter isOwn: whether a gateway itself sent the response.
    case content([UInt8], isOwn: Bool)
    /// The reason, for the operator.
    case failure(String)
}
