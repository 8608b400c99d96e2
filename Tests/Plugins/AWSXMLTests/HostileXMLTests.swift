import AWSXML
import Testing

@Suite("Reading hostile or foreign XML")
struct HostileXMLTests {
    private func read(_ text: String, _ limits: XMLElement.Limits = .init()) throws(XMLReadingError) -> XMLElement {
        try XMLElement(parsing: Array(text.utf8), limits: limits)
    }

    @Test("Parameter entities of a document type are rejected, nested ones too, and none is fetched")
    func parameterEntities() {
        var nested = "<!DOCTYPE a [<!ENTITY % p0 'x'>"
        for index in 1...20 {
            nested += "<!ENTITY % p\(index) '" + String(repeating: "&#37;p\(index - 1);", count: 10) + "'>"
        }
        #expect(throws: XMLReadingError.documentType) { try read(nested + "%p20;]><a/>") }
        #expect(throws: XMLReadingError.documentType) {
            try read(#"<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><a/>"#)
        }
        #expect(throws: XMLReadingError.documentType) {
            try read(#"<!DOCTYPE a PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:9/a.dtd"><a/>"#)
        }
    }

    @Test(
        "A document type after an error is not read",
        arguments: [
            ("", "[", "]>"), ("<!-- a -- b -->", "a [", "]>"), ("<?xml version='1.0' encoding='X-NONE'?>", "a [", "]>"),
            ("<?xml version='9'?>", "a [", "]>"), ("<?XML a?>", "a [", "]>"), ("", "a SYSTEM [", "]>"),
            ("", "a:b: [", "]"),
            ("x", "a [", "]>"), ("<!DOCTYPE a>", "a [", "]>"), ("", "a [<!ENTITY>", "]>"), ("&", "a [", "]>"),
        ])
    func afterErrors(prolog: String, begin: String, end: String) {
        var bomb = "\(prolog)<!DOCTYPE \(begin)<!ENTITY % p0 'x'>"
        for index in 1...20 {
            bomb += "<!ENTITY % p\(index) '" + String(repeating: "&#37;p\(index - 1);", count: 10) + "'>"
        }
        #expect(throws: XMLReadingError.self) { try read("\(bomb)%p20;\(end)<a/>") }
    }

    @Test("A document type is found in every encoding, and after comments and processing instructions")
    func hiddenDocumentTypes() {
        var bomb = "<?pi?><!-- a --> <!DOCTYPE a [<!ENTITY % p0 'x'>"
        for index in 1...20 {
            bomb += "<!ENTITY % p\(index) '" + String(repeating: "&#37;p\(index - 1);", count: 10) + "'>"
        }
        bomb += "%p20;]><a/>"
        let marked = "\u{FEFF}\(bomb)".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        #expect(throws: XMLReadingError.documentType) { try XMLElement(parsing: marked) }
        let unmarked = #"<?xml version="1.0" encoding="UTF-16"?>\#(bomb)"#.utf16
            .flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        #expect(throws: XMLReadingError.documentType) { try XMLElement(parsing: unmarked) }
        let seven = #"<?xml version="1.0" encoding="UTF-7"?>"# + bomb.replacing("<", with: "+ADw-")
        #expect(throws: XMLReadingError.self) { try read(seven) }
        #expect(throws: XMLReadingError.documentType) { try read("\u{FEFF}\(bomb)") }
        #expect(throws: XMLReadingError.self) { try read(bomb.replacing("DOCTYPE", with: "doctype")) }
        #expect(throws: XMLReadingError.self) { try read("<a/>\(bomb)") }
    }

    @Test("Attribute defaults and inclusions add nothing")
    func inclusions() throws {
        #expect(throws: XMLReadingError.documentType) { try read("<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>") }
        let root = try read(
            #"<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd" parse="text"/></a>"#)
        #expect(root.text.isEmpty)
        #expect(root.children.map(\.name) == ["include"])
        #expect(root.children.first?.text == "")
    }

    @Test("An entity that XML does not predefine is rejected at every position")
    func entities() {
        for text in ["<a>&nbsp;</a>", "<a b='&x;'/>", "<a>&;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>& b</a>"] {
            #expect(throws: XMLReadingError.self) { try read(text) }
        }
    }

    @Test("Nesting of 200,000 elements is rejected at every limit, closed or not")
    func depth() {
        let begun = String(repeating: "<a>", count: 200_000)
        let whole = begun + String(repeating: "</a>", count: 200_000)
        for text in [begun, whole] {
            #expect(throws: XMLReadingError.self) { try read(text) }
            #expect(throws: XMLReadingError.self) {
                try read(text, .init(length: 1 << 24, depth: .max, elements: .max))
            }
        }
    }

    @Test("Reading many elements, attributes and words takes linear time")
    func wide() throws {
        let long = XMLElement.Limits(length: 1 << 20)
        let children = String(repeating: "<b/>", count: 65_535)
        #expect(try read("<a>\(children)</a>", long).children.count == 65_535)
        #expect(throws: XMLReadingError.tooManyElements(65_536)) { try read("<a>\(children)<b/></a>", long) }
        let attributes = (0..<5_000).map { " a\($0)=''" }.joined()
        #expect(try read("<a\(attributes)/>") == XMLElement("a"))
        let pieces = String(repeating: "x<!---->", count: 50_000)
        #expect(try read("<a>\(pieces)</a>", long).text.utf8.count == 50_000)
    }

    @Test("A limit is reached exactly, and one byte more is too long")
    func length() throws {
        let text = "<a>1234</a>"
        #expect(try read(text, .init(length: text.utf8.count)).text == "1234")
        #expect(throws: XMLReadingError.tooLong(text.utf8.count - 1)) {
            try read(text, .init(length: text.utf8.count - 1))
        }
        #expect(XMLElement.Limits().length == 65_536)
        let longest = "<a>" + String(repeating: "x", count: 65_536 - 7) + "</a>"
        #expect(throws: Never.self) { try read(longest) }
        #expect(throws: XMLReadingError.tooLong(65_536)) { try read(longest + " ") }
    }

    @Test("UTF-16 is read by its byte order mark, and half of a character is rejected", arguments: [true, false])
    func utf16(isBigEndian: Bool) throws {
        let units = Array("\u{FEFF}<M>é🔑 &amp;</M>".utf16)
        let bytes = units.flatMap { unit in
            let pair = [UInt8(unit >> 8), UInt8(unit & 0xFF)]
            return isBigEndian ? pair : pair.reversed()
        }
        #expect(try XMLElement(parsing: bytes) == XMLElement("M", text: "é🔑 &"))
        #expect(throws: XMLReadingError.self) { try XMLElement(parsing: Array(bytes.dropLast())) }
    }

    @Test("Bytes that are not text are rejected")
    func bytes() {
        for bytes: [UInt8] in [[0], [0xFF], [0xFE, 0xFF], [0xEF, 0xBB, 0xBF], Array("<a>".utf8) + [0xC3, 0x28]] {
            #expect(throws: XMLReadingError.self) { try XMLElement(parsing: bytes) }
        }
        let invalid = Array("<a>".utf8) + [0xC3, 0x28] + Array("</a>".utf8)
        #expect(throws: XMLReadingError.self) { try XMLElement(parsing: invalid) }
        let zero = Array("<a>".utf8) + [0] + Array("</a>".utf8)
        #expect(throws: XMLReadingError.self) { try XMLElement(parsing: zero) }
    }

    @Test(
        "An encoding that libxml2 does not convert itself is rejected, whatever it was built with",
        arguments: ["X-NONE", "ISO-8859-15", "windows-1252", "Shift_JIS", "UTF-7"])
    func encoding(_ name: String) {
        #expect(throws: XMLReadingError.encoding) { try read(#"<?xml version="1.0" encoding="\#(name)"?><a/>"#) }
        let document = Array("<?xml version='1.0' encoding='\(name)'?><a>".utf8) + [0xE9] + Array("</a>".utf8)
        #expect(throws: XMLReadingError.encoding) { try XMLElement(parsing: document) }
    }

    @Test(
        "A declared encoding that is not that of the declaration is rejected",
        arguments: ["UTF-16", "UTF-32", "IBM037"])
    func otherUnits(_ name: String) {
        #expect(throws: XMLReadingError.self) { try read(#"<?xml version="1.0" encoding="\#(name)"?><a/>"#) }
    }

    @Test("UTF-8 may be declared in upper or lower case", arguments: ["UTF-8", "utf-8"])
    func declaredUTF8(_ name: String) throws {
        #expect(try read(#"<?xml version="1.0" encoding="\#(name)"?><a>é</a>"#) == XMLElement("a", text: "é"))
    }

    @Test("Character data sections are text, with the spaces inside them")
    func sections() throws {
        #expect(try read("<a>b <![CDATA[ <!DOCTYPE c> ]]> d</a>").text == "b  <!DOCTYPE c>  d")
        #expect(throws: XMLReadingError.self) { try read("<a><![CDATA[ b</a>") }
        #expect(throws: XMLReadingError.self) { try read("<a>]]></a>") }
    }

    @Test("An undeclared prefix is rejected, or read as a name")
    func prefixes() {
        let root = try? read("<x:a><x:b>1</x:b></x:a>")
        #expect(root == nil || root?.name == "a" || root?.name == "x:a")
    }

    @Test("An error has the line, and nothing of the document's content")
    func silent() {
        let error = #expect(throws: XMLReadingError.self) { try read("<a>\n\n<secret>hidden</a>") }
        #expect(error == .malformed(line: 3))
        #expect(error?.description.contains("hidden") == false)
    }
}
