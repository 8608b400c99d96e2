import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Testing

@testable import KubernetesPlugin

@Suite("The structured authentication configuration")
struct AuthenticationConfigurationTests {
    private func configuration(
        _ settings: KubernetesProvider.Settings, audiences: [String] = ["https://staging.example.com"]
    ) throws -> String {
        let issuer = try #require(Issuer(host: "issuer.example.com", path: "/staging"))
        return AuthenticationConfiguration(
            issuer: issuer, cluster: "production", audiences: audiences, settings: settings
        ).text
    }

    @Test("A public issuer needs its URL and the audience")
    func minimal() throws {
        #expect(
            try configuration(.init(server: "https://api.example.com")) == #"""
                apiVersion: apiserver.config.k8s.io/v1
                kind: AuthenticationConfiguration
                jwt:
                - issuer:
                    url: "https://issuer.example.com/staging"
                    audiences: ["https://staging.example.com"]
                  claimValidationRules:
                  - {claim: cluster, requiredValue: "production"}
                  claimMappings:
                    username: {claim: sub, prefix: "sts:"}
                  userValidationRules:
                  - expression: "!user.username.startsWith('system:')"
                    message: user names of the system are reserved

                """#)
    }

    @Test("A private issuer has a discovery URL and a CA; several audiences need a policy")
    func complete() throws {
        let text = try configuration(
            .init(
                server: "https://api.example.com",
                discoveryURL: "https://sts.internal.example.com:8443/staging/.well-known/openid-configuration",
                issuerCertificateAuthority: KubernetesProviderTests.certificate, usernamePrefix: "prod:",
                groupsClaim: "groups"), audiences: ["a", "b\""])
        #expect(
            text.contains(
                #"""
                    discoveryURL: "https://sts.internal.example.com:8443/staging/.well-known/openid-configuration"
                    audiences: ["a", "b\""]
                    audienceMatchPolicy: MatchAny
                    certificateAuthority: |
                      -----BEGIN CERTIFICATE-----
                      MIIBAA==
                      -----END CERTIFICATE-----
                """#))
        #expect(text.contains(#"    groups: {claim: "groups", prefix: "prod:"}"#))
    }
}
