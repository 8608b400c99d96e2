import JOSE

/// Measures the signatures of tokens in a loop: the time of one, with the hash of a token's usual length.
@main
enum SignatureBenchmark {
    static func main() throws {
        let message = [UInt8](repeating: UInt8(ascii: "e"), count: 700)
        for algorithm in [SignatureAlgorithm.es256, .rs256] {
            let key = try SigningKey.generate(algorithm)
            let rounds = algorithm == .rs256 ? 400 : 4_000
            let clock = ContinuousClock()
            var times: [Double] = []
            for _ in 0..<7 {
                let time = try clock.measure { for _ in 0..<rounds { _ = try key.signature(of: message) } }
                times.append(time / .microseconds(1) / Double(rounds))
            }
            print("\(algorithm.rawValue) \(times.sorted()[times.count / 2])")
        }
    }
}
