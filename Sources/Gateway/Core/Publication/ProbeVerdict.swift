import FoundationEssentials
package import GatewayPluginAPI
package import JOSE
import JSON

/// Whether the issuer URL serves the issuer's documents.
package enum ProbeVerdict: Sendable, Equatable, CustomStringConvertible {
    case matches
    /// The served key set lacks these keys of the ring.
    case lacksKeys([KeyID])
    /// Another document is served.
    case differs(String)
    /// The gateway itself responds, although a publisher is configured.
    case ownResponse
    /// The issuer URL could not be read.
    case unreachable(String)
    /// The relying party, which stores the keys itself, holds those of the ring.
    case holds
    /// The relying party does not hold these keys of the ring.
    case holdsOthers(lacking: [KeyID])
    /// The relying party holds the key, and does not accept a token that it has signed.
    case rejects(KeyID)

    /// Whether verifiers have the keys of the ring.
    package var isMatch: Bool { self == .matches || self == .holds }

    package var description: String {
        switch self {
        case .matches: "the issuer URL serves the documents"
        case .lacksKeys(let keys):
            "the issuer URL serves a key set without \(keys.map(\.rawValue).joined(separator: ", "))"
        case .differs(let reason): "the issuer URL serves something else: \(reason)"
        case .ownResponse:
            "the issuer URL leads to the gateway itself, not to the published documents"
        case .unreachable(let reason): "the issuer URL cannot be read: \(reason)"
        case .holds: "the relying party holds the keys"
        case .holdsOthers(let keys) where keys.isEmpty: "the relying party holds other keys too"
        case .holdsOthers(let keys):
            "the relying party does not hold \(keys.map(\.rawValue).joined(separator: ", "))"
        case .rejects(let key):
            "the relying party holds \(key), but does not accept a token that it has signed; the key is not used"
        }
    }

    /// Compares the responses with the issuer's documents.
    ///
    /// - Parameter isPublished: whether a publisher is configured; then a response of a gateway is not valid.
    package init(_ responses: [IssuerDocumentKind: IssuerResponse], expected: IssuerDocuments, isPublished: Bool) {
        for kind in expected.all.map(\.kind) {
            switch responses[kind] {
            case .none: self = .unreachable("\(kind.path): not read")
            case .failure(let reason): self = .unreachable("\(kind.path): \(reason)")
            case .content(_, isOwn: true) where isPublished: self = .ownResponse
            case .content(let content, _):
                self =
                    kind.isKeySet
                    ? Self.keys(content, expected: expected[.keys], path: kind.path)
                    : Self.discovery(content, expected: expected[.discovery])
            }
            if self != .matches { return }
        }
        self = .matches
    }

    /// Compares key sets; the order of keys does not matter. A key that is not in the ring is an error, since another
    /// party could sign with it.
    private static func keys(_ content: [UInt8], expected: [UInt8], path: String) -> ProbeVerdict {
        if content == expected { return .matches }
        guard let served = try? JSONWebKeySet(parsing: content), let wanted = try? JSONWebKeySet(parsing: expected)
        else { return .differs("\(path) is not a key set") }
        let missing = wanted.keys.filter { key in !served.keys.contains { $0 == key } }.map(\.keyID)
        guard missing.isEmpty else { return .lacksKeys(missing) }
        let foreign = served.keys.filter { key in !wanted.keys.contains { $0 == key } }
        return foreign.isEmpty
            ? .matches : .differs("\(path) has \(foreign.count) keys that are not in the ring")
    }

    /// The evidence for key rings; nil where the public URL could not be read, or a gateway itself responded. A key is
    /// served where every key set has it, since verifiers may read any of them.
    ///
    /// - Parameter isSettled: whether publication was complete before the reading.
    static func evidence(
        _ responses: [IssuerDocumentKind: IssuerResponse], expected: IssuerDocuments, isPublished: Bool,
        isSettled: Bool, at time: Date
    ) -> PublicEvidence? {
        guard let wanted = try? JSONWebKeySet(parsing: expected[.keys]) else { return nil }
        var served = wanted.keys
        for document in expected.all where document.kind.isKeySet {
            guard case .content(let content, let isOwn) = responses[document.kind], !(isOwn && isPublished),
                let found = try? JSONWebKeySet(parsing: content)
            else { return nil }
            served.removeAll { key in !found.keys.contains { $0 == key } }
        }
        // A new key may have an algorithm that only the new discovery document lists.
        var isDescribed = false
        if case .content(let content, let isOwn) = responses[.discovery], !(isOwn && isPublished) {
            isDescribed = discovery(content, expected: expected[.discovery]) == .matches
        }
        return PublicEvidence(
            read: time, served: Set(served.map(\.keyID)), expected: expected.keyIDs,
            isSettled: isSettled && isDescribed,
            isDescribed: isDescribed)
    }

    /// Compares discovery documents; the order of members and white space do not matter.
    private static func discovery(_ content: [UInt8], expected: [UInt8]) -> ProbeVerdict {
        if content == expected { return .matches }
        let path = IssuerDocumentKind.discovery.path
        guard let served = try? JSONValue(parsing: content),
            let wanted = try? JSONValue(parsing: expected),
            case .object(let members) = wanted
        else { return .differs("\(path) is not JSON") }
        for member in members where served[member.name] != member.value {
            return .differs("\(path) has another value of \(member.name)")
        }
        return .matches
    }
}
