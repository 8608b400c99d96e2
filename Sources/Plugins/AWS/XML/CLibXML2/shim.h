#ifndef STS_CLIBXML2_SHIM_H
#define STS_CLIBXML2_SHIM_H

#include <libxml/parser.h>
#include <libxml/xmlreader.h>

/* No network, no messages of the library's own on standard error, and entities stay what they are. */
static inline int sts_xml_options(void) {
    return XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA;
}

#endif
