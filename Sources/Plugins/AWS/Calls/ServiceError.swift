import AWSXML
import GatewayPluginAPI

/// An error response of a service: S3's `<Error>`, or the `<ErrorResponse><Error>` of CloudFront and STS.
struct ServiceError: Error, Sendable, Equatable {
    let status: Int
    /// The error document's code; `HTTP<status>` where the response has no body, as for HEAD.
    let code: String
    /// One line of at most 300 characters; empty where the service repeats the request in it.
    let message: String
    /// The bucket's region, where S3 returns it.
    let region: String?
    let requestID: String?
    /// Seconds.
    let retryAfter: Int?
    /// Whether the body is not an error document, such as a proxy's page.
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

    /// Reads a response whose status is not 2xx.
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

    /// The code, the message and the status, without anything of the request.
    var summary: String {
        if isForeign {
            return "responds \(status) with a body that is not the service's XML; check for a proxy in between"
        }
        return message.isEmpty ? "\(code) (\(status))" : "\(code): \(Quotation.of(message, limit: 300)) (\(status))"
    }

    /// CloudFront and STS append the canonical request, with the session token, to the message of signature errors.
    private static func repeatsCall(_ code: String) -> Bool {
        ["SignatureDoesNotMatch", "IncompleteSignature", "InvalidSignatureException"].contains(code)
    }

    static func code(of status: Int) -> String { "HTTP\(status)" }

    /// The first line; empty where it has a header of the signature, or what may be a JWT.
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
