import SwiftASN1

/// Texts of certificates in PEM.
enum PEMCertificates {
    /// The certificates of several texts, each once, in the order of their first.
    static func joined(_ texts: [String]) -> String {
        var seen: Set<String> = []
        return texts.flatMap(list).filter { seen.insert($0).inserted }.joined()
    }

    /// Each certificate of a text, as PEM; none where it cannot be read.
    static func list(_ text: String) -> [String] {
        guard let documents = try? PEMDocument.parseMultiple(pemString: text) else { return [] }
        return documents.filter { $0.discriminator == "CERTIFICATE" }.map { $0.pemString + "\n" }
    }
}
