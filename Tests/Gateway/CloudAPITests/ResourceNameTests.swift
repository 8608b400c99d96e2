import Testing

@testable import CloudAPI

@Suite("Names of resources")
struct ResourceNameTests {
    @Test(
        "A slug has lower-case letters, digits and single hyphens",
        arguments: [
            ("Production EU/1", "production-eu-1"), ("--a--b--", "a-b"), ("", ""), ("abcdef-ghi", "abcdef"),
            ("\u{E9}", ""),
        ])
    func slug(text: String, expected: String) {
        #expect(ResourceName.slug(text, expected == "abcdef" ? 7 : 20) == expected)
    }

    @Test("The suffix differs by cluster, endpoint and owner")
    func suffix() {
        let suffixes = [("a", "b", "c"), ("a", "b", "d"), ("a", "c", "c"), ("b", "b", "c")].map {
            ResourceName.suffix(cluster: $0.0, endpoint: $0.1, owner: $0.2)
        }
        #expect(Set(suffixes).count == 4 && suffixes.allSatisfy { $0.utf8.count == 10 })
    }
}
