/// A parser of bytes from outside, with what must hold for every input beside that it does not crash.
///
/// `make fuzz` runs each target in libFuzzer; FuzzTests feeds the corpus, the fixtures of Tests/Fuzz/seeds.txt and fixed mutations of both to the same
/// functions.
package struct FuzzTarget: Sendable {
    /// The name of the target, and of its folder in Tests/Fuzz/corpus.
    package let name: String
    private let body: @Sendable ([UInt8]) throws -> Void

    init(_ name: String, _ body: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.name = name
        self.body = body
    }

    /// Feeds an input to the parser. An input that the parser rejects is none that fails.
    ///
    /// - Throws: ``FuzzFinding`` where a property does not hold.
    package func run(_ input: [UInt8]) throws { try body(input) }

    package static let all: [FuzzTarget] = [
        .filter, .form, .json, .token, .keySet, .admission, .pem, .xml, .configuration, .objects, .edit, .keyRing,
        .servingIdentity, .kubeconfig, .manifest, .response, .clientJSON, .bundle,
    ]
}

/// A property that does not hold.
package struct FuzzFinding: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }

    /// Throws a finding unless the condition holds.
    static func unless(_ condition: Bool, _ property: @autoclosure () -> String) throws {
        if !condition { throw FuzzFinding(property()) }
    }

    /// Throws a finding where the output has a piece of at least 20 bytes of the secret.
    static func unless(_ output: String, hides secret: some Collection<UInt8>) throws {
        let secret = Array(secret)
        let output = Array(output.utf8)
        let length = 20
        guard secret.count >= length, output.count >= length else { return }
        let pieces = Set((0...(secret.count - length)).map { secret[$0..<($0 + length)] })
        for start in 0...(output.count - length) where pieces.contains(output[start..<(start + length)]) {
            throw FuzzFinding("the output has a secret of the input")
        }
    }
}
