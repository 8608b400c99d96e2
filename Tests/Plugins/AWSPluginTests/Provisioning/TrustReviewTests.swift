import GatewayPluginAPI
import JSON
import Testing

@testable import AWSPlugin

@Suite struct TrustReviewTests {
    private static let provider = "arn:aws:iam::111111111111:oidc-provider/issuer.example/a"
    private static let bound = #""issuer.example/a:aud": "sts.amazonaws.com""#

    private func review(_ statements: String, template: String = "demo:{namespace}:{saname}") throws -> TrustReview {
        let text = #"{"Version": "2012-10-17", "Statement": [\#(statements)]}"#
        return TrustReview(
            try #require(PolicyDocument(parsing: Array(text.utf8)), "\(text)"), provider: Self.provider,
            issuer: "issuer.example/a", audiences: ["sts.amazonaws.com"], subjectTemplate: template)
    }

    private func statement(
        _ condition: String, principal: String = #""Principal": {"Federated": "\#(provider)"}"#,
        action: String = #""Action": "sts:AssumeRoleWithWebIdentity""#
    ) -> String {
        #"{"Effect": "Allow", \#(principal), \#(action), "Condition": {\#(condition)}}"#
    }

    private func exact(_ subject: String = "demo:default:web") -> String {
        #""StringEquals": {\#(Self.bound), "issuer.example/a:sub": "\#(subject)"}"#
    }

    @Test func `Exact subjects name their ServiceAccounts`() throws {
        let found = try review(
            statement(#""StringEquals": {\#(Self.bound), "Issuer.example/A:SUB": ["demo:default:web", "demo:b:c"]}"#))
        #expect(found.errors == [])
        #expect(found.summary == "ServiceAccount default/web, ServiceAccount b/c")
    }

    @Test func `A subject is accepted by its exact value or by a pattern, for the audience of the endpoint`() throws {
        let aud = #""StringEquals": {\#(Self.bound)}"#
        func like(_ pattern: String) throws -> TrustReview {
            try review(statement(#"\#(aud), "StringLike": {"issuer.example/a:sub": "\#(pattern)"}"#))
        }
        #expect(try review(statement(exact())).accepts("demo:default:web"))
        #expect(try !review(statement(exact())).accepts("demo:default:web2"))
        #expect(try review(statement(aud)).accepts("any"), "sub is not bound")
        #expect(try !review("").accepts("demo:default:web"))
        for (pattern, subject, isAccepted) in [
            ("demo:default:*", "demo:default:web", true), ("demo:*:web", "demo:a:b:web", true),
            ("demo:?:web", "demo:ab:web", false), ("*", "", true), ("*web", "demo:default:web2", false),
        ] {
            #expect(try like(pattern).accepts(subject) == isAccepted, "\(pattern) \(subject)")
        }
        let other = #""StringEquals": {"issuer.example/a:aud": "another", "issuer.example/a:sub": "demo:default:web"}"#
        #expect(try !review(statement(other)).accepts("demo:default:web"))
    }

    @Test func `A pattern within one namespace is a warning`() throws {
        let found = try review(
            statement(#""StringEquals": {\#(Self.bound)}, "StringLike": {"issuer.example/a:sub": "demo:default:*"}"#))
        #expect(found.errors == [])
        #expect(found.summary.contains("default/*") && found.summary.contains("warning"))
    }

    @Test(arguments: [
        ("demo:*", "another namespace"), ("demo:default*", "another namespace"), ("*", "sts-gateway:"),
        ("sts-*", "sts-gateway:"), ("?ts-gateway:publisher:demo:one", "sts-gateway:"),
        ("demo:?:web", "another namespace"),
    ])
    func `A pattern that reaches further is an error`(_ pattern: String, _ text: String) throws {
        let found = try review(
            statement(#""StringEquals": {\#(Self.bound)}, "StringLike": {"issuer.example/a:sub": "\#(pattern)"}"#))
        #expect(found.errors.contains { $0.contains(text) }, "\(found.errors)")
    }

    @Test func `A subject without a separator or with the name first has no safe pattern`() throws {
        for (template, pattern) in [("{namespace}-{saname}", "default-*"), ("{saname}:{namespace}", "web:*")] {
            let found = try review(
                statement(#""StringEquals": {\#(Self.bound)}, "StringLike": {"issuer.example/a:sub": "\#(pattern)"}"#),
                template: template)
            #expect(found.errors.contains { $0.contains("another namespace") })
        }
    }

    @Test(arguments: [
        (#""StringEquals": {"issuer.example/a:aud": "sts.amazonaws.com"}"#, ":sub is not bound"),
        (#""StringEquals": {"issuer.example/a:sub": "demo:default:web"}"#, ":aud is not bound"),
        (
            #""StringEqualsIfExists": {"issuer.example/a:aud": "a", "issuer.example/a:sub": "b"}"#,
            "StringEqualsIfExists"
        ),
        (#""ForAllValues:StringEquals": {"issuer.example/a:aud": "a"}"#, "ForAllValues"),
        (#""StringNotEquals": {"issuer.example/a:sub": "demo:a:b"}"#, "StringNotEquals"),
        (#""StringNotLike": {"issuer.example/a:sub": "demo:a:*"}"#, "StringNotLike"),
        (#""StringEquals": {"other.example:aud": "a", "other.example:sub": "b"}"#, "another issuer's key"),
        (#""StringEqualsIgnoreCase": {"issuer.example/a:sub": "demo:a:b"}"#, "not understood"),
        (#""StringLike": {"issuer.example/a:aud": "*", "issuer.example/a:sub": "demo:a:b"}"#, "other audiences"),
        (
            #""StringEquals": {"issuer.example/a:aud": "a", "issuer.example/a:sub": "sts-gateway:publisher:x:y"}"#,
            "publisher"
        ),
    ])
    func `A condition that does not bind is an error`(_ condition: String, _ text: String) throws {
        let found = try review(statement(condition))
        #expect(found.errors.contains { $0.contains(text) }, "\(found.errors)")
    }

    @Test(arguments: [
        #"{\#(bound), "issuer.example/a:sub": "${issuer.example/a:sub}"}"#,
        #"{\#(bound), "issuer.example/a:sub": ["demo:default:web", "demo:${aws:userid}:web"]}"#,
        #"{"issuer.example/a:aud": "${issuer.example/a:aud}", "issuer.example/a:sub": "demo:default:web"}"#,
    ])
    func `A policy variable may match any token, so it is an error`(_ values: String) throws {
        let found = try review(statement(#""StringEquals": \#(values)"#))
        #expect(found.errors.contains { $0.contains("policy variable") }, "\(found.errors)")
    }

    @Test func `Subjects that no ServiceAccount has are quoted on one line`() throws {
        let found = try review(statement(exact(#"demo:a:b\nServiceAccount c/d\u001b[2K"#)))
        #expect(found.summary == #"the subject "demo:a:b\nServiceAccount c/d\u{1B}[2K""#)
    }

    @Test(arguments: [
        (#""Principal": "*""#, "everybody"), (#""Principal": {"AWS": "*"}"#, "everybody"),
        (#""Principal": {"Federated": "*"}"#, "everybody"), (#""NotPrincipal": {"AWS": "arn:x"}"#, "NotPrincipal"),
        (#""Principal": {"Federated": "arn:aws:iam::111111111111:oidc-provider/other.example"}"#, "not this issuer's"),
    ])
    func `Another principal is an error`(_ principal: String, _ text: String) throws {
        let found = try review(statement(exact(), principal: principal))
        #expect(found.errors.contains { $0.contains(text) }, "\(found.errors)")
    }

    @Test func `NotAction and wider actions are errors`() throws {
        for action in [#""NotAction": "sts:GetCallerIdentity""#, #""Action": "sts:*""#, #""Action": ["*"]"#] {
            #expect(try !review(statement(exact(), action: action)).errors.isEmpty, "\(action)")
        }
    }

    @Test func `One wider statement among several is an error that names it`() throws {
        let wide = statement(#""StringEquals": {\#(Self.bound)}"#)
        let found = try review(statement(exact()) + "," + wide)
        #expect(
            found.errors == ["statement 2: issuer.example/a:sub is not bound: every token of the issuer is accepted"])
        #expect(found.summary == "ServiceAccount default/web, every ServiceAccount")
    }

    @Test func `A policy without a statement lets nobody in`() throws {
        #expect(try review("").summary == "nobody of this endpoint")
        #expect(try review(#"{"Effect": "Deny", "Principal": "*", "Action": "sts:*"}"#).errors == [])
    }
}
