/// A source of access tokens, a word of `publish.credentials`.
enum CredentialSource: String, CaseIterable, Sendable {
    /// The gateway's own token, by a federated credential.
    case selfIssued = "self"
    case environment
    case workloadIdentity
    case managedIdentity
}
