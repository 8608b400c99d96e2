/* Functions of ICU and liblzma that Debian's libxml2.a refers to. scripts/build-image links them into the gateway in place
   of those libraries, so that neither is in the image. Each one fails:

   - A converter of ICU cannot be opened. libxml2 then has its own encodings only: UTF-8, UTF-16, ISO-8859-1 and ASCII. The
     gateway accepts no other one in any build.
   - A document compressed by LZMA cannot be read. The gateway reads documents from memory, which are never decompressed. */

#include <stddef.h>
#include <unicode/ucnv.h>

UConverter *ucnv_open(const char *name, UErrorCode *status) {
    (void)name;
    *status = U_UNSUPPORTED_ERROR;
    return NULL;
}

void ucnv_close(UConverter *converter) { (void)converter; }

void ucnv_setToUCallBack(
    UConverter *converter, UConverterToUCallback action, const void *context, UConverterToUCallback *old_action,
    const void **old_context, UErrorCode *status
) {
    (void)converter, (void)action, (void)context, (void)old_action, (void)old_context;
    *status = U_UNSUPPORTED_ERROR;
}

void ucnv_setFromUCallBack(
    UConverter *converter, UConverterFromUCallback action, const void *context, UConverterFromUCallback *old_action,
    const void **old_context, UErrorCode *status
) {
    (void)converter, (void)action, (void)context, (void)old_action, (void)old_context;
    *status = U_UNSUPPORTED_ERROR;
}

void ucnv_convertEx(
    UConverter *target_converter, UConverter *source_converter, char **target, const char *target_limit,
    const char **source, const char *source_limit, UChar *pivot_start, UChar **pivot_source, UChar **pivot_target,
    const UChar *pivot_limit, UBool reset, UBool flush, UErrorCode *status
) {
    (void)target_converter, (void)source_converter, (void)target, (void)target_limit, (void)source, (void)source_limit;
    (void)pivot_start, (void)pivot_source, (void)pivot_target, (void)pivot_limit, (void)reset, (void)flush;
    *status = U_UNSUPPORTED_ERROR;
}

/* Named as callbacks of a converter that could not be opened, so nothing calls them. */
void UCNV_TO_U_CALLBACK_STOP(
    const void *context, UConverterToUnicodeArgs *arguments, const char *units, int32_t length,
    UConverterCallbackReason reason, UErrorCode *status
) {
    (void)context, (void)arguments, (void)units, (void)length, (void)reason;
    *status = U_UNSUPPORTED_ERROR;
}

void UCNV_FROM_U_CALLBACK_STOP(
    const void *context, UConverterFromUnicodeArgs *arguments, const UChar *units, int32_t length, UChar32 point,
    UConverterCallbackReason reason, UErrorCode *status
) {
    (void)context, (void)arguments, (void)units, (void)length, (void)point, (void)reason;
    *status = U_UNSUPPORTED_ERROR;
}

/* LZMA_OPTIONS_ERROR. */
enum { unsupported = 8 };

int lzma_auto_decoder(void *stream, unsigned long long limit, unsigned flags) {
    (void)stream, (void)limit, (void)flags;
    return unsupported;
}

int lzma_code(void *stream, int action) {
    (void)stream, (void)action;
    return unsupported;
}

void lzma_end(void *stream) { (void)stream; }

int lzma_properties_decode(void *filter, const void *allocator, const unsigned char *properties, size_t size) {
    (void)filter, (void)allocator, (void)properties, (void)size;
    return unsupported;
}
