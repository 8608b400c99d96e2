import Foundation
import GatewayTestSupport
import JSON
import Testing

@Suite("The whole gateway: commands", .wholeProcesses)
struct CommandAcceptanceTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: String...) async throws -> ChildProcess.Ended {
        try await ChildProcess.run(Place.gateway, arguments, workingDirectory: Place.repository)
    }

    @Test("config check prints every problem at once and exits 1; serve prints the same and exits 78")
    func problems() async throws {
        try folder.write(
            """
            clutser: typo
            review: {offline: {jwks: jwks.json, issuer: "https://kubernetes.default.svc"}}
            keyStore: {directory: keys}
            sts:
              endpoints:
              - {name: one, plugin: aws, path: /one, issuer: {host: one.example.com}, azRules: [{scope: filter, constraint: "(namespace"}]}
              - {name: two, plugin: nothing, path: /one, issuer: {host: two.example.com}}
            """, to: "bad.yaml")
        let check = try await run("config", "check", "\(folder.path)/bad.yaml")
        #expect(check.status == 1)
        let serve = try await run("serve", "--config", "\(folder.path)/bad.yaml")
        #expect(serve.status == 78)
        for needle in ["clutser", "sts.endpoints[0].azRules[0]", "sts.endpoints[1].plugin", "sts.endpoints[1].path"] {
            #expect(check.errors.contains(needle), "\(needle)\n\(check.errors)")
            #expect(serve.errors.contains(needle), "\(needle)")
        }
    }

    @Test("Invalid settings are reported themselves, and not the audience that they would give")
    func settings() async throws {
        try folder.write(
            """
            sts:
              endpoints:
              - name: one
                plugin: gcp
                settings: {projectNumber: my-project, pool: C, provider: one-two}
                publish: {plugin: gcp}
                issuer: {host: one.example.com}
              - name: two
                plugin: azure
                settings: {tenant: 6f1e2d3c-0000-4000-8000-0123456789ab, cloud: germany}
                issuer: {host: two.example.com}
              - {name: three, plugin: vault, issuer: {host: three.example.com}}
            """, to: "settings.yaml")
        let check = try await run("config", "check", "\(folder.path)/settings.yaml")
        for needle in [
            "sts.endpoints[0].settings.projectNumber", "sts.endpoints[0].settings.pool",
            "sts.endpoints[1].settings.cloud", "sts.endpoints[2].audience",
        ] {
            #expect(check.errors.contains(needle), "\(needle)\n\(check.errors)")
        }
        #expect(!check.errors.contains("endpoints[0].audience") && !check.errors.contains("endpoints[1].audience"))
        #expect(!check.errors.contains("endpoints[0].publish"), "a consequence")
    }

    @Test("A valid configuration passes the check, and so does the development configuration")
    func good() async throws {
        let check = try await run("config", "check", "\(Place.repository)/deploy/dev/gateway.yaml")
        #expect(check.status == 0, "\(check.errors)")
        #expect(check.output.hasSuffix(": ok\n"))
    }

    @Test("Unsupported settings and missing files are reported together with 78")
    func startProblems() async throws {
        try folder.write(
            """
            tls: {certificates: [{certificate: missing.pem, key: missing-key.pem}]}
            injection: {webhook: {clientCA: missing-ca.pem}}
            sts: {endpoints: []}
            """, to: "gateway.yaml")
        let serve = try await run("serve", "--config", "\(folder.path)/gateway.yaml")
        #expect(serve.status == 78)
        for needle in [
            "review: ", "keyStore: ", "tls.certificates[0].certificate: ", "tls.certificates[0].key: ",
            "injection.webhook.clientCA: ",
        ] {
            #expect(serve.errors.contains(needle), "\(needle)\n\(serve.errors)")
        }
    }

    @Test("A manifest with an unknown plugin prevents the start and lists the linked plugins")
    func manifest() async throws {
        try folder.write(
            #"{"plugins": [{"id": "nothing", "target": "NothingPlugin", "summary": "x"}]}"#, to: "plugins.json")
        try folder.write("sts: {endpoints: []}\n", to: "gateway.yaml")
        let serve = try await run(
            "serve", "--config", "\(folder.path)/gateway.yaml", "--plugins", "\(folder.path)/plugins.json")
        #expect(serve.status == 78)
        #expect(serve.errors.contains("nothing") && serve.errors.contains("aws") && serve.errors.contains("oidc"))
    }

    @Test("A missing configuration, an unknown command and an invalid address end with a message and their exit codes")
    func usage() async throws {
        let missing = try await run("serve", "--config", "\(folder.path)/none.yaml")
        #expect(missing.status == 78 && missing.errors.contains("none.yaml"))
        #expect(try await run("config", "check", "\(folder.path)/none.yaml").status == 1)
        #expect(try await run("nonsense").status == 64)
        let address = try await run(
            "serve", "--config", "\(Place.repository)/deploy/dev/gateway.yaml", "--listen", "nowhere")
        #expect(address.status == 64 && address.errors.contains("ADDRESS:PORT"))
    }

    @Test("version, plugins and config schema print their output")
    func informative() async throws {
        #expect(try await run("version").output.hasPrefix("sts-gateway "))
        let plugins = try await run("plugins", "--plugins", "plugins.json")
        #expect(plugins.output.contains("aws\tmounted") && plugins.output.contains("oidc\tmounted"))
        let schema = try await run("config", "schema")
        #expect(try JSONSerialization.jsonObject(with: Data(schema.output.utf8)) is [String: Any])
    }
}
