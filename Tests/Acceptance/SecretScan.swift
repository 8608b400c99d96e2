import Foundation

/// Searches what a program has written for tokens and for the private keys of its key directory.
///
/// Any piece of a key of twice `piece` characters is found, wherever it begins.
struct SecretScan {
    private static let piece = 16
    private let keys: [String]

    /// - Parameter folder: the key directory; one that does not exist has no keys.
    init(keyDirectory folder: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        keys = names.flatMap { name -> [String] in
            guard let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) else { return [] }
            return Self.privateKeys(text.replacingOccurrences(of: "\\n", with: "\n"))
        }
    }

    /// What was found, without the secret itself.
    func leaks(in text: String) -> [String] {
        var found: [String] = []
        if text.contains(/eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/) { found.append("a token") }
        if text.contains("PRIVATE KEY-----") { found.append("a key in PEM") }
        if keys.contains(where: { contains($0, in: text) }) { found.append("a private key") }
        return found
    }

    private func contains(_ key: String, in text: String) -> Bool {
        stride(from: 0, through: key.count - Self.piece, by: Self.piece).contains { offset in
            text.contains(key.dropFirst(offset).prefix(Self.piece))
        }
    }

    /// The base64 text of each private key in PEM, without its first characters, which are the same in every key.
    private static func privateKeys(_ text: String) -> [String] {
        text.matches(of: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\n([A-Za-z0-9+\/=\n]+)-----END/).map {
            String($0.1.filter { $0 != "\n" }.dropFirst(64))
        }
    }
}
