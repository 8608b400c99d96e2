import SwiftASN1

/// Functions on certificates in PEM.
enum PEMCertificates {
    /// Joins the certificates of several texts without duplicates, in the order of their first occurrence.
    static func joined(_ texts: [String]) -> String {
        var seen: Set<String> = []
        return texts.flatMap(list).filter { seen.insert($0).inserted }.joined()
    }

    /// Returns the certificates of a text, each in PEM; none where the text is not PEM.
    static func list(_ text: String) -> [String] {
        guard let documents = try? PEMDocument.parseMultiple(pemString: text) else { return [] }
        return documents.filter { $0.discriminator == "CERTIFICATE" }.map { $0.pemString + "\n" }
    }
}
