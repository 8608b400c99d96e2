import GatewayTestSupport
import Testing

@testable import GatewayCore

@Suite("A subject template")
struct SubjectTemplateTests {
    @Test(
        "inserts the names into its text",
        arguments: [
            ("{cluster}:{namespace}:{saname}", "c:n:s"), ("repo/{namespace}/{saname}", "repo/n/s"), ("fixed", "fixed"),
            ("{saname}{saname}", "ss"),
        ])
    func render(_ text: String, _ subject: String) throws {
        let template = try SubjectTemplate(text)
        #expect(template.render(cluster: "c", namespace: "n", serviceAccount: "s") == subject)
        #expect(template.description == text)
    }

    @Test(
        "is rejected if it is invalid",
        arguments: [
            ("", .empty), ("é", .notASCII), ("a\nb", .notASCII), (String(repeating: "a", count: 256), .tooLong),
            ("sts-gateway:x", .reservedPrefix), ("{namespace", .unbalancedBrace), ("namespace}", .unbalancedBrace),
            ("{pod}", .unknownPlaceholder("pod")), ("{}", .unknownPlaceholder("")),
            ("{{namespace}}", .unknownPlaceholder("{namespace")),
        ] as [(String, SubjectTemplateError)])
    func refused(_ text: String, _ error: SubjectTemplateError) {
        #expect(throws: error) { try SubjectTemplate(text) }
    }

    @Test("renders nothing that is longer than 255 characters or not ASCII")
    func bounds() {
        let template = SubjectTemplate.standard
        let name = String(repeating: "a", count: 251)
        #expect(template.render(cluster: "c", namespace: "n", serviceAccount: name)?.utf8.count == 255)
        #expect(template.render(cluster: "c", namespace: "n", serviceAccount: name + "a") == nil)
        #expect(template.render(cluster: "c", namespace: "é", serviceAccount: "s") == nil)
    }

    @Test(
        "detects whether two workloads could have the same subject",
        arguments: [
            ("{namespace}:{saname}", false), ("{namespace}/{saname}", false), ("{namespace}-{saname}", true),
            ("{namespace}{saname}", true), ("{namespace}.x:{saname}", false), ("{cluster}_{namespace}:{saname}", true),
            ("x-{namespace}", false),
        ])
    func ambiguous(_ text: String, _ isAmbiguous: Bool) throws {
        #expect(try SubjectTemplate(text).isAmbiguous == isAmbiguous)
    }
}
