import JSON
import KubernetesAPI
import Testing

@Suite("A list of the API's objects")
struct KubernetesListTests {
    private func read(_ text: String) -> KubernetesList? { KubernetesList(body: Array(text.utf8), of: .pods) }

    private static let beginning = #"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"#

    @Test("Objects have all of their fields, and a page has the token of the next one")
    func page() throws {
        let text =
            #"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"next"},"items":["#
            + #"{"metadata":{"name":"a","namespace":"shop","uid":"u","resourceVersion":"3"},"zone":{"b":1.5,"a":[null]}}]}"#
        let list = try #require(read(text))
        #expect(list.resourceVersion == "7")
        #expect(list.continuation == "next")
        #expect(list.items.map(\.meta.name) == ["a"])
        #expect(list.items.first?.json["zone"] == ["b": .number(1.5), "a": [.null]])
    }

    @Test("An empty list may be null, and the last page has no continuation")
    func empty() throws {
        for items in ["null", "[]"] {
            let list = try #require(read(Self.beginning + #""items":\#(items)}"#))
            #expect(list.items.isEmpty)
            #expect(list.continuation == nil)
        }
    }

    @Test(
        "A list of another kind is rejected",
        arguments: [
            "", "<html>", "[]", beginning + #""items":[{}]}"#, beginning + #""items":[]"#,
            #"{"kind":"SecretList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[]}"#,
            #"{"kind":"PodList","apiVersion":"v2","metadata":{"resourceVersion":"7"},"items":[]}"#,
            #"{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]}"#,
        ])
    func none(text: String) { #expect(read(text) == nil) }
}
