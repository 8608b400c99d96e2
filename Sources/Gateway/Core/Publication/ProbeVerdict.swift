import FoundationEssentials
package import GatewayPluginAPI
package import JOSE
import JSON

/// Whether the world sees what it should.
package enum ProbeVerdict: Sendable, Equatable, CustomStringConvertible {
    case matches
    /// The public key set lacks these of ours.
    case lacksKeys([KeyID])
    /// It answers something else.
    case differs(String)
    /// The gateway itself answers, while a publisher is to put the documents elsewhere.
    case ownAnswer
    case unreachable(String)

    package var description: String {
        switch self {
        case .matches: "the issuer URL serves the documents"
        case .lacksKeys(let keys):
            "the issuer URL serves a key set without \(keys.map(\.rawValue).joined(separator: ", "))"
        case .differs(let reason): "the issuer URL serves something else: \(reason)"
        case .ownAnswer:
            "the issuer URL leads to the gateway itself, and not to where the documents are published"
        case .unreachable(let reason): "the issuer URL cannot be read: \(reason)"
        }
    }

    /// - Parameter isPublished: whether a publisher is configured, so that an answer of a gateway does not count.
    package init(_ answers: [IssuerDocumentKind: IssuerAnswer], expected: IssuerDocuments, isPublished: Bool) {
        for kind in IssuerDocumentKind.allCases {
            switch answers[kind] {
            case .none: self = .unreachable("\(kind.path): not read")
            case .failure(let reason): self = .unreachable("\(kind.path): \(reason)")
            case .content(_, isOwn: true) where isPublished: self = .ownAnswer
            case .content(let content, _):
                self =
                    kind == .keys
                    ? Self.keys(content, expected: expected[.keys])
                    : Self.discovery(content, expected: expected[.discovery])
            }
            if self != .matches { return }
        }
        self = .matches
    }

    /// The order of keys does not matter. A key that is not in the ring is one that somebody else could sign with.
    private static func keys(_ content: [UInt8], expected: [UInt8]) -> ProbeVerdict {
        if content == expected { return .matches }
        guard let there = try? JSONWebKeySet(parsing: content), let wanted = try? JSONWebKeySet(parsing: expected)
        else { return .differs("\(IssuerDocumentKind.keys.path) is no key set") }
        let missing = wanted.keys.filter { key in !there.keys.contains { $0 == key } }.map(\.keyID)
        guard missing.isEmpty else { return .lacksKeys(missing) }
        let foreign = there.keys.filter { key in !wanted.keys.contains { $0 == key } }
        return foreign.isEmpty
            ? .matches : .differs("\(IssuerDocumentKind.keys.path) has \(foreign.count) keys that are not in the ring")
    }

    /// What key rings may conclude; nil where the public URL could not be read, or it was not the public URL.
    ///
    /// - Parameter isSettled: whether it could have served what is expected when it was read.
    static func evidence(
        _ answers: [IssuerDocumentKind: IssuerAnswer], expected: IssuerDocuments, isPublished: Bool,
        isSettled: Bool, at time: Date
    ) -> PublicEvidence? {
        guard case .content(let content, let isOwn) = answers[.keys], !(isOwn && isPublished),
            let there = try? JSONWebKeySet(parsing: content), let wanted = try? JSONWebKeySet(parsing: expected[.keys])
        else { return nil }
        // A new key may be of an algorithm that only the new discovery document names.
        var isDescribed = false
        if case .content(let content, let isOwn) = answers[.discovery], !(isOwn && isPublished) {
            isDescribed = discovery(content, expected: expected[.discovery]) == .matches
        }
        let served = there.keys.filter { key in wanted.keys.contains { $0 == key } }.map(\.keyID)
        return PublicEvidence(
            read: time, served: Set(served), expected: expected.keyIDs, isSettled: isSettled && isDescribed)
    }

    /// The order of members does not matter, nor do spaces.
    private static func discovery(_ content: [UInt8], expected: [UInt8]) -> ProbeVerdict {
        if content == expected { return .matches }
        let path = IssuerDocumentKind.discovery.path
        guard let there = try? JSONValue(parsing: content),
            let wanted = try? JSONValue(parsing: expected),
            case .object(let members) = wanted
        else { return .differs("\(path) is not JSON") }
        for member in members where there[member.name] != member.value {
            return .differs("\(path) has another \(member.name)")
        }
        return .matches
    }
}
