import Testing

@testable import ExchangeClient

@Suite("Token requests")
struct TokenRequestTests {
    // {"iat":1000,"exp":1900} and {"exp":1900}
    private let token = "e30.eyJpYXQiOjEwMDAsImV4cCI6MTkwMH0.c2ln"
    private let withoutIssue = "e30.eyJleHAiOjE5MDB9.c2ln"

    private func read(
        _ body: String, _ wire: TokenRequest.Wire = .rfc8693, status: Int = 200, at wall: Double = 1000
    ) throws -> (token: IssuedToken, lifetime: Double) {
        try TokenRequest.decode(
            HTTPResponse(status: status, fields: ["retry-after": "7"], body: Array(body.utf8), isReusable: true),
            wire,
            at: wall)
    }

    @Test("The lifetime of a token is the difference of its times, independent of this machine's clock")
    func lifetime() throws {
        for wall in [0.0, 1000, 1e9] {
            #expect(try read("{\"access_token\":\"\(token)\"}", at: wall).lifetime == 900)
            #expect(try read("{\"access_token\":\"\(token)\",\"expires_in\":60}", at: wall).lifetime == 60)
            #expect(
                try read("{\"token\":{\"jwt\":\"\(token)\",\"expires\":\"?\"}}", .openUnison, at: wall).lifetime == 900)
        }
        #expect(try read("{\"access_token\":\"\(withoutIssue)\"}", at: 1600).lifetime == 300)
    }

    @Test("An error has the gateway's error and description in printable characters, and Retry-After")
    func errorResponse() {
        let error = #expect(throws: SidecarError.self) {
            try read("{\"error\":\"invalid_request\",\"error_description\":\"no\\nway\"}", status: 400)
        }
        #expect(error?.reason == "the gateway responded with 400: invalid_request: no?way" && error?.retryAfter == 7)
    }

    @Test("The description and dump of a token are redacted")
    func secrecy() throws {
        let issued = try #require(IssuedToken(Array(token.utf8)))
        var dumped = "\(issued) \(String(reflecting: issued)) "
        dump(issued, to: &dumped)
        #expect(!dumped.contains("e30") && !dumped.contains("101"))
    }

    @Test(
        "A token that is not a JWT with the claim exp is rejected",
        arguments: ["", "a.b", "e30..c2ln", "e30.e30.c2ln", "e30.!.c2ln", "a.b.c.d"])
    func noToken(text: String) { #expect(IssuedToken(Array(text.utf8)) == nil) }

    @Test(
        "A token with a time that cannot be represented is rejected",
        arguments: [
            #"{"exp":1e19}"#, #"{"exp":9223372036854775808}"#, #"{"exp":-1e30}"#, #"{"exp":null}"#,
            #"{"exp":1900,"iat":null}"#, #"{"exp":1900,"iat":-1e300}"#, #"{"exp":1900,"exp":1901}"#,
        ])
    func unrepresentableTimes(claims: String) {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text = Array("e30.".utf8)
        var (bits, count) = (0, 0)
        for byte in Array(claims.utf8) {
            (bits, count) = (bits << 8 | Int(byte), count + 8)
            while count >= 6 {
                count -= 6
                text.append(alphabet[bits >> count & 63])
            }
            bits &= (1 << count) - 1
        }
        if count > 0 { text.append(alphabet[bits << (6 - count) & 63]) }
        #expect(IssuedToken(text + Array(".c2ln".utf8)) == nil)
    }

    @Test("A log line escapes quotation marks, backslashes and control characters")
    func quoting() { #expect(LogLine.quote("a\"\\\n\u{1}é") == "\"a\\\"\\\\\\n\\u0001é\"") }
}
