import Foundation
import GatewayCore
import JSON
import Testing

@Suite("Admission: reviews and their responses")
struct AdmissionReviewTests {
    private static func request(_ changes: [(String, JSONValue?)] = []) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("uid", "705ab4f5"), .init("kind", ["group": "", "version": "v1", "kind": "Pod"]),
            .init("resource", ["group": "", "version": "v1", "resource": "pods"]), .init("namespace", "shop"),
            .init("operation", "CREATE"), .init("object", InjectionExample.pod()), .init("oldObject", .null),
        ]
        for (name, value) in changes {
            members.removeAll { $0.name == name }
            if let value { members.append(.init(name, value)) }
        }
        return .object(members)
    }

    private static func body(_ request: JSONValue?, version: JSONValue = "admission.k8s.io/v1") -> [UInt8] {
        let members: [JSONValue.Member] = [.init("apiVersion", version), .init("kind", "AdmissionReview")]
        return JSONValue.object(members + (request.map { [.init("request", $0)] } ?? [])).utf8Text
    }

    @Test(
        "The response has the version and the uid of the request",
        arguments: ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"])
    func echoed(version: String) throws {
        let review = try AdmissionReview(parsing: Self.body(Self.request(), version: .string(version)))
        #expect(review.subject == .pod(try JSONNode(InjectionExample.pod()), namespace: "shop"))
        let answer = try InjectionExample.mutation().answer(to: review)
        #expect(answer["apiVersion"] == .string(version))
        #expect(answer["kind"] == "AdmissionReview")
        #expect(answer["response"]?["uid"] == "705ab4f5")
        #expect(answer["response"]?["allowed"] == true)
        #expect(answer["response"]?["patchType"] == "JSONPatch")
    }

    @Test("The patch is a JSON Patch in base64 for the request's namespace")
    func patch() throws {
        let review = try AdmissionReview(parsing: Self.body(Self.request()))
        let answer = try InjectionExample.mutation().answer(to: review)
        guard case .string(let text) = answer["response"]?["patch"] else {
            Issue.record("no patch")
            return
        }
        let patch = try JSONDecoder().decode(JSONValue.self, from: try #require(Data(base64Encoded: text)))
        let pod = try JSONPatchOperations.apply(patch, to: InjectionExample.pod())
        #expect(pod["metadata"]?["annotations"]?["tremolo.io/injected"] == "one")
        #expect(pod.sorted.text.contains(#"{"name":"EXAMPLE_WORKLOAD","value":"shop/default"}"#))
    }

    @Test("Without additions the response has no patch, and without warnings no warnings")
    func nothingToAdd() throws {
        let review = try AdmissionReview(
            parsing: Self.body(Self.request([("object", InjectionExample.pod(labels: []))])))
        #expect(
            try InjectionExample.mutation().answer(to: review).text
                == #"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","#
                + #""response":{"uid":"705ab4f5","allowed":true}}"#)
        #expect(
            review.allowing(warnings: ["x"]).text.hasSuffix(
                #""response":{"uid":"705ab4f5","allowed":true,"warnings":["x"]}}"#))
    }

    @Test("A denial has a code, a reason and a message for the Pod's author")
    func denial() throws {
        let pod = InjectionExample.pod(annotations: ["example-role": "a\nb"])
        let review = try AdmissionReview(parsing: Self.body(Self.request([("object", pod)])))
        let message = "the annotation is not one line of 1 to 100 bytes; write the name of a role"
        #expect(
            try InjectionExample.mutation().answer(to: review)["response"] == [
                "uid": "705ab4f5", "allowed": false,
                "status": [
                    "code": 403, "reason": "Forbidden",
                    "message": .string("tremolo.io/example-role: \(message) (STS1202)"),
                ],
            ])
    }

    /// Changes of the request, and the message of the response.
    static let refused: [(change: (String, JSONValue?), message: String)] = [
        (
            ("kind", ["group": "", "version": "v1", "kind": "Secret"]),
            "the review is not for a Pod (v1); restrict the webhook's rules to pods"
        ),
        (
            ("kind", ["group": "example.com", "version": "v1", "kind": "Pod"]),
            "the review is not for a Pod (v1); restrict the webhook's rules to pods"
        ),
        (("kind", nil), "the review is not for a Pod (v1); restrict the webhook's rules to pods"),
        (("object", .null), "the review has no request.object; send the Pod"),
        (("object", nil), "the review has no request.object; send the Pod"),
        (("object", "Pod"), "request.object is not a Pod; send the Pod"),
        (("object", ["kind": "Secret"]), "request.object is not a Pod; send the Pod"),
        (("namespace", nil), "the review has no request.namespace; send the Pod's namespace"),
        (("namespace", "../x"), "the review has no request.namespace; send the Pod's namespace"),
        (("object", ["metadata": []]), "metadata: invalid value; expected an object"),
    ]

    @Test("A review of another kind, or without an object, is denied as a bad request", arguments: refused.indices)
    func refusals(index: Int) throws {
        let review = try AdmissionReview(parsing: Self.body(Self.request([Self.refused[index].change])))
        let response = try InjectionExample.mutation().answer(to: review)["response"]
        #expect(response?["allowed"] == false)
        #expect(response?["status"]?["code"] == 400)
        #expect(response?["status"]?["reason"] == "BadRequest")
        #expect(
            response?["status"]?["message"]
                == .string("\(Self.refused[index].message) (STS1201)"))
    }

    @Test("Other operations and subresources are admitted without a patch")
    func otherOperations() throws {
        let changes: [[(String, JSONValue?)]] = [
            [("operation", "UPDATE")], [("operation", "DELETE"), ("object", .null)], [("operation", "CONNECT")],
            [("subResource", "ephemeralcontainers"), ("operation", "UPDATE")], [("subResource", "status")],
        ]
        for change in changes {
            let review = try AdmissionReview(parsing: Self.body(Self.request(change)))
            #expect(review.subject == .nothing)
            #expect(
                try InjectionExample.mutation().answer(to: review)["response"] == ["uid": "705ab4f5", "allowed": true])
        }
    }

    @Test("A body without a uid is rejected with HTTP status 400")
    func malformed() {
        let bodies: [[UInt8]] = [
            [], Array("<html>".utf8), [0xFF, 0xFE], Array("[]".utf8), Array("null".utf8),
            Array(#"{"kind":"Pod"}"#.utf8),
            Self.body(nil), Self.body(.null), Self.body([]), Self.body(Self.request([("uid", nil)])),
            Self.body(Self.request([("uid", "")])), Self.body(Self.request([("uid", 7)])),
            Self.body(
                Self.request([("uid", .string(String(repeating: "x", count: AdmissionReview.maximumUIDLength + 1)))])),
            Self.body(Self.request(), version: "admission.k8s.io/v2"), Self.body(Self.request(), version: .null),
        ]
        for body in bodies {
            let error = #expect(throws: AdmissionError.self) { try AdmissionReview(parsing: body) }
            #expect(error?.status == 400)
            #expect(error?.description.contains("; ") == true, "it says what to do")
        }
    }

    @Test("A temporary denial has retryAfterSeconds")
    func retryable() throws {
        let review = try AdmissionReview(parsing: Self.body(Self.request()))
        #expect(
            review.answering(.denied(AdmissionDenial(.unavailable, "x")))["response"]?["status"] == [
                "code": 503, "reason": "ServiceUnavailable", "message": "x (STS1203)",
                "details": ["retryAfterSeconds": 1],
            ])
    }

    @Test("The Pod's name is its name or generateName, if it is valid")
    func podName() throws {
        func name(_ metadata: JSONValue) throws -> String? {
            let object: JSONValue = ["metadata": metadata]
            return try AdmissionReview(parsing: Self.body(Self.request([("object", object)]))).podName
        }
        #expect(try name(["name": "web-0", "generateName": "web-"]) == "web-0")
        #expect(try name(["name": "", "generateName": "web-"]) == "web-")
        #expect(try name(["generateName": "web\nforged"]) == nil)
        #expect(try name(["name": "a b", "generateName": "web-"]) == nil)
        #expect(try name(["name": 7]) == nil)
        #expect(try name([]) == nil)
    }

    @Test("A body of 3 MiB is read, and a longer one is rejected with 413")
    func size() throws {
        let body = Self.body(Self.request())
        let padding = [UInt8](repeating: 0x20, count: AdmissionReview.maximumLength - body.count)
        #expect(try AdmissionReview(parsing: body + padding).uid == "705ab4f5")
        let error = #expect(throws: AdmissionError.self) { try AdmissionReview(parsing: body + padding + [0x20]) }
        #expect(error == .tooLarge(limit: AdmissionReview.maximumLength))
        #expect(error?.status == 413)
    }

    @Test("The response to a forged review contains the configuration only, not Pods, accounts or keys")
    func forged() throws {
        let pod = InjectionExample.pod(annotations: [:], spec: [.init("serviceAccountName", "admin")])
        let request = Self.request([
            ("object", pod), ("namespace", "kube-system"), ("userInfo", ["username": "forger"]),
        ])
        let review = try AdmissionReview(parsing: Self.body(request))
        let response = try InjectionExample.mutation().answer(to: review)["response"]
        #expect(response?["patch"] == nil)
        #expect(response?["allowed"] == true)
    }
}
