import Foundation
import GatewayCore
import JSON

/// The Pods of Tests/Fixtures/Pods; each name says what is special.
enum PodFixture {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../../../Fixtures/Pods").standardized

    /// Pods that are admitted.
    static let admitted = names(in: "")
    /// Pods that are denied.
    static let denied = names(in: "denied")

    static func pod(_ name: String) throws -> JSONValue { try json("\(name).json") }

    /// The Pod after injection.
    static func patched(_ name: String) throws -> JSONValue { try json("patched/\(name).json") }

    static func deniedPod(_ name: String) throws -> JSONValue { try json("denied/\(name).json") }

    /// The reason of each of ``denied``.
    static func reasons() throws -> [String: String] {
        let text = try String(contentsOf: folder.appending(path: "denied/reasons.txt"), encoding: .utf8)
        return Dictionary(
            uniqueKeysWithValues: text.split(separator: "\n").map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (String(parts[0]), String(parts[1].dropFirst()))
            })
    }

    static func names(in subfolder: String) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: subfolder).path)) ?? []
        return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// Reads with Foundation, independently of the reader under test.
    static func json(_ file: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: folder.appending(path: file)))
    }
}

extension JSONValue {
    /// With sorted members, since their order has no meaning.
    var sorted: JSONValue {
        switch self {
        case .object(let members):
            .object(members.map { Member($0.name, $0.value.sorted) }.sorted { $0.name < $1.name })
        case .array(let elements): .array(elements.map(\.sorted))
        default: self
        }
    }
}
