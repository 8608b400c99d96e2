/// An HTTP/1.1 response (RFC 9112).
package struct HTTPResponse: Equatable {
    package let status: Int
    /// Names in lower case; the first value of a duplicate name.
    package let fields: [String: String]
    package let body: [UInt8]
    /// Whether the connection can carry another request.
    package let isReusable: Bool

    package subscript(_ name: String) -> String? { fields[name] }
}

/// Reads one response incrementally, with a limit for each part.
package struct HTTPResponseReader {
    package static let maximumHeadBytes = 16_384

    private let maximumBodyBytes: Int
    private var buffer: [UInt8] = []
    private var head: Head?
    private var body: [UInt8] = []
    /// The number of bytes of the buffer that were searched for the end of the header.
    private var searched = 0

    private struct Head {
        let status: Int
        let fields: [String: String]
        let framing: Framing
        let isReusable: Bool
    }

    private enum Framing: Equatable {
        case length(Int)
        case chunked
        case untilClose
    }

    package init(maximumBodyBytes: Int) { self.maximumBodyBytes = maximumBodyBytes }

    /// Whether nothing was received yet.
    package var isEmpty: Bool { buffer.isEmpty && head == nil }

    /// Adds received bytes.
    ///
    /// - Returns: the response when it is complete.
    package mutating func feed(_ bytes: ArraySlice<UInt8>) throws(SidecarError) -> HTTPResponse? {
        buffer += bytes
        while head == nil {
            guard let end = buffer[searched...].firstRange(of: Array("\r\n\r\n".utf8)) else {
                searched = max(0, buffer.count - 3)
                guard buffer.count <= Self.maximumHeadBytes else {
                    throw SidecarError(
                        .malformedResponse, "the response's header is longer than \(Self.maximumHeadBytes) bytes")
                }
                return nil
            }
            guard end.upperBound <= Self.maximumHeadBytes else {
                throw SidecarError(
                    .malformedResponse, "the response's header is longer than \(Self.maximumHeadBytes) bytes")
            }
            let read = try Self.head(buffer[..<end.lowerBound])
            buffer.removeFirst(end.upperBound)
            searched = 0
            // An interim response (RFC 9110 §15.2) precedes the final one.
            if read.status >= 200 { head = read }
        }
        guard let head else { return nil }
        switch head.framing {
        case .length(let length):
            guard length <= maximumBodyBytes else { throw tooLong }
            guard buffer.count >= length else { return nil }
            return response(head, Array(buffer.prefix(length)), isClean: buffer.count == length)
        case .chunked: return try chunks(head)
        case .untilClose:
            guard buffer.count <= maximumBodyBytes else { throw tooLong }
            return nil
        }
    }

    /// Ends the response, since the connection was closed.
    package func finish() throws(SidecarError) -> HTTPResponse {
        guard let head else {
            throw SidecarError(.connection, "the connection was closed before a response", isStaleConnection: isEmpty)
        }
        guard head.framing == .untilClose else { throw SidecarError(.malformedResponse, "the response is truncated") }
        return HTTPResponse(status: head.status, fields: head.fields, body: buffer, isReusable: false)
    }

    private var tooLong: SidecarError {
        SidecarError(.malformedResponse, "the response is longer than \(maximumBodyBytes) bytes")
    }

    private func response(_ head: Head, _ body: [UInt8], isClean: Bool) -> HTTPResponse {
        HTTPResponse(
            status: head.status, fields: head.fields, body: body, isReusable: head.isReusable && isClean)
    }

    /// Removes complete chunks from the buffer (RFC 9112 §7.1). Trailers are discarded.
    private mutating func chunks(_ head: Head) throws(SidecarError) -> HTTPResponse? {
        let newline = Array("\r\n".utf8)
        while true {
            guard let line = buffer.firstRange(of: newline) else {
                guard buffer.count <= 1024 else { throw Self.malformed }
                return nil
            }
            let digits = buffer[..<line.lowerBound].prefix { $0 != UInt8(ascii: ";") }
            guard (1...8).contains(digits.count), digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                let size = Int(String(decoding: digits, as: UTF8.self), radix: 16)
            else { throw Self.malformed }
            guard body.count + size <= maximumBodyBytes else { throw tooLong }
            if size == 0 {
                let rest = buffer[line.lowerBound...]
                guard let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) else {
                    guard rest.count <= Self.maximumHeadBytes else { throw Self.malformed }
                    return nil
                }
                return response(head, body, isClean: end.upperBound == buffer.count)
            }
            let end = line.upperBound + size
            guard buffer.count >= end + 2 else { return nil }
            guard buffer[end..<end + 2].elementsEqual(newline) else { throw Self.malformed }
            body += buffer[line.upperBound..<end]
            buffer.removeFirst(end + 2)
        }
    }

    private static let malformed = SidecarError(.malformedResponse, "the response is not HTTP/1.1")

    private static func head(_ bytes: ArraySlice<UInt8>) throws(SidecarError) -> Head {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw malformed }
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let start = lines[0].split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard start.count >= 2, start[0] == "HTTP/1.1" || start[0] == "HTTP/1.0", start[1].utf8.count == 3,
            let status = Int(start[1]), (100...599).contains(status)
        else { throw malformed }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { throw malformed }
            let name = line[..<colon].lowercased()
            guard name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw malformed }
            let value = String(line[line.index(after: colon)...].trimmingPrefix { $0 == " " || $0 == "\t" })
            if let earlier = fields[name] {
                guard name != "content-length" || earlier == value else { throw malformed }
            } else {
                fields[name] = value
            }
        }
        let closes = start[0] == "HTTP/1.0" || fields["connection"]?.lowercased() == "close"
        let framing = try framing(status: status, fields)
        return Head(
            status: status, fields: fields, framing: framing, isReusable: !closes && framing != .untilClose)
    }

    private static func framing(status: Int, _ fields: [String: String]) throws(SidecarError) -> Framing {
        if status < 200 || status == 204 || status == 304 { return .length(0) }
        if let coding = fields["transfer-encoding"] {
            guard coding.lowercased() == "chunked", fields["content-length"] == nil else { throw malformed }
            return .chunked
        }
        guard let length = fields["content-length"] else { return .untilClose }
        guard (1...9).contains(length.utf8.count), length.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int(length)
        else { throw malformed }
        return .length(count)
    }
}
