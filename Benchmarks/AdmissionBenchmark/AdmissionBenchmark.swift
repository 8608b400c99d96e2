import GatewayCore
import JSON

/// Measures one admission review of a Pod of 50 KiB and the parsing of it, compared with one pass over the bytes in the
/// same run, so that other load on the machine affects all times.
@main
enum AdmissionBenchmark {
    static func main() throws {
        let body = BenchmarkReview.json(bytes: 50 << 10)
        let mutation = try BenchmarkProvider.mutation()
        let review = try AdmissionReview(parsing: body)
        let answer = mutation.answer(to: review)
        guard answer["response"]?["patch"] != nil else { throw Unexpected() }
        let pass = median { keep(sum(body)) }
        let reading = median { keep((try? AdmissionReview(parsing: body))?.uid.utf8.count ?? 0) }
        let deciding = median { keep(mutation.answer(to: review).utf8Text.count) }
        let whole = median {
            guard let review = try? AdmissionReview(parsing: body) else { return }
            keep(mutation.answer(to: review).utf8Text.count)
        }
        print("one pass over \(body.count) bytes: \(text(pass))")
        print("parsing the review: \(text(reading)) (\(Int(reading / pass)) × the pass)")
        print("deciding and writing the response: \(text(deciding))")
        print("the complete review: \(text(whole)) (\(Int(whole / pass)) × the pass)")
        let largest = BenchmarkReview.json(bytes: 3 << 20)
        for (title, hostile) in [
            ("3 MiB of brackets", [UInt8](repeating: UInt8(ascii: "["), count: AdmissionReview.maximumLength)),
            ("3 MiB that end too early", Array(largest.prefix(AdmissionReview.maximumLength))),
        ] {
            let rejection = median(rounds: 11) { keep((try? AdmissionReview(parsing: hostile)) == nil ? 1 : 0) }
            print("rejecting \(title): \(text(rejection))")
        }
    }

    struct Unexpected: Error {}

    @inline(never) private static func sum(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBufferPointer { buffer in
            var sum = 0
            for byte in buffer { sum = (sum &* 31) &+ Int(byte) }
            return sum
        }
    }

    /// The median time, after a tenth of the rounds as a warm-up.
    private static func median(rounds: Int = 201, _ body: () -> Void) -> Double {
        let clock = ContinuousClock()
        let times = (0..<rounds + rounds / 10).map { _ in clock.measure(body) / .nanoseconds(1) }
            .dropFirst(rounds / 10).sorted()
        return times[times.count / 2]
    }

    private static func text(_ nanoseconds: Double) -> String { "\(nanoseconds.rounded() / 1000) µs" }

    /// Prevents the optimizer from removing the work.
    @inline(never) private static func keep(_ value: Int) { sink = value }
    nonisolated(unsafe) private static var sink = 0
}
