import AWSXML

/// Time of reading one megabyte of XML, and of refusing documents that are made to be expensive, beside one pass over the
/// bytes of that megabyte in the same run: a machine that is busy slows all of them.
@main
enum XMLBenchmark {
    static func main() throws {
        let reply = Array(listing(ofAtLeast: 1_000_000).utf8)
        let limits = XMLElement.Limits(length: 2 << 20, elements: 1 << 20)
        guard try XMLElement(parsing: reply, limits: limits).children.count > 1_000 else { throw Unexpected() }
        let pass = median { keep(sum(reply) != 0) }
        let reading = median { keep((try? XMLElement(parsing: reply, limits: limits)) != nil) }
        print("one pass over \(reply.count) bytes: \(text(pass))")
        print("reading them as XML: \(text(reading)) (\(Int(reading / pass)) × the pass)")
        for (title, document) in [
            ("a billion laughs", laughs), ("a quadratic bomb of 110 kB", quadratic),
            ("parameter entities that call each other", parameters), ("200,000 elements in each other", deep),
            ("a megabyte that is HTML", "<html><p>" + String(repeating: "<br>&nbsp;", count: 100_000)),
        ] {
            let bytes = Array(document.utf8)
            guard (try? XMLElement(parsing: bytes, limits: limits)) == nil else { throw Unexpected() }
            let refusal = median { keep((try? XMLElement(parsing: bytes, limits: limits)) == nil) }
            let ratio = Double(Int(refusal / reading * 10_000)) / 10_000
            print("refusing \(title): \(text(refusal)) (\(ratio) × the reading)")
        }
    }

    struct Unexpected: Error {}

    @inline(never) private static func sum(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBufferPointer { buffer in
            var sum = 0
            for byte in buffer { sum &+= Int(byte) }
            return sum
        }
    }

    /// What S3 answers to a listing.
    private static func listing(ofAtLeast length: Int) -> String {
        var text = #"<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#
        var index = 0
        while text.utf8.count < length {
            index += 1
            text +=
                "<Contents><Key>documents/\(index)&amp;more</Key><ETag>&quot;9b2cf535f27731c974343645a3985328&quot;"
                + "</ETag><Size>434234</Size><StorageClass>STANDARD</StorageClass></Contents>"
        }
        return text + "</ListBucketResult>"
    }

    private static let laughs =
        "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY a0 \"ha\">"
        + (1..<30).map { "<!ENTITY a\($0) \"&a\($0 - 1);&a\($0 - 1);\">" }.joined() + "]><a>&a29;</a>"

    private static let quadratic =
        "<!DOCTYPE a [<!ENTITY a \"\(String(repeating: "x", count: 55_000))\">]><a>"
        + String(repeating: "&a;", count: 18_000) + "</a>"

    private static let parameters =
        "<!DOCTYPE a [<!ENTITY % a0 \"ha\">"
        + (1..<30).map { "<!ENTITY % a\($0) \"%a\($0 - 1);%a\($0 - 1);\">" }.joined() + "%a29;]><a/>"

    private static let deep = String(repeating: "<a>", count: 200_000)

    /// Of 21 rounds, after three that do not count.
    private static func median(_ body: () -> Void) -> Double {
        let clock = ContinuousClock()
        let rounds = (0..<24).map { _ in clock.measure(body) / .microseconds(1) }.dropFirst(3).sorted()
        return rounds[rounds.count / 2]
    }

    private static func text(_ microseconds: Double) -> String { "\(Int(microseconds)) µs" }

    /// Keeps the optimiser from leaving the work out.
    @inline(never) private static func keep(_ value: Bool) { sink = value }
    nonisolated(unsafe) private static var sink = false
}
