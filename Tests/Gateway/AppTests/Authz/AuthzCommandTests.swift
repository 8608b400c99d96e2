import ArgumentParser
import FoundationEssentials
import GatewayCore
import JSON
import Testing

@testable import GatewayApp

@Suite("authz explain", .builtInPlugins)
struct AuthzCommandTests {
    private func explain(_ arguments: String...) throws -> AuthzCommand.Explain {
        let command = try GatewayCommand.parseAsRoot(["authz", "explain"] + arguments)
        return try #require(command as? AuthzCommand.Explain)
    }

    /// The exit code of the process.
    private func code(_ arguments: String...) -> Int32 {
        do {
            var command = try GatewayCommand.parseAsRoot(["authz", "explain"] + arguments)
            try command.run()
            return 0
        } catch {
            return GatewayCommand.exitCode(for: error).rawValue
        }
    }

    @Test("Filters are indented below their parent, after their result")
    func text() throws {
        let question = try explain(
            "--constraint", "(&(|(namespace=a)(saname=x*))(!(pod-name=*))(team=b))", "--attribute", "namespace=a"
        ).question()
        #expect(
            question.explanation.text == """
                undefined azRules[0] filter (&(|(namespace=a)(saname=x*))(!(pod-name=*))(team=b))
                  true      (|(namespace=a)(saname=x*))
                    true      (namespace=a)
                    false     (saname=x*)
                  true      (!(pod-name=*))
                    false     (pod-name=*)
                  undefined (team=b)
                denied: no rule matched
                """)
        #expect(question.unknownAttributes?.contains("\"team\"") == true)
    }

    @Test("JSON has the decision, the rules and all filters")
    func json() throws {
        let question = try explain(
            "--json", "--constraint", "(!(namespace=a))", "--attribute", "NameSpace=b"
        ).question()
        #expect(
            question.explanation.json == [
                "decision": "allowed", "rule": 0,
                "rules": [
                    [
                        "rule": "filter (!(namespace=a))", "result": "true",
                        "filter": [
                            "text": "(!(namespace=a))", "result": "true",
                            "parts": [["text": "(namespace=a)", "result": "false"]],
                        ],
                    ]
                ],
            ])
    }

    @Test("The rules of a configured endpoint are evaluated with the configuration's cluster")
    func configured() throws {
        let file = try ConfigurationFileOnDisk(
            """
            cluster: production
            keyStore: {directory: keys}
            sts:
              endpoints:
              - name: one
                plugin: oidc
                audience: https://example.com
                path: /one
                issuer: {host: one.example.com}
                azRules:
                - {scope: group, constraint: "system:serviceaccounts:shop"}
                - {scope: filter, constraint: "(&(cluster=production)(endpoint=one)(namespace=a))"}
            """)
        let allowed = try explain("--config", file.path, "--endpoint", "one", "--attribute", "namespace=a").question()
        #expect(allowed.explanation.decision == .allowed(ruleIndex: 1))
        let byGroup = try explain(
            "--config", file.path, "--endpoint", "one", "--attribute", "groups=system:serviceaccounts", "--attribute",
            "groups=system:serviceaccounts:shop"
        ).question()
        #expect(byGroup.explanation.text.hasPrefix("true      azRules[0] group system:serviceaccounts:shop\n"))
        #expect(code("--config", file.path, "--endpoint", "one", "--attribute", "namespace=a") == 0)
        #expect(code("--config", file.path, "--endpoint", "one", "--attribute", "cluster=b") == 1)
        #expect(code("--config", file.path, "--endpoint", "two", "--attribute", "namespace=a") == 64)
        #expect(code("--config", file.path, "--attribute", "namespace=a") == 64)
        #expect(code("--config", "/nowhere/gateway.yaml", "--endpoint", "one") == 64)
    }

    @Test("A configuration with an invalid filter is an error with the key path")
    func badConfiguration() throws {
        let file = try ConfigurationFileOnDisk(
            """
            keyStore: {directory: keys}
            sts:
              endpoints:
              - name: one
                plugin: oidc
                audience: https://example.com
                path: /one
                issuer: {host: one.example.com}
                azRules: [{scope: filter, constraint: "(namespace=a"}]
            """)
        let command = try explain("--config", file.path, "--endpoint", "one")
        let problem = #expect(throws: AuthzQuestion.InputError.self) { try command.question() }
        #expect(problem?.lines.contains { $0.contains("azRules[0]") } == true, "\(problem?.lines ?? [])")
    }

    @Test("Allowed is 0, denied is 1")
    func decided() {
        #expect(code("--constraint", "(namespace=a)", "--attribute", "namespace=a") == 0)
        #expect(code("--constraint", "(namespace=a)", "--attribute", "namespace=b") == 1)
        #expect(code("--constraint", "(namespace=a)") == 1)
        #expect(code("--json", "--constraint", "(namespace=a)", "--attribute", "namespace=b") == 1)
    }

    @Test(
        "Invalid input is 64",
        arguments: [
            ["--constraint", "(namespace=a"],
            ["--constraint", ""],
            ["--constraint", "(team=a)", "--attribute", "namespace=a"],
            ["--constraint", "(|(namespace=a)(team=a))", "--attribute", "namespace=a"],
            ["--constraint", "(namespace=a)", "--attribute", "team=a"],
            ["--constraint", "(namespace=a)", "--attribute", "namespace"],
            ["--constraint", "(namespace=a)", "--attribute", "namespace="],
            ["--constraint", "(namespace=a)", "--attribute", "=a"],
            ["--constraint", "(namespace=a)", "--attribute", "namespace=a", "--attribute", "Namespace=a"],
            ["--constraint", "(namespace=a)", "--attribute", "username=root"],
            [
                "--constraint", "(namespace=a)", "--attribute", "namespace=b", "--attribute",
                "username=system:serviceaccount:a:web",
            ],
            ["--constraint", "(namespace=a)", "--endpoint", "one"],
            ["--constraint", "(namespace=a)", "--plugins", "plugins.json"],
            ["--constraint", "(namespace=a)", "--nonsense"],
            ["--endpoint", "one"],
            [],
        ])
    func notUnderstood(arguments: [String]) {
        do {
            var command = try GatewayCommand.parseAsRoot(["authz", "explain"] + arguments)
            try command.run()
            Issue.record("it was understood")
        } catch {
            #expect(GatewayCommand.exitCode(for: error).rawValue == 64)
        }
    }

    @Test("Every attribute of a rule can be set", arguments: WorkloadAttributes.names)
    func everyAttribute(name: String) throws {
        let value = name == "username" ? "system:serviceaccount:a:web" : "x=y"
        let attributes = try GivenAttributes(["\(name)=\(value)"]).attributes(cluster: nil, endpoint: nil)
        #expect(attributes.values(of: name) == [value])
        for other in WorkloadAttributes.names where other != name && other != "username" && name != "username" {
            #expect(attributes.lookup(other) == .absent, "\(other)")
        }
    }

    @Test("Labels and annotations can be set")
    func metadata() throws {
        let attributes = try GivenAttributes([
            "Namespace-Label/example.com/Team=blue", "sa-label/a=", "sa-annotation/a=x=y",
        ]).attributes(cluster: nil, endpoint: nil)
        #expect(attributes.values(of: "namespace-label/example.com/Team") == ["blue"])
        #expect(attributes.values(of: "sa-label/a") == [""])
        #expect(attributes.values(of: "sa-annotation/a") == ["x=y"])
        #expect(attributes.lookup("sa-label/b") == .absent)
        let filter = ["--constraint", "(namespace-label/team=blue)"]
        #expect(code(filter[0], filter[1], "--attribute", "namespace-label/team=blue") == 0)
        #expect(code(filter[0], filter[1], "--attribute", "namespace-label/team=red") == 1)
        #expect(code(filter[0], filter[1]) == 1)
        #expect(code(filter[0], filter[1], "--attribute", "namespace-label/-=red") == 64)
        #expect(
            code(
                filter[0], filter[1], "--attribute", "namespace-label/team=a", "--attribute",
                "NAMESPACE-LABEL/team=b") == 64)
    }

    @Test("Namespace and ServiceAccount are derived from the username")
    func username() throws {
        let attributes = try GivenAttributes(["username=system:serviceaccount:a:web"])
            .attributes(cluster: nil, endpoint: nil)
        #expect(attributes.values(of: "namespace") == ["a"] && attributes.values(of: "saname") == ["web"])
    }
}

/// A configuration in a temporary folder, for the lifetime of the value.
private final class ConfigurationFileOnDisk {
    let path: String

    init(_ yaml: String) throws {
        var random = SystemRandomNumberGenerator()
        path = "\(FileManager.default.temporaryDirectory.path)/authz-\(random.next() as UInt64).yaml"
        try Data(yaml.utf8).write(to: URL(filePath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
