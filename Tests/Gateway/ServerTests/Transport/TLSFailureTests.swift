import Kubernetes
import NIOSSL
import Testing

@Suite("Failures of TLS")
struct TLSFailureTests {
    @Test("They are explained without the text of the library")
    func texts() {
        struct Other: Error {}
        #expect(TLSFailure(Other()) == nil)
        #expect(
            TLSFailure(NIOSSLExtraError.failedToValidateHostname)?.description
                == "TLS failed: the certificate is for another host")
        #expect(
            TLSFailure(NIOSSLError.handshakeFailed(.sslError([BoringSSLInternalError.eofDuringHandshake])))?.description
                == "the connection was closed during the TLS handshake")
        #expect(TLSFailure(NIOSSLError.unableToValidateCertificate)?.description == "TLS failed")
    }
}
