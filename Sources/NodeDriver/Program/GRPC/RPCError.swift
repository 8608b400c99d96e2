import ExchangeClient

/// An error of a call, with a status code of gRPC.
struct RPCError: Error, Equatable {
    enum Code: Int {
        case invalidArgument = 3
        case resourceExhausted = 8
        case failedPrecondition = 9
        case aborted = 10
        case unimplemented = 12
        case `internal` = 13
        case unavailable = 14
    }

    let code: Code
    /// Shown by the kubelet in the Pod's Events. It contains no part of a token.
    let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code in the log, and in a message that has none of its own.
    var stableCode: SidecarCode { code == .failedPrecondition ? .subjectToken : .volumeCall }

    /// The message with a stable code at its end, unless it has one.
    var codedMessage: String {
        // 2,048 bytes with the code.
        let text = String(decoding: message.utf8.prefix(2_038), as: UTF8.self)
        let isCoded = text.hasSuffix(")") && text.dropLast().suffix(7).hasPrefix("STS")
        return isCoded ? text : "\(text) (\(stableCode.rawValue))"
    }

    /// The message in the encoding of the trailer `grpc-message`: printable ASCII, others percent-encoded.
    var encodedMessage: String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in codedMessage.utf8 {
            if (0x20...0x7E).contains(byte), byte != UInt8(ascii: "%") {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
