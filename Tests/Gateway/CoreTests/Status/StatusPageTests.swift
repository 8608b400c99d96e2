import Crypto
import FoundationEssentials
import GatewayCore
import GatewayTestSupport
import Testing

@Suite("The status page")
struct StatusPageTests {
    private func page() throws -> String {
        let problem = StatusReport.Problem(
            text: ExampleReport.hostile, code: .publishDenied, since: ExampleReport.now)
        return StatusPage(ExampleReport.report([try ExampleReport.endpoint(problems: [problem])])).html
    }

    /// The content of the only element of that name.
    private func content(of element: String, in page: String) throws -> String {
        let start = try #require(page.firstRange(of: "<\(element)>")?.upperBound)
        let end = try #require(page[start...].firstRange(of: "</\(element)>")?.lowerBound)
        return String(page[start..<end])
    }

    @Test("Text from outside is escaped")
    func escaping() throws {
        let page = try page()
        #expect(!page.contains("<script>alert") && !page.contains("\u{1B}") && !page.contains("\u{202E}"))
        #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &quot;a&quot; &amp; &#39;b&#39;"))
    }

    @Test("The policy allows the page's own style and script, and nothing else")
    func policy() throws {
        let page = try page()
        let policy = StatusPage.contentSecurityPolicy
        for (element, directive) in [("style", "style-src"), ("script", "script-src")] {
            let digest = SHA256.hash(data: Data(try content(of: element, in: page).utf8))
            #expect(policy.contains("\(directive) 'sha256-\(Data(digest).base64EncodedString())'"))
        }
        #expect(policy.hasPrefix("default-src 'none'; ") && !policy.contains("unsafe"))
    }

    @Test("The page needs no outside resource, no style attribute and no handler attribute")
    func resources() throws {
        let page = try page()
        for text in ["src=", "href=", "url(", "@import", "style=\"", "onclick", "onload", "http://", "https://cdn"] {
            #expect(!page.contains(text), "\(text)")
        }
    }

    @Test("Hours and months are visible on one timeline")
    func scale() {
        let places = [-31_622_400.0, -86_400, -3_600, 0, 3_600, 86_400, 2_592_000, 1e12].map(StatusPage.place)
        #expect(places == [0, 200, 350, 500, 650, 800, 950, 1_000])
    }
}
