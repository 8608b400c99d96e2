import AWSXML

/// Measures the parsing of one megabyte of XML and of documents that attack XML parsers, compared with one pass over the
/// bytes in the same run, so that other load on the machine affects all times.
@main
enum XMLBenchmark {
    static func main() throws {
        let reply = Array(listing(ofAtLeast: 1_000_000).utf8)
        let limits = XMLElement.Limits(length: 2 << 20, elements: 1 << 20)
        guard try XMLElement(parsing: reply, limits: limits).children.count > 1_000 else { throw Unexpected() }
        let pass = median { keep(sum(reply) != 0) }
        let reading = median { keep((try? XMLElement(parsing: reply, limits: limits)) != nil) }
        print("one pass over \(reply.count) bytes: \(text(pass))")
        print("parsing them as XML: \(text(reading)) (\(Int(reading / pass)) × the pass)")
        for (title, document) in [
            ("a billion laughs", laughs), ("a quadratic bomb of 110 kB", quadratic),
            ("parameter entities that call each other", parameters), ("200,000 elements in each other", deep),
            ("a megabyte that is HTML", "<html><p>" + String(repeating: "<br>&nbsp;", count: 100_000)),
        ] {
            let bytes = Array(document.utf8)
            guard (try? XMLElement(parsing: bytes, limits: limits)) == nil else { throw Unexpected() }
            let rejection = median { keep((try? XMLElement(parsing: bytes, limits: limits)) == nil) }
            let ratio = Double(Int(rejection / reading * 10_000)) / 10_000
            print("rejecting \(title): \(text(rejection)) (\(ratio) × the parsing)")
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

    /// A response of S3 to a list request.
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

    /// The median of 21 rounds, after three rounds as a warm-up.
    private static func median(_ body: () -> Void) -> Double {
        let clock = ContinuousClock()
        let rounds = (0..<24).map { _ in clock.measure(body) / .microseconds(1) }.dropFirst(3).sorted()
        return rounds[rounds.count / 2]
    }

    private static func text(_ microseconds: Double) -> String { "\(Int(microseconds)) µs" }

    /// Prevents the optimizer from removing the work.
    @inline(never) private static func keep(_ value: Bool) { sink = value }
    nonisolated(unsafe) private static var sink = false
}
