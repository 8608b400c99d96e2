// The headers of OpenSSL and glibc, and functions for macros that Swift cannot import.
#pragma once
#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static inline int sidecar_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

// TLS 1.2 or later with verification of the peer's certificate and without session tickets. Partial wildcards and the
// common name of the subject are not supported (RFC 9525 §2).
static inline void sidecar_set_connection(SSL *ssl) {
    SSL_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
}

static inline BIO *sidecar_memory(const void *bytes, int count) { return BIO_new_mem_buf(bytes, count); }

// Returns freed memory to the kernel, and drops the resident pages of the program's code: they are clean pages of a file
// and are mapped again on demand.
static inline void sidecar_release_memory(void) {
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    unsigned long count = getauxval(AT_PHNUM), page = getauxval(AT_PAGESZ);
    ElfW(Addr) base = 0;
    malloc_trim(0);
    if (headers == NULL || page == 0) return;
    for (unsigned long i = 0; i < count; i++) {
        if (headers[i].p_type == PT_PHDR) base = (ElfW(Addr))headers - headers[i].p_vaddr;
    }
    for (unsigned long i = 0; i < count; i++) {
        if (headers[i].p_type != PT_LOAD || !(headers[i].p_flags & PF_X) || (headers[i].p_flags & PF_W)) continue;
        ElfW(Addr) begin = (base + headers[i].p_vaddr + page - 1) / page * page;
        ElfW(Addr) end = (base + headers[i].p_vaddr + headers[i].p_filesz) / page * page;
        if (end > begin) madvise((void *)begin, end - begin, 4 /* MADV_DONTNEED */);
    }
}
