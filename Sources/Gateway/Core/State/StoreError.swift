/// Why a stored document was not read or written. It is for the operator and never contains anything of a key.
package enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another process wrote in between: load the document again.
    case conflict
    /// The stored document is not valid. The text names the document and what is wrong with it.
    case malformed(String)
    /// What has the document's name was not created by a gateway. The text names it.
    case foreign(String)
    /// The document was written by a newer release.
    case newerVersion(Int, supported: Int)
    /// The store does not answer, or denies the access.
    case unavailable(String)
    /// What an operator asks for is not possible with the stored document. This is the whole text.
    case refused(String)

    package var description: String {
        switch self {
        case .conflict: "another process has written the document in between"
        case .malformed(let what): "invalid \(what); restore a backup, or delete it"
        case .foreign(let what): "\(what) was not created by the gateway; rename or delete it"
        case .newerVersion(let version, let supported):
            "the stored document has format version \(version), and this release supports up to version \(supported); "
                + "use a newer release"
        case .unavailable(let why): "the key store is unavailable: \(why)"
        case .refused(let why): why
        }
    }
}
