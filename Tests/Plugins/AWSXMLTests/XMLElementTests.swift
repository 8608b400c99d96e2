import AWSXML
import Testing

@Suite("Reading a web service's XML")
struct XMLElementTests {
    private func read(_ text: String, _ limits: XMLElement.Limits = .init()) throws(XMLReadingError) -> XMLElement {
        try XMLElement(parsing: Array(text.utf8), limits: limits)
    }

    @Test("Names, namespaces, nesting and character data are read")
    func reply() throws {
        let root = try read(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- a reply -->
            <a:Invalidation xmlns:a="http://example.com/doc/">
              <a:Id>I1</a:Id><Status xmlns="http://example.com/other/">InProgress</Status>
              <Paths><Items><Path>/certs</Path><Path>/x</Path></Items></Paths><Empty/>
            </a:Invalidation>
            """)
        #expect(root.name == "Invalidation")
        #expect(root.namespace == "http://example.com/doc/")
        #expect(root["Id"]?.text == "I1")
        #expect(root["Status"]?.namespace == "http://example.com/other/")
        #expect(root["Paths"]?["Items"]?.children.map(\.text) == ["/certs", "/x"])
        #expect(root["Empty"] == XMLElement("Empty"))
        #expect(root["Absent"] == nil)
    }

    @Test("XML's own entities, character references and character data sections are text")
    func entities() throws {
        let root = try read("<M> a &lt;b&gt; &amp; &quot;c&apos; &#233;&#x1F511;<![CDATA[<d>&amp;]]> </M>")
        #expect(root.text == "a <b> & \"c' é🔑<d>&amp;")
    }

    @Test("Another encoding than UTF-8 is converted")
    func encoding() throws {
        let latin = Array(#"<?xml version="1.0" encoding="ISO-8859-1"?><M>"#.utf8) + [0xE9] + Array("</M>".utf8)
        #expect(try XMLElement(parsing: latin).text == "é")
    }

    @Test(
        "A document that is not XML is rejected",
        arguments: [
            ("", XMLReadingError.malformed(line: 1)),
            ("not XML", .malformed(line: 1)),
            ("<a><b></a>", .malformed(line: 1)),
            ("<a>\n<b>cut", .malformed(line: 2)),
            ("<a/><b/>", .malformed(line: 1)),
            ("<p:a/>x", .malformed(line: 1)),
            ("<a>&unknown;</a>", .malformed(line: 1)),
            ("<!DOCTYPE html><html><body>an error</body></html>", .documentType),
            (#"<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>"#, .documentType),
            (#"<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>"#, .documentType),
        ])
    func rejections(_ text: String, _ expected: XMLReadingError) {
        #expect(throws: expected) { try read(text) }
    }

    @Test("HTML that is not well-formed XML is rejected")
    func html() {
        #expect(throws: XMLReadingError.self) { try read("<html><head><meta charset=utf-8><br></html>") }
    }

    @Test("A billion laughs and a quadratic bomb are rejected at their document type")
    func bombs() {
        var laughs = "<!DOCTYPE a [<!ENTITY l0 \"ha\">"
        for index in 1...30 {
            laughs += "<!ENTITY l\(index) \"" + String(repeating: "&l\(index - 1);", count: 10) + "\">"
        }
        #expect(throws: XMLReadingError.documentType) { try read(laughs + "]><a>&l30;</a>") }
        let long = String(repeating: "x", count: 50_000)
        let many = String(repeating: "&e;", count: 50_000)
        #expect(throws: XMLReadingError.documentType) {
            try read("<!DOCTYPE a [<!ENTITY e \"\(long)\">]><a>\(many)</a>", .init(length: 1 << 20))
        }
    }

    @Test("Length, depth and number of elements are bounded")
    func bounds() throws {
        #expect(throws: XMLReadingError.tooLong(10)) { try read("<a>12345678</a>", .init(length: 10)) }
        let nested = String(repeating: "<a>", count: 200_000)
        #expect(throws: XMLReadingError.tooDeep(32)) { try read(nested, .init(length: 1 << 20)) }
        #expect(throws: XMLReadingError.tooManyElements(3)) { try read("<a><b/><b/><b/></a>", .init(elements: 3)) }
        #expect(try read("<a><b/><b/></a>", .init(depth: 2, elements: 3)).children.count == 2)
    }

    @Test("A document truncated at any byte is rejected")
    func truncation() {
        let document = Array("<Error><Code>SlowDown</Code><Message>a &amp; b</Message></Error>".utf8)
        for length in 0..<document.count {
            #expect(throws: XMLReadingError.self) { try XMLElement(parsing: Array(document.prefix(length))) }
        }
    }
}
