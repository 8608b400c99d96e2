import AWSXML
import GatewayPluginAPI
import JOSE

/// A service's refusal: S3's `<Error>`, or the `<ErrorResponse><Error>` of CloudFront and STS.
struct ServiceError: Error, Sendable, Equatable {
    let status: Int
    /// The error document's code, or a word made of the status where the answer has no body, as for HEAD.
    let code: String
    /// Cut to a line of 300 characters.
    let message: String
    /// The region that S3 names.
    let region: String?
    let requestID: String?
    /// Seconds.
    let retryAfter: Int?

    init(
        status: Int, code: String, message: String = "", region: String? = nil, requestID: String? = nil,
        retryAfter: Int? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.region = region
        self.requestID = requestID
        self.retryAfter = retryAfter
    }

    /// Of an answer that is no success. A body that is no XML, such as a proxy's page, leaves the status.
    init(_ response: HTTPTransportResponse) {
        let root = response.body.isEmpty ? nil : try? XMLElement(parsing: response.body)
        let element = root?.name == "ErrorResponse" ? root?["Error"] : root
        let isError = element?.name == "Error"
        let code = isError ? element?["Code"]?.text ?? "" : ""
        let isPlain = (1...64).contains(code.utf8.count) && code.utf8.allSatisfy(Self.isOfCode)
        self.init(
            status: response.status, code: isPlain ? code : "HTTP\(response.status)",
            message: isError ? Self.line(element?["Message"]?.text ?? "") : "",
            region: response.header("x-amz-bucket-region") ?? (isError ? element?["Region"]?.text : nil),
            requestID: response.header("x-amz-request-id") ?? response.header("x-amzn-requestid"),
            retryAfter: response.header("retry-after").flatMap(Int.init).map { min(max($0, 0), 3_600) })
    }

    /// The code and what the service says; nothing of the call.
    var told: String {
        let id = requestID.map { ", request \(Quotation.of($0))" } ?? ""
        return message.isEmpty ? "\(code) (\(status)\(id))" : "\(code): \(Quotation.of(message, 300)) (\(status)\(id))"
    }

    private static func line(_ text: String) -> String { String(text.unicodeScalars.prefix(300)) }

    private static func isOfCode(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
