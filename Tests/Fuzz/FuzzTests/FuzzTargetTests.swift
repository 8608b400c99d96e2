import Foundation
import FuzzTargets
import GatewayTestSupport
import Testing

@Suite("Parsers of bytes from outside")
struct FuzzTargetTests {
    private static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../../..").standardized
    /// scripts/sanitize sets fewer for ThreadSanitizer.
    private static let mutations =
        ProcessInfo.processInfo.environment["STS_FUZZ_MUTATIONS"].flatMap { Int($0) } ?? 10_000

    /// The inputs of a target: its corpus, its seeds, and nothing.
    private static func inputs(of target: FuzzTarget) throws -> [[UInt8]] {
        let seeds = try String(contentsOf: repository.appending(path: "Tests/Fuzz/seeds.txt"), encoding: .utf8)
            .split(separator: "\n").filter { $0.hasPrefix("\(target.name) ") }.map {
                $0.dropFirst(target.name.count + 1)
            }
        let files = try (seeds + ["Tests/Fuzz/corpus/\(target.name)"]).flatMap { path -> [URL] in
            let url = repository.appending(path: String(path))
            return try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: [.isRegularFileKey])
                .filter { try $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true }
                .sorted { $0.path < $1.path }
        }
        return [[]] + (try files.map { [UInt8](try Data(contentsOf: $0)) })
    }

    @Test("Each target has a folder of inputs, by which scripts/fuzz finds it")
    func folders() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: Self.repository.appending(path: "Tests/Fuzz/corpus").path)
        #expect(folders.sorted() == FuzzTarget.all.map(\.name).sorted())
    }

    @Test("Corpus, seeds and fixed mutations of both have no finding", arguments: FuzzTarget.all.map(\.name))
    func mutated(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let inputs = try Self.inputs(of: target)
        try #require(inputs.count > 2, "the target has a corpus")
        for input in inputs { try target.run(input) }
        var mutator = Mutator(seed: 25, inputs: inputs.filter { $0.count <= 8_192 })
        for number in 0..<Self.mutations {
            let input = mutator.next()
            do {
                try target.run(input)
            } catch {
                Issue.record("mutation \(number): \(error): \(String(decoding: input, as: UTF8.self))")
                return
            }
        }
    }
}

/// Changes of inputs as libFuzzer makes them, the same for the same seed.
private struct Mutator {
    private static let words = [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "-1", "1e308", "\u{0}", "\n", "\\u0000", "&", "=", "%00", "(",
        ")",
        "*", "-----BEGIN ", "é", "\u{FEFF}", "${", "<!DOCTYPE", "]]>", "&#0;", "- ", "? ", "<<: *a", "&a ",
        "9223372036854775808",
    ].map { Array($0.utf8) }

    private var random: SeededRandom
    private let inputs: [[UInt8]]

    init(seed: UInt64, inputs: [[UInt8]]) {
        random = SeededRandom(seed: seed)
        self.inputs = inputs
    }

    mutating func next() -> [UInt8] {
        var input = inputs.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &random) { change(&input) }
        return input
    }

    private mutating func change(_ input: inout [UInt8]) {
        let place = Int.random(in: 0...input.count, using: &random)
        let end = min(input.count, place + Int.random(in: 1...16, using: &random))
        switch Int.random(in: 0..<7, using: &random) {
        case 0 where place < input.count: input[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where place < input.count: input[place] = UInt8.random(in: .min ... .max, using: &random)
        case 2: input.insert(contentsOf: Self.words.randomElement(using: &random) ?? [], at: place)
        case 3: input.removeSubrange(place..<end)
        case 4: input.insert(contentsOf: input[place..<end], at: place)
        case 5: input.removeSubrange(place...)
        default:
            let other = inputs.randomElement(using: &random) ?? []
            let begin = Int.random(in: 0...other.count, using: &random)
            input.replaceSubrange(place..<end, with: other[begin..<min(other.count, begin + 64)])
        }
    }
}
