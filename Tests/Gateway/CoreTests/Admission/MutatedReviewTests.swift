import Foundation
import GatewayCore
import GatewayTestSupport
import JSON
import Testing

@Suite("Admission: corrupted reviews")
struct MutatedReviewTests {
    /// Two hundred corrupted reviews each. The seed reproduces a failure.
    static let seeds: [UInt64] = Array(1...10)

    @Test("A review with changed bytes is rejected or answered, without a crash or memory growth", arguments: seeds)
    func mutated(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        var pods = RandomPod(seed: seed)
        let mutation = try InjectionExample.mutation()
        var answered = 0
        for _ in 0..<200 {
            await Task.yield()
            let request: JSONValue = [
                "uid": "u", "kind": ["group": "", "version": "v1", "kind": "Pod"], "operation": "CREATE",
                "namespace": "shop", "object": pods.pod(),
            ]
            let review: JSONValue = [
                "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request,
            ]
            let body = Self.damaged(review.utf8Text, &random)
            do throws(AdmissionError) {
                let review = try AdmissionReview(parsing: body)
                let answer = mutation.answer(to: review).utf8Text
                answered += 1
                #expect(answer.count < 65_536)
                let read = try? JSONDecoder().decode(JSONValue.self, from: Data(answer))
                #expect(read?["response"]?["uid"] == .string(review.uid), "what is written is JSON")
            } catch {
                #expect(error.status == 400 && error.description.utf8.count < 500)
            }
        }
        #expect(answered > 0, "not all damage is found")
    }

    private static let pieces = ["\"", "\\", "{", "}", "[", "]", ":", ",", "null", "1e999", #"\ud800"#, "-", "\u{0}"]
        .map { Array($0.utf8) }

    /// One to four changes: bytes replaced, removed, inserted or repeated, or the end truncated.
    private static func damaged(_ body: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var body = body
        for _ in 0..<Int.random(in: 1...4, using: &random) where !body.isEmpty {
            let place = Int.random(in: 0..<body.count, using: &random)
            let end = min(body.count, place + Int.random(in: 1...16, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: body[place] = UInt8.random(in: 0...255, using: &random)
            case 1: body[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 2: body.removeSubrange(place..<end)
            case 3: body.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: place)
            case 4: body.insert(contentsOf: body[place..<end], at: place)
            default: if random.oneIn(4) { body.removeSubrange(place...) }
            }
        }
        return body
    }
}
