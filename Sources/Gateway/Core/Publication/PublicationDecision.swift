package import GatewayPluginAPI

/// What to do with one document at one place: whose it is there, and whether it is what the ring says, decides.
package enum PublicationDecision: Sendable, Equatable {
    /// What is there is what should be.
    case keep
    /// Write it, if the place is still as it was seen.
    case put(PutCondition)
    /// Write nothing.
    case refuse(PublicationRefusal)

    /// - Parameters:
    ///   - stamp: of the document that should be there.
    ///   - length: of that document, in bytes.
    ///   - stored: what is there; nil where nothing is.
    ///   - takeOver: whether an operator has said that what a foreign owner published may be overwritten.
    package init(stamp: DocumentStamp, length: Int, stored: StoredDocument?, takeOver: Bool) {
        guard let stored else {
            self = .put(.absent)
            return
        }
        let replacing = PublicationDecision.put(.version(stored.version))
        guard let there = stored.stamp else {
            // Uploaded by hand, as operators do before a gateway publishes: not a gateway's to lose.
            self = replacing
            return
        }
        guard there.owner == stamp.owner else {
            self = takeOver ? replacing : .refuse(.foreignOwner(there.owner))
            return
        }
        guard there.revision <= stamp.revision else {
            self = .refuse(.newerRevision(there.revision))
            return
        }
        // A ring changes more often than its documents do.
        let isSame = there.digest == stamp.digest && stored.length == length
        self = isSame ? .keep : replacing
    }
}

/// Why a gateway leaves a document alone that is not what it would publish.
package enum PublicationRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another key ring's owner id.
    case foreignOwner(String)
    /// A later state of the same ring.
    case newerRevision(Int)

    /// It came from elsewhere: printable ASCII of it, and not more than an owner's id has.
    private static func quoted(_ owner: String) -> String {
        "\"" + owner.unicodeScalars.prefix(64).map { (0x23...0x7E).contains($0.value) ? String($0) : "?" }.joined()
            + "\""
    }

    package var description: String {
        switch self {
        case .foreignOwner(let owner):
            "the documents there are of another key ring, owner \(Self.quoted(owner)); give each endpoint of each cluster its own "
                + "place, or let this one have it: sts-gateway publish --take-over"
        case .newerRevision(let revision):
            "the documents there are of a later revision of this key ring, \(revision); a gateway with the newer ring "
                + "publishes, this one waits until it has read that ring"
        }
    }
}
