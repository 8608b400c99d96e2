import HTTPTypes
import NIOCore

extension HTTPFields {
    /// Whether the peer closes the connection after the response (RFC 9112 §9.6).
    var closesConnection: Bool {
        self[values: .connection].contains { value in
            value.split(separator: ",").contains { option in
                option.lowercased().filter { $0 != " " && $0 != "\t" } == "close"
            }
        }
    }
}

extension HTTPRequest {
    /// The size of the header fields, counted as in RFC 9113 §6.5.2.
    var fieldBytes: Int {
        headerFields.reduce((path ?? "").utf8.count) {
            $0 + $1.name.rawName.utf8.count + $1.value.utf8.count + 32
        }
    }

    /// A request by its request line alone (RFC 9112 §3), for a method that the parser does not know.
    ///
    /// - Parameter bytes: they begin with the request line; nil where they do not.
    init?(requestLineOf bytes: ByteBuffer) {
        let line = bytes.readableBytesView.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0",
            let method = Method(rawValue: String(words[0])), let target = try? HTTPRequestTarget(String(words[1]))
        else { return nil }
        self.init(method: method, scheme: "https", authority: target.authority, path: target.path)
    }
}
