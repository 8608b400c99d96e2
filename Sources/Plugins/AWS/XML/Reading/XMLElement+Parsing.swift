import CLibXML2

extension XMLElement {
    /// Limits of a document.
    package struct Limits: Sendable {
        /// In bytes. Responses of AWS have a few kilobytes. libxml2 compares each attribute of an element with all others,
        /// so that the time grows with the square of the length: 429 KB took 15 s.
        package var length: Int
        package var depth: Int
        package var elements: Int

        /// 64 KiB.
        package static let defaultLength = 1 << 16

        package init(length: Int = Limits.defaultLength, depth: Int = 32, elements: Int = 65_536) {
            self.length = length
            self.depth = depth
            self.elements = elements
        }
    }

    /// Parses a document with libxml2's reader: no network, no entities but the five predefined ones, no
    /// document type, no encodings but UTF-8, UTF-16, ISO-8859-1 and ASCII.
    package init(parsing document: [UInt8], limits: Limits = Limits()) throws(XMLReadingError) {
        guard document.count <= limits.length else { throw .tooLong(limits.length) }
        guard !document.isEmpty else { throw .malformed(line: 1) }
        let result = document.withUnsafeBytes { bytes -> Result<XMLElement, XMLReadingError> in
            let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let prolog = sts_xml_read_prolog(start, CInt(bytes.count))
            guard prolog.has_document_type == 0 else { return .failure(.documentType) }
            guard prolog.has_other_encoding == 0 else { return .failure(.encoding) }
            guard prolog.malformed_line == 0 else { return .failure(.malformed(line: Int(prolog.malformed_line))) }
            guard let reader = xmlReaderForMemory(start, CInt(bytes.count), nil, nil, sts_xml_options()) else {
                return .failure(.malformed(line: 1))
            }
            defer { xmlFreeTextReader(reader) }
            do throws(XMLReadingError) {
                return .success(try Self.read(reader, limits))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    private static func read(_ reader: xmlTextReaderPtr, _ limits: Limits) throws(XMLReadingError) -> XMLElement {
        /// The open elements, the outermost first.
        var open: [XMLElement] = []
        var root: XMLElement?
        var count = 0
        while true {
            let step = xmlTextReaderRead(reader)
            guard step >= 0 else { throw .malformed(line: line(reader)) }
            guard step > 0 else { break }
            switch xmlTextReaderNodeType(reader) {
            case element:
                count += 1
                guard count <= limits.elements else { throw .tooManyElements(limits.elements) }
                guard open.count < limits.depth else { throw .tooDeep(limits.depth) }
                guard let name = text(xmlTextReaderConstLocalName(reader)) else {
                    throw .malformed(line: line(reader))
                }
                open.append(XMLElement(name, namespace: text(xmlTextReaderConstNamespaceUri(reader))))
                if xmlTextReaderIsEmptyElement(reader) == 1 { close(&open, &root) }
            case endElement: close(&open, &root)
            case characters, characterData, significantWhitespace:
                guard let last = open.indices.last else { continue }
                open[last].text += text(xmlTextReaderConstValue(reader)) ?? ""
            case documentType: throw .documentType
            case entityReference: throw .entity
            default: continue
            }
        }
        guard let root, open.isEmpty else { throw .malformed(line: line(reader)) }
        return root
    }

    private static func close(_ open: inout [XMLElement], _ root: inout XMLElement?) {
        guard var element = open.popLast() else { return }
        element.text = trimmed(element.text)
        if let last = open.indices.last { open[last].children.append(element) } else { root = element }
    }

    private static func trimmed(_ text: String) -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\n" || $0 == "\t" || $0 == "\r\n" || $0 == "\r" }
        var trimmed = text[...]
        while let first = trimmed.first, isSpace(first) { trimmed.removeFirst() }
        while let last = trimmed.last, isSpace(last) { trimmed.removeLast() }
        return String(trimmed)
    }

    private static func text(_ pointer: UnsafePointer<xmlChar>?) -> String? {
        pointer.map { String(decodingCString: $0, as: UTF8.self) }
    }

    private static func line(_ reader: xmlTextReaderPtr) -> Int {
        max(1, Int(xmlTextReaderGetParserLineNumber(reader)))
    }

    private static let element = CInt(XML_READER_TYPE_ELEMENT.rawValue)
    private static let endElement = CInt(XML_READER_TYPE_END_ELEMENT.rawValue)
    private static let characters = CInt(XML_READER_TYPE_TEXT.rawValue)
    private static let characterData = CInt(XML_READER_TYPE_CDATA.rawValue)
    private static let significantWhitespace = CInt(XML_READER_TYPE_SIGNIFICANT_WHITESPACE.rawValue)
    private static let documentType = CInt(XML_READER_TYPE_DOCUMENT_TYPE.rawValue)
    private static let entityReference = CInt(XML_READER_TYPE_ENTITY_REFERENCE.rawValue)
}
