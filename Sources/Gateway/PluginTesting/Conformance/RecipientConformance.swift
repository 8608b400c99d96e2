public import GatewayPluginAPI
import JOSE

/// Checks a recipient of keys, before a relying party that stores none, against the rules that the core relies on:
///
///     #expect(await checkConformance(of: recipient) == [])
///
/// - Returns: each rule that is broken, with what was found; empty where none is.
public func checkConformance(of recipient: any KeyRecipient) async -> [ConformanceBreach] {
    var findings = ConformanceFindings()
    do {
        try await findings.check(recipient)
    } catch {
        findings.add(.recipientReads, "\(error)")
    }
    return findings.breaches
}

extension ConformanceFindings {
    /// Writes keys twice, and tries to replace what is not stored any more.
    fileprivate mutating func check(_ recipient: any KeyRecipient) async throws {
        let (one, two) = (try SigningKey.generate(.es256), try SigningKey.generate(.es256))
        let first = JSONWebKeySet(keys: [one.publicKey])
        let both = JSONWebKeySet(keys: [one.publicKey, two.publicKey])
        expect(try await recipient.stored()?.keys.keys.isEmpty ?? true, .recipientReads, "an empty place has keys")
        let nothing = try await recipient.stored()
        try await recipient.replace(nothing, with: first)
        let before = try await checkHeld(recipient, first)
        try await recipient.replace(before, with: both)
        let after = try await checkHeld(recipient, both)
        expect(
            before?.version != after?.version, .recipientConditions,
            "two key sets have the version \(Quotation.of(after?.version ?? ""))")
        for old in [nothing, before] {
            do throws(PublishError) {
                try await recipient.replace(old, with: first)
                add(.recipientConditions, "keys are replaced although others are stored")
            } catch {
                expect(
                    error.kind == .conflict, .recipientConditions,
                    "the replacement of other keys throws \(error.kind.rawValue): \(error)")
            }
        }
        try await checkHeld(recipient, both)
    }

    @discardableResult
    private mutating func checkHeld(
        _ recipient: any KeyRecipient, _ keys: JSONWebKeySet
    ) async throws(PublishError) -> StoredKeySet? {
        let stored = try await recipient.stored()
        let found = Set(stored?.keys.keys.map(\.parameters.thumbprint) ?? [])
        expect(
            found == Set(keys.keys.map(\.keyID)), .recipientReads,
            "\(keys.keys.count) keys were written, and \(found.count) are read, of which others may be different")
        expect(
            stored?.isComplete == true && stored?.foreign.isEmpty == true, .recipientReads,
            "what was written is incomplete or foreign: \(stored?.foreign ?? [])")
        return stored
    }
}
