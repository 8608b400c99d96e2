// OpenSSL's TLS client, and what Swift cannot import of it: macros.
#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
