import FoundationEssentials
import GatewayPluginAPI
import Testing

@testable import AWSPlugin

/// Amazon's own test suite of Signature Version 4. Of a path that a client would have to normalise there is no case,
/// since none is ever sent; an endpoint with such a path is rejected.
@Suite("The AWS test suite of Signature Version 4")
struct SigningSuiteTests {
    private static func example(
        _ name: String, _ method: String = "GET", path: String = "/", query: [(String, String)] = [],
        headers: [(String, String)] = [], body: String = "", token: String? = nil, showsHash: Bool = false,
        signs names: String = "host;x-amz-date", gives signature: String
    ) -> SigningCase {
        let service = SigV4Signer.Service(name: "service", escapesPathTwice: false, showsPayloadHash: showsHash)
        return SigningCase(
            name: name, signer: SigV4Signer(service: service, region: "us-east-1"),
            key: AccessKey(
                id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", sessionToken: token),
            time: Date(timeIntervalSince1970: 1_440_938_160),
            request: ServiceRequest(
                method: method, host: "example.amazonaws.com", path: path,
                query: query.map { HTTPHeaderField($0.0, $0.1) }, headers: headers.map { HTTPHeaderField($0.0, $0.1) },
                body: Array(body.utf8)),
            signedHeaders: names, signature: signature)
    }

    private static let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    private static let ownHeader = "host;my-header1;x-amz-date"

    static let paths = [
        example("get-vanilla", gives: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        example("post-vanilla", "POST", gives: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        example("an empty path", path: "", gives: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        example(
            "get-unreserved", path: "/\(unreserved)",
            gives: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        example("get-utf8", path: "/ሴ", gives: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        example(
            "get-space-unnormalized", path: "/example space/",
            gives: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
        example(
            "get-slashes-unnormalized", path: "//example//",
            gives: "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"),
    ]

    static let queries = [
        example(
            "get-vanilla-query-order-key-case", query: [("Param2", "value2"), ("Param1", "value1")],
            gives: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        example(
            "get-vanilla-query-order-encoded", query: [("Param-3", "Value3"), ("Param", "Value2"), ("ሴ", "Value1")],
            gives: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"),
        example(
            "get-vanilla-query-order-value", query: [("Param1", "value2"), ("Param1", "value1")],
            gives: "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"),
        example(
            "get-vanilla-empty-query-key", query: [("Param1", "value1")],
            gives: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
        example(
            "get-vanilla-query-unreserved", query: [(unreserved, unreserved)],
            gives: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
        example(
            "get-vanilla-utf8-query", query: [("ሴ", "bar")],
            gives: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
    ]

    static let headers = [
        example(
            "get-header-key-duplicate",
            headers: [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")], signs: ownHeader,
            gives: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
        example(
            "get-header-value-order",
            headers: ["value4", "value1", "value3", "value2"].map { ("My-Header1", $0) }, signs: ownHeader,
            gives: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
        example(
            "get-header-value-trim", headers: [("My-Header1", " value1"), ("My-Header2", #" "a   b   c""#)],
            signs: "host;my-header1;my-header2;x-amz-date",
            gives: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
        example(
            "get-header-value-multiline", headers: [("My-Header1", "value1\n  value2\n     value3")], signs: ownHeader,
            gives: "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd"),
        example(
            "post-header-key-sort", "POST", headers: [("My-Header1", "value1")], signs: ownHeader,
            gives: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
        example(
            "post-header-value-case", "POST", headers: [("My-Header1", "VALUE1")], signs: ownHeader,
            gives: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
    ]

    /// The suite's own session token.
    private static let token =
        "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRq"
        + "TflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75Y"
        + "U9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9K"
        + "SYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

    private static let formHeaders = "content-length;content-type;host;x-amz-content-sha256;x-amz-date"

    static let posts = [
        example(
            "post-sts-header-before", "POST", token: token, signs: "host;x-amz-date;x-amz-security-token",
            gives: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
        example(
            "post-sts-header-after", "POST", gives: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        example(
            "post-x-www-form-urlencoded", "POST",
            headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "13")],
            body: "Param1=value1", showsHash: true, signs: formHeaders,
            gives: "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"),
        example(
            "post-x-www-form-urlencoded-parameters", "POST",
            headers: [
                ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), ("Content-Length", "13"),
            ], body: "Param1=value1", showsHash: true, signs: formHeaders,
            gives: "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"),
    ]

    @Test("agrees on paths", arguments: paths)
    func signsPaths(example: SigningCase) { example.check() }

    @Test("agrees on queries", arguments: queries)
    func signsQueries(example: SigningCase) { example.check() }

    @Test("agrees on headers", arguments: headers)
    func signsHeaders(example: SigningCase) { example.check() }

    @Test("agrees on session tokens and bodies", arguments: posts)
    func signsPosts(example: SigningCase) { example.check() }
}
