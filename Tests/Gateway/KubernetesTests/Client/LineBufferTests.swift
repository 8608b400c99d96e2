import NIOCore
import Testing

@testable import Kubernetes

@Suite("The lines of a watch")
struct LineBufferTests {
    @Test("Bytes are split into lines independent of their chunks")
    func lines() {
        let text = Array("one\n\ntwo\nthree\nrest".utf8)
        for size in 1...text.count {
            var lines = LineBuffer(maximumLength: 5)
            var found: [String] = []
            for start in stride(from: 0, to: text.count, by: size) {
                let chunk = ByteBuffer(bytes: text[start..<min(start + size, text.count)])
                let isWithin = lines.append(chunk.readableBytesView)
                #expect(isWithin)
                while let line = lines.next() { found.append(String(decoding: line, as: UTF8.self)) }
            }
            #expect(found == ["one", "two", "three"])
            let isWithin = lines.append(ByteBuffer(string: "ab").readableBytesView)
            #expect(!isWithin)
        }
    }
}
