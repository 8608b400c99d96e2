import FoundationEssentials
import GatewayPluginAPI
import GatewayServer
import Logging
import Testing

@testable import Gateway
@testable import GatewayCore

@Suite("docs/configuration.md")
struct ConfigurationDocumentTests {
    private func load(_ yaml: String) throws -> (configuration: GatewayConfiguration?, problems: [ConfigurationProblem])
    {
        ConfigurationLoader.load(
            try YAMLConfigurationSource.parse(yaml), catalog: PluginCatalog(plugins: BuiltInPlugins.all),
            context: ConfigurationContext(namespace: "sts", logger: Logger(label: "test")))
    }

    private func page() throws -> String { try file("docs/configuration.md") }

    /// A file of the repository.
    private func file(_ path: String) throws -> String {
        // Tests/Gateway/AppTests/<this file>
        let root = #filePath.split(separator: "/").dropLast(5).joined(separator: "/")
        let contents = try #require(FileManager.default.contents(atPath: "/\(root)/\(path)"))
        return String(decoding: contents, as: UTF8.self)
    }

    /// The YAML blocks of the page.
    private func examples() throws -> [String] {
        let parts = try page().split(separator: "```yaml\n").dropFirst()
        return parts.compactMap { part in
            part.firstRange(of: "\n```").map { String(part[..<$0.lowerBound]) }
        }
    }

    @Test("has an annotated example that loads unchanged")
    func loads() throws {
        let example = try #require(try examples().first)
        let (configuration, problems) = try load(example)
        #expect(problems.filter { $0.severity == .error } == [])
        let endpoints = try #require(configuration?.endpoints)
        #expect(endpoints.map(\.name) == ["reports"])
        #expect(endpoints.map(\.pluginID.rawValue) == ["oidc"])
    }

    @Test("has every key in that example")
    func everyKey() throws {
        let example = try #require(try examples().first)
        for path in ConfigurationSchema.keyPaths {
            let name = try #require(path.split(separator: ".").last)
            #expect(example.contains("\(name):"), "\(path) is not in the example; add it, in a comment at least")
        }
    }

    @Test("has every key in a table")
    func everyKeyExplained() throws {
        let page = try page()
        for path in ConfigurationSchema.keyPaths {
            let name = try #require(path.split(separator: ".").last)
            #expect(page.contains("\(name)` | "), "\(path) is in no table; add a line")
        }
    }

    @Test("is not the only example: the development configuration loads without problems")
    func development() throws {
        let (configuration, problems) = try load(file("deploy/dev/gateway.yaml"))
        #expect(problems == [])
        #expect(configuration?.endpoints.map(\.name) == ["aws-one", "aws-two"])
    }

    @Test("has only YAML blocks that load")
    func allExamples() throws {
        for example in try examples() {
            let (_, problems) = try load(example)
            #expect(problems.filter { $0.severity == .error } == [], "\(example)")
        }
    }
}

@Suite("OpenUnison's values.yaml")
struct OpenUnisonValuesTests {
    /// The `sts` block of OpenUnison's guide to its Security Token Service.
    static let sts = """
        sts:
          endpoints:
          - name: aws
            audience: sts.aws.com
            path: /aws
            azRules:
            - scope: filter
              constraint: "(namespace=myns)"
            issuer:
              host: "d1dexjaad4ian0.cloudfront.net"
              keypair: "unison-saml2-rp-sig"
            injector:
              label: aws-role
              token_environment_variable_name: "AWS_WEB_IDENTITY_TOKEN_FILE"
              label_value_environment_variable_name: "AWS_ROLE_ARN"
              # explicit_certificate_trust: true
        """

    private func load(_ yaml: String) throws -> (configuration: GatewayConfiguration?, problems: [ConfigurationProblem])
    {
        ConfigurationLoader.load(
            try YAMLConfigurationSource.parse(yaml), catalog: PluginCatalog(plugins: BuiltInPlugins.all),
            context: ConfigurationContext(namespace: "openunison", logger: Logger(label: "test")))
    }

    @Test("has an sts block that loads unchanged, without problems")
    func unchanged() throws {
        let (loaded, problems) = try load(Self.sts)
        #expect(problems == [])
        let endpoint = try #require(loaded?.endpoints.first)
        #expect(endpoint.pluginID.rawValue == "aws")
        #expect(endpoint.endpoint.audiences == ["sts.aws.com"])
        #expect(endpoint.path.description == "/aws")
        #expect(endpoint.issuer.url == "https://d1dexjaad4ian0.cloudfront.net")
        #expect(endpoint.keypair == "unison-saml2-rp-sig")
        #expect(
            endpoint.injector
                == .init(
                    label: "aws-role", tokenVariable: "AWS_WEB_IDENTITY_TOKEN_FILE", valueVariable: "AWS_ROLE_ARN",
                    explicitCertificateTrust: false, options: ["region"],
                    exclusiveVariables: ["AWS_ROLE_SESSION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"]))
        #expect(endpoint.subjectToken.audiences == ["sts-gateway.openunison.svc"])
    }

    @Test("loads completely, with one warning for the other blocks")
    func whole() throws {
        let (loaded, problems) = try load(
            """
            network:
              openunison_host: "k8sou.example.com"
            cert_template: {ou: Kubernetes, o: MyOrg}
            image: ghcr.io/openunison/openunison-k8s
            k8s_cluster_name: production
            enable_impersonation: false
            trusted_certs: []
            operator:
              mutators:
              - injector-aws

            """ + Self.sts)
        #expect(loaded?.cluster == "production")
        #expect(
            problems.map { $0.text(file: "values.yaml") } == [
                "values.yaml:1: warning: of OpenUnison's keys only sts and k8s_cluster_name are read; "
                    + "ignored: network, cert_template, image, enable_impersonation, trusted_certs, operator (STS1302)"
            ])
    }
}
