import GatewayCore
import GatewayTestSupport
import JSON
import KubernetesAPI
import Testing

@Suite("TokenReview requests and responses")
struct TokenReviewMessageTests {
    @Test("The request contains the token, and the audiences if there are any")
    func request() {
        #expect(
            TokenReviewMessage.request(token: "a.b.c", audiences: ["x", "y"]).text
                == #"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","#
                + #""spec":{"token":"a.b.c","audiences":["x","y"]}}"#)
        #expect(
            TokenReviewMessage.request(token: "a.b.c", audiences: nil).text
                == #"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"a.b.c"}}"#)
    }

    private func review(
        status: String, kind: String = "TokenReview", version: String = "authentication.k8s.io/v1"
    ) -> TokenReview? {
        TokenReviewMessage.review(
            in: Array(
                """
                {"kind":"\(kind)","apiVersion":"\(version)","metadata":{"creationTimestamp":null},
                 "spec":{"token":"a.b.c"},"status":\(status)}
                """.utf8))
    }

    @Test("An authenticated user has groups, extras and audiences")
    func authenticated() {
        let status = """
            {"authenticated":true,"user":{"username":"system:serviceaccount:a:b","uid":"u","groups":["g"],
             "extra":{"authentication.kubernetes.io/pod-name":["p"]}},"audiences":["x"]}
            """
        #expect(
            review(status: status)
                == .authenticated(
                    UserInfo(
                        username: "system:serviceaccount:a:b", uid: "u", groups: ["g"],
                        extra: ["authentication.kubernetes.io/pod-name": ["p"]], audiences: ["x"])))
        #expect(
            review(status: #"{"authenticated":true,"user":{"username":"u","uid":""}}"#)
                == .authenticated(UserInfo(username: "u", uid: nil, groups: [], extra: [:], audiences: [])))
    }

    @Test(
        "A response without authentication, or with an error, is unauthenticated",
        arguments: [
            "{}", #"{"authenticated":false}"#, #"{"error":"invalid bearer token"}"#,
            #"{"authenticated":false,"user":{"username":"u"}}"#,
            #"{"authenticated":true,"error":"could not check","user":{"username":"u"}}"#,
        ])
    func unauthenticated(status: String) {
        #expect(review(status: status) == .unauthenticated(.unauthenticated))
    }

    @Test(
        "A response of another type is not a review",
        arguments: [
            "null", "[]", #""authenticated""#, #"{"authenticated":"true"}"#, #"{"authenticated":1}"#,
            #"{"authenticated":true}"#, #"{"authenticated":true,"user":{}}"#,
            #"{"authenticated":true,"user":{"username":""}}"#,
            #"{"authenticated":true,"user":{"username":"u","groups":"g"}}"#,
            #"{"authenticated":true,"user":{"username":"u"},"audiences":"x"}"#,
        ])
    func otherShape(status: String) {
        #expect(review(status: status) == nil)
    }

    @Test("Another kind, another version and other text are not reviews")
    func otherKind() {
        let good = #"{"authenticated":true,"user":{"username":"u"}}"#
        #expect(review(status: good, kind: "Status") == nil)
        #expect(review(status: good, version: "authentication.k8s.io/v1beta1") == nil)
        #expect(TokenReviewMessage.review(in: []) == nil)
        #expect(TokenReviewMessage.review(in: Array("<html>".utf8)) == nil)
    }

    /// The response as the standard library decodes it.
    private struct Decoded: Decodable {
        struct Status: Decodable {
            let authenticated: Bool?
            let error: String?
            let user: User?
            let audiences: [String]?
        }

        struct User: Decodable {
            let username: String?
            let uid: String?
            let groups: [String]?
            let extra: [String: [String]]?
        }

        let apiVersion: String
        let kind: String
        let status: Status

        var review: TokenReview? {
            guard kind == "TokenReview", apiVersion == "authentication.k8s.io/v1" else { return nil }
            guard status.authenticated == true, (status.error ?? "").isEmpty else {
                return .unauthenticated(.unauthenticated)
            }
            guard let user = status.user, let username = user.username, !username.isEmpty else { return nil }
            return .authenticated(
                UserInfo(
                    username: username, uid: (user.uid ?? "").isEmpty ? nil : user.uid, groups: user.groups ?? [],
                    extra: user.extra ?? [:], audiences: status.audiences ?? []))
        }
    }

    @Test("Every response is read as the standard library decodes it, members of wrong types included")
    func decoded() {
        var random = SeededRandom(seed: 11)
        let values: [JSONValue] = [
            .null, true, false, "", "u", 1, [], ["x"], ["x", 1], [.null], [:], ["k": ["v"]], ["k": "v"], ["k": .null],
        ]
        func member(_ name: String, _ usual: JSONValue) -> [JSONValue.Member] {
            if random.oneIn(8) { return [] }
            return [.init(name, random.oneIn(6) ? values.randomElement(using: &random) ?? .null : usual)]
        }
        var read = 0
        for _ in 0..<20_000 {
            let user =
                member("username", "u") + member("uid", "1") + member("groups", ["g"]) + member("extra", ["k": ["v"]])
            let status =
                member("authenticated", true) + (random.oneIn(3) ? member("error", "no") : [])
                + member("user", .object(user)) + member("audiences", ["a", "b"])
            let json = JSONValue.object(
                member("apiVersion", "authentication.k8s.io/v1") + member("kind", "TokenReview")
                    + member("status", .object(status)))
            let found = TokenReviewMessage.review(in: json.utf8Text)
            #expect(found == (try? json.decode(Decoded.self))?.review, "\(json.text)")
            if found != nil { read += 1 }
        }
        #expect(read > 1_000)
    }

    @Test("A Status is read, and nothing else is a Status")
    func status() {
        let text = #"{"kind":"Status","reason":"TooManyRequests","code":429,"details":{"retryAfterSeconds":7}}"#
        let status = KubernetesStatus(json: Array(text.utf8))
        #expect(status?.retryAfterSeconds == 7)
        #expect(status?.reason == "TooManyRequests")
        #expect(status?.code == 429)
        #expect(KubernetesStatus(json: Array(#"{"kind":"Pod"}"#.utf8)) == nil)
        #expect(KubernetesStatus(json: Array("{}".utf8)) == nil)
        #expect(KubernetesStatus(json: Array(#"{"kind":"Status"}"#.utf8))?.retryAfterSeconds == nil)
    }
}
