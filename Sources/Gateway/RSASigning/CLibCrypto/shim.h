// The headers of OpenSSL's libcrypto, and functions for macros that Swift cannot import.
#pragma once
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

// Without the configuration file, which OPENSSL_CONF names: it could replace the implementation. Without a handler at
// exit, since other threads may still sign then.
static inline int sts_crypto_start(void) {
    return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
}
