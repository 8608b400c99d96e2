/// Why the serving identity was not read or written; for the operator, and never with anything of a key.
package enum ServingIdentityError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Somebody else wrote in between.
    case conflict
    /// What is kept is ours, and cannot be read.
    case malformed(String)
    /// What is there was not made by a gateway.
    case foreign(String)
    /// It was written by a newer gateway.
    case newerVersion(Int)
    /// The store does not answer or does not let us.
    case unavailable(String)

    package var description: String {
        switch self {
        case .conflict: "the serving certificate was written by somebody else in between"
        case .malformed(let why): "the serving certificate is unreadable: \(why)"
        case .foreign(let what): "\(what) is not the gateway's; move it away, so that the gateway can make its own"
        case .newerVersion(let version):
            "the serving certificate has format version \(version), and this gateway reads up to "
                + "\(ServingIdentityDocument.version); use a newer gateway"
        case .unavailable(let why): "the store of the serving certificate is unavailable: \(why)"
        }
    }
}
