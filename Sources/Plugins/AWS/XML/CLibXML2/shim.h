#ifndef STS_CLIBXML2_SHIM_H
#define STS_CLIBXML2_SHIM_H

#include <libxml/parser.h>
#include <libxml/xmlreader.h>
#include <string.h>

/* No network, no messages on standard error, no entity substitution. */
static inline int sts_xml_options(void) {
    return XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA;
}

/* Encoding converters have no parser to report to; they would write parts of the text to standard error. */
static inline void sts_xml_silent(void *context, const char *message, ...) {}

#if LIBXML_VERSION >= 21200
typedef const xmlError *sts_xml_error;
#else
typedef xmlErrorPtr sts_xml_error;
#endif

/* What is before the first element. */
struct sts_xml_prolog {
    xmlParserCtxtPtr parser;
    int has_document_type;
    /* Declares another encoding than those of sts_xml_is_known. */
    int has_other_encoding;
    /* The line of the first error; 0 for none. */
    int malformed_line;
};

static inline void sts_xml_document_type(
    void *data, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id
) {
    struct sts_xml_prolog *prolog = (struct sts_xml_prolog *)data;
    prolog->has_document_type = 1;
    xmlStopParser(prolog->parser);
}

/* The encodings that libxml2 converts itself, whatever it was built with. */
static inline int sts_xml_is_known(const xmlChar *encoding) {
    const char *const names[] = {"UTF-8", "UTF8", "UTF-16", "UTF-16LE", "UTF-16BE", "ISO-8859-1", "US-ASCII", "ASCII"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (xmlStrcasecmp(encoding, BAD_CAST names[i]) == 0) return 1;
    }
    return 0;
}

/* After the XML declaration. */
static inline void sts_xml_started(void *data) {
    struct sts_xml_prolog *prolog = (struct sts_xml_prolog *)data;
    if (prolog->parser == NULL || prolog->parser->encoding == NULL) return;
    if (sts_xml_is_known(prolog->parser->encoding)) return;
    prolog->has_other_encoding = 1;
    xmlStopParser(prolog->parser);
}

static inline void sts_xml_first_element(
    void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespace_count,
    const xmlChar **namespaces, int attribute_count, int defaulted_count, const xmlChar **attributes
) {
    xmlStopParser(((struct sts_xml_prolog *)data)->parser);
}

/* After an error the parser continues without callbacks, so a later document type would not be found. */
static inline void sts_xml_failed(void *data, sts_xml_error error) {
    struct sts_xml_prolog *prolog = (struct sts_xml_prolog *)data;
    if (error->level != XML_ERR_FATAL || prolog->malformed_line != 0) return;
    prolog->malformed_line = error->line > 0 ? error->line : 1;
    if (error->code == XML_ERR_UNSUPPORTED_ENCODING || error->code == XML_ERR_UNKNOWN_ENCODING) {
        prolog->has_other_encoding = 1;
    }
    if (prolog->parser != NULL) xmlStopParser(prolog->parser);
}

/* Finds a document type declaration before it is read. The reader reports it only at its end, and nested parameter
   entities can make that end unreachable. */
static inline struct sts_xml_prolog sts_xml_read_prolog(const char *start, int length) {
    /* Per thread. */
    xmlSetGenericErrorFunc(NULL, sts_xml_silent);
    xmlSAXHandler handler;
    memset(&handler, 0, sizeof handler);
    handler.initialized = XML_SAX2_MAGIC;
    handler.startDocument = sts_xml_started;
    handler.internalSubset = sts_xml_document_type;
    handler.startElementNs = sts_xml_first_element;
    handler.serror = sts_xml_failed;
    struct sts_xml_prolog prolog = {NULL, 0, 0, 0};
    /* Like the reader: the first four bytes determine the encoding. */
    int first = length < 4 ? length : 4;
    prolog.parser = xmlCreatePushParserCtxt(&handler, &prolog, start, first, NULL);
    if (prolog.parser == NULL) {
        prolog.malformed_line = 1;
        return prolog;
    }
    xmlCtxtUseOptions(prolog.parser, sts_xml_options());
    if (prolog.malformed_line == 0) xmlParseChunk(prolog.parser, start + first, length - first, 1);
    if (prolog.parser->myDoc != NULL) xmlFreeDoc(prolog.parser->myDoc);
    prolog.parser->myDoc = NULL;
    xmlFreeParserCtxt(prolog.parser);
    prolog.parser = NULL;
    return prolog;
}

#endif
