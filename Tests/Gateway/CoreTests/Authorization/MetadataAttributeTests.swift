import GatewayCore
import Testing

@Suite("Labels and annotations as attributes")
struct MetadataAttributeTests {
    private static let metadata = WorkloadMetadata(
        namespace: .init(uid: "ns-uid", labels: ["team": "blue", "empty": ""], annotations: ["team": "wrong"]),
        serviceAccount: .init(
            uid: "sa-uid", labels: ["example.com/tier": "gold"], annotations: ["example.com/Owner": "Jane <j@x>"]))

    private func result(_ filter: String, _ metadata: WorkloadMetadata = metadata) throws -> FilterResult {
        try SearchFilter(parsing: filter).evaluate(.sample(metadata: metadata))
    }

    @Test(
        "A name is a case-insensitive kind, a slash and a case-sensitive key",
        arguments: [
            ("namespace-label/team", "namespace-label/team"), ("Namespace-Label/Team", "namespace-label/Team"),
            ("SA-LABEL/example.com/a_b.C", "sa-label/example.com/a_b.C"),
            ("sa-annotation/Example.com/x", "sa-annotation/Example.com/x"),
        ])
    func names(name: String, canonical: String) throws {
        #expect(MetadataAttribute(named: name)?.name == canonical)
        let filter = try SearchFilter(parsing: "(\(name)=a)")
        #expect(filter.description == "(\(canonical)=a)")
        #expect(filter.unknownAttributes.isEmpty)
    }

    @Test(
        "An invalid label key is not an attribute",
        arguments: [
            "namespace-label", "namespace-label/", "namespace-label/-a", "namespace-label/a.", "sa-label/a/b/c",
            "sa-label/Example.com/a", "sa-label//a", "sa-label/a b", "sa-label/\u{e4}", "pod-label/a",
            "namespace-annotation/a", "namespace-label/" + String(repeating: "a", count: 64),
            "sa-annotation/\u{212a}",
        ])
    func badKeys(name: String) { #expect(MetadataAttribute(named: name) == nil) }

    @Test("An invalid key in a rule is rejected as an unknown attribute")
    func badKeyInRule() {
        #expect(throws: AccessRuleError.unknownAttributes(["sa-label/-a"])) {
            try AccessRule(scope: "filter", constraint: "(sa-label/-a=b)")
        }
    }

    @Test(
        "A comparison with an absent label is false; an empty value is a value",
        arguments: [
            ("(namespace-label/team=blue)", .true), ("(NAMESPACE-LABEL/team=blue)", .true),
            ("(namespace-label/team=Blue)", .false), ("(namespace-label/Team=blue)", .false),
            ("(namespace-label/team=wrong)", .false), ("(namespace-label/other=*)", .false),
            ("(!(namespace-label/other=*))", .true), ("(namespace-label/empty=*)", .true),
            ("(namespace-label/empty=)", .true), ("(sa-label/example.com/tier=go*)", .true),
            ("(sa-label/team=blue)", .false), ("(sa-annotation/example.com/Owner=Jane*)", .true),
            ("(sa-annotation/example.com/owner=*)", .false),
        ] as [(String, FilterResult)])
    func evaluation(filter: String, expected: FilterResult) throws {
        #expect(try result(filter) == expected)
    }

    @Test("An object that was not read is undefined, so that a negation does not allow either")
    func unread() throws {
        #expect(try result("(namespace-label/team=blue)", WorkloadMetadata()) == .undefined)
        #expect(try result("(!(sa-label/team=blue))", WorkloadMetadata()) == .undefined)
        #expect(WorkloadAttributes.sample().lookup("namespace-label/team") == .unknown)
    }

    @Test("Attributes are looked up by their names in rules")
    func lookup() {
        let attributes = WorkloadAttributes.sample(metadata: Self.metadata)
        #expect(attributes.values(of: "namespace-label/team") == ["blue"])
        #expect(attributes.lookup("namespace-label/other") == .absent)
        #expect(attributes.lookup("namespace-label/-") == .unknown)
    }

    @Test(
        "A policy lists the objects that must be read",
        arguments: [
            (["(namespace=a)"], []), (["(namespace-label/a=b)"], [.namespace]),
            (["(namespace=a)", "(!(|(uid=a)(sa-annotation/a=b)))"], [.serviceAccount]),
            (["(&(sa-label/a=b)(namespace-label/a=b))"], [.namespace, .serviceAccount]),
        ] as [([String], Set<WorkloadMetadata.Source>)])
    func sources(filters: [String], expected: Set<WorkloadMetadata.Source>) throws {
        var rules = try filters.map { try AccessRule(scope: "filter", constraint: $0) }
        rules.append(try AccessRule(scope: "group", constraint: "a"))
        #expect(AccessPolicy(rules: rules).metadataSources == expected)
        #expect(try SearchFilter(parsing: filters[filters.count - 1]).metadataSources == expected)
    }

    @Test(
        "A tenant-writable attribute causes a warning unless it is combined with a namespace",
        arguments: [
            ("(sa-label/a=b)", 1), ("(sa-annotation/a=b)", 1), ("(namespace-label/a=b)", 0),
            ("(&(namespace=x)(sa-label/a=b))", 0), ("(&(namespace=x)(|(sa-label/a=b)(!(sa-annotation/a=b))))", 0),
            ("(&(|(namespace=x)(namespace=y))(sa-label/a=b))", 0), ("(&(&(namespace=x)(uid=a))(sa-label/a=b))", 0),
            ("(&(namespace=x*)(sa-label/a=b))", 1), ("(&(namespace=*)(sa-label/a=b))", 1),
            ("(|(namespace=x)(sa-label/a=b))", 1), ("(&(!(namespace=x))(sa-label/a=b))", 1),
            ("(!(&(namespace=x)(sa-label/a=b)))", 1), ("(&(|(namespace=x)(uid=a))(sa-label/a=b)(sa-label/c=d))", 2),
            ("(|(sa-label/a=b)(&(saname=c)(sa-label/a=b)))", 1),
        ])
    func tenantWritable(filter: String, count: Int) throws {
        let warnings = try AccessRule(scope: "filter", constraint: filter).warnings
        #expect(warnings.count == count, "\(warnings)")
        #expect(warnings.allSatisfy { $0.contains("(&(namespace=myns)(sa-") })
    }
}
