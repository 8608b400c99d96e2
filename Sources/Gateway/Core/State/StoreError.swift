/// Why a stored document was not read or written. It is for the operator and never contains key material.
package enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another process has written the document since it was loaded. Load it again.
    case conflict
    /// The stored document is not valid. The text names the document and what is wrong with it.
    case malformed(String)
    /// An object or file with the document's name was not created by a gateway. The text names it.
    case foreign(String)
    /// The document was written by a newer release.
    case newerVersion(Int, supported: Int)
    /// The store does not respond, or denies access.
    case unavailable(String)
    /// The operation is not possible with the stored document. The text is complete.
    case rejected(String)

    package var description: String {
        switch self {
        case .conflict: "another process has written the document in between"
        case .malformed(let what): "invalid \(what); restore a backup, or delete it"
        case .foreign(let what): "\(what) was not created by the gateway; rename or delete it"
        case .newerVersion(let version, let supported):
            "the stored document has format version \(version), and this release supports up to version \(supported); "
                + "use a newer release"
        case .unavailable(let reason): "the key store is unavailable: \(reason)"
        case .rejected(let reason): reason
        }
    }
}
