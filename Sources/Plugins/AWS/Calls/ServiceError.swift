import AWSXML
import GatewayPluginAPI
import JOSE

/// A service's refusal: S3's `<Error>`, or the `<ErrorResponse><Error>` of CloudFront and STS.
struct ServiceError: Error, Sendable, Equatable {
    let status: Int
    /// The error document's code, or a word made of the status where the answer has no body, as for HEAD.
    let code: String
    /// One line, 300 characters at most; empty where the service repeats the call there.
    let message: String
    /// The region that S3 names.
    let region: String?
    let requestID: String?
    /// Seconds.
    let retryAfter: Int?
    /// Whether there is a body and it is no error document, such as a proxy's page.
    let isForeign: Bool

    init(
        status: Int, code: String, message: String = "", region: String? = nil, requestID: String? = nil,
        retryAfter: Int? = nil, isForeign: Bool = false
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.region = region
        self.requestID = requestID
        self.retryAfter = retryAfter
        self.isForeign = isForeign
    }

    /// Of an answer that is no success.
    init(_ response: HTTPTransportResponse) {
        let root = response.body.isEmpty ? nil : try? XMLElement(parsing: response.body)
        let element = root?.name == "ErrorResponse" ? root?["Error"] : root
        let isError = element?.name == "Error"
        let code = isError ? element?["Code"]?.text ?? "" : ""
        let isPlain = (1...64).contains(code.utf8.count) && code.utf8.allSatisfy(Self.isOfCode)
        self.init(
            status: response.status, code: isPlain ? code : Self.code(of: response.status),
            message: isPlain && !Self.repeatsCall(code) ? Self.line(element?["Message"]?.text ?? "") : "",
            region: response.header("x-amz-bucket-region") ?? (isError ? element?["Region"]?.text : nil),
            requestID: response.header("x-amz-request-id") ?? response.header("x-amzn-requestid"),
            retryAfter: response.header("retry-after").flatMap(Int.init).map { min(max($0, 0), 3_600) },
            isForeign: !response.body.isEmpty && !isPlain)
    }

    /// The code and what the service says; nothing of the call.
    var told: String {
        if isForeign {
            return "answers \(status) and a page that is not the service's XML: is there a proxy in between?"
        }
        return message.isEmpty ? "\(code) (\(status))" : "\(code): \(Quotation.of(message, limit: 300)) (\(status))"
    }

    /// CloudFront and STS add the canonical request, with the session's token, to what they say of a signature.
    private static func repeatsCall(_ code: String) -> Bool {
        ["SignatureDoesNotMatch", "IncompleteSignature", "InvalidSignatureException"].contains(code)
    }

    static func code(of status: Int) -> String { "HTTP\(status)" }

    /// The first line; nothing where it holds a header of the signature, or what may be a JSON Web Token.
    private static func line(_ text: String) -> String {
        let first = text.split(whereSeparator: \.isNewline).first ?? ""
        let lowered = first.lowercased()
        guard !["x-amz-security-token", "credential=", "signature="].contains(where: lowered.contains),
            !first.contains("eyJ")
        else { return "" }
        return String(first.unicodeScalars.prefix(300))
    }

    private static func isOfCode(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
