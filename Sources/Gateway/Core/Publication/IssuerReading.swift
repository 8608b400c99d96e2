package import GatewayPluginAPI

/// The port to the public issuer URL, as verifiers read it.
package protocol IssuerReading: Sendable {
    func read(_ document: IssuerDocumentKind) async -> IssuerAnswer
}

/// What the public URL answers.
package enum IssuerAnswer: Sendable, Equatable {
    /// - Parameter isOwn: whether a gateway itself answered it.
    case content([UInt8], isOwn: Bool)
    /// For the operator.
    case failure(String)
}
