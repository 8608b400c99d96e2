package import GatewayPluginAPI

/// What to do with one published document, by the owner and the content of the stored one.
package enum PublicationDecision: Sendable, Equatable {
    /// The stored document is current.
    case unchanged
    /// Write the document, if the stored one did not change since it was read.
    case put(PutCondition)
    /// Write nothing.
    case reject(PublicationConflict)

    /// Compares the ring's document with the stored one.
    ///
    /// - Parameters:
    ///   - stamp: the stamp of the ring's document.
    ///   - length: the length of the ring's document in bytes.
    ///   - stored: nil where no document is stored.
    ///   - takeOver: whether an operator has permitted to overwrite the documents of another key ring.
    package init(stamp: DocumentStamp, length: Int, stored: StoredDocument?, takeOver: Bool) {
        guard let stored else {
            self = .put(.absent)
            return
        }
        let replacing = PublicationDecision.put(.version(stored.version))
        guard let found = stored.stamp else {
            // Uploaded by an operator before a gateway publishes.
            self = replacing
            return
        }
        guard found.owner == stamp.owner else {
            self = takeOver ? replacing : .reject(.foreignOwner(found.owner))
            return
        }
        guard found.revision <= stamp.revision else {
            self = .reject(.newerRevision(found.revision))
            return
        }
        // A ring changes more often than its documents.
        let isSame = found.digest == stamp.digest && stored.length == length
        self = isSame ? .unchanged : replacing
    }
}

/// Why a gateway does not overwrite a stored document.
package enum PublicationConflict: Error, Sendable, Equatable, CustomStringConvertible {
    /// The document belongs to another key ring, with this owner ID.
    case foreignOwner(String)
    /// The document belongs to a later revision of this key ring.
    case newerRevision(Int)
    /// The relying party holds keys that this key ring never had, or a configuration for another issuer.
    case foreignKeys([String])

    /// Printable ASCII, limited to the length of an owner ID, since the text comes from outside.
    private static func quoted(_ owner: String) -> String {
        "\"" + owner.unicodeScalars.prefix(64).map { (0x23...0x7E).contains($0.value) ? String($0) : "?" }.joined()
            + "\""
    }

    package var description: String {
        switch self {
        case .foreignOwner(let owner):
            "the published documents belong to another key ring, owner \(Self.quoted(owner)); use a separate location for "
                + "each endpoint of each cluster, or run sts-gateway publish --take-over"
        case .newerRevision(let revision):
            "the published documents belong to the later revision \(revision) of this key ring; this gateway publishes "
                + "after it has read that revision"
        case .foreignKeys(let found):
            "the relying party holds what this key ring never handed over: \(found.joined(separator: ", ")); use a "
                + "separate place for each endpoint of each cluster, or run sts-gateway publish --take-over"
        }
    }
}
