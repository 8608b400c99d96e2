import Foundation
import GatewayCore
import JSON

/// Pods of Tests/Fixtures/Pods, each named for what is odd in it.
enum PodFixture {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../../../Fixtures/Pods").standardized

    /// Pods that are admitted.
    static let admitted = names(in: "")
    /// Pods that are not.
    static let denied = names(in: "denied")

    static func pod(_ name: String) throws -> JSONValue { try json("\(name).json") }

    /// What it is to be after injection.
    static func patched(_ name: String) throws -> JSONValue { try json("patched/\(name).json") }

    static func deniedPod(_ name: String) throws -> JSONValue { try json("denied/\(name).json") }

    /// Why each of ``denied`` is refused.
    static func reasons() throws -> [String: String] {
        let text = try String(contentsOf: folder.appending(path: "denied/reasons.txt"), encoding: .utf8)
        return Dictionary(
            uniqueKeysWithValues: text.split(separator: "\n").map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (String(parts[0]), String(parts[1].dropFirst()))
            })
    }

    private static func names(in subfolder: String) -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: subfolder).path)) ?? []
        return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }

    /// Foundation's reader, which is not the one under test.
    static func json(_ file: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: folder.appending(path: file)))
    }
}

extension JSONValue {
    /// With every object's members in one order, since their order means nothing.
    var sorted: JSONValue {
        switch self {
        case .object(let members):
            .object(members.map { Member($0.name, $0.value.sorted) }.sorted { $0.name < $1.name })
        case .array(let elements): .array(elements.map(\.sorted))
        default: self
        }
    }
}
