public import GatewayPluginAPI

extension AWSProvider {
    /// What `injection(for:)` returns, but for session names of more than 64 characters: they are cut without a hash, which
    /// an admission policy cannot compute.
    public var injectionRules: InjectionRules? {
        var environment: [InjectionRules.Variable] = [
            .init(
                "AWS_ROLE_SESSION_NAME",
                .prefix(.joined([.namespace, .literal("."), .serviceAccountName]), RoleSessionName.maximumLength))
        ]
        for (name, other) in zip(Self.regionVariables, Self.regionVariables.reversed()) {
            let value = InjectionRules.Text.option("region")
            environment.append(
                region.map { region in
                    .init(
                        name, .ifOption("region", value, otherwise: .literal(region.rawValue)), unlessSet: [other])
                } ?? .init(name, value, unlessSet: [other], option: "region"))
        }
        let partitions = partition.map { [$0] } ?? Partition.allCases
        return InjectionRules(
            annotation: .init(
                pattern: RoleARN.pattern(of: partitions), maximumLength: RoleARN.maximumLength,
                expected: "a role ARN such as arn:aws:iam::111111111111:role/name"
                    + (partition.map { " of the partition \($0.rawValue)" } ?? "")),
            requiresAnnotation: true,
            options: [
                "region": .init(
                    pattern: partition.map { Region.pattern(of: $0) } ?? Region.pattern, maximumLength: 32,
                    expected: "a region such as eu-central-1" + (partition.map { " of \($0.rawValue)" } ?? ""))
            ],
            matches: partition == nil ? Partition.allCases.map(Self.match) : [], value: .annotation,
            environment: environment)
    }

    /// A role and the region of its Pod are in the same partition.
    private static func match(_ partition: Partition) -> InjectionRules.Match {
        .init(
            option: "region", optionPattern: partition.regionPattern,
            annotationPattern: RoleARN.pattern(of: [partition]),
            expected: "a role of the partition \(partition.rawValue), which the annotation aws-role-region selects")
    }
}

extension Partition {
    /// The names of its regions, as `init(ofRegion:)` recognizes them.
    var regionPattern: String {
        let number = "[1-9][0-9]?"
        return switch self {
        case .govCloud: "us-gov-[a-z]+-\(number)"
        case .iso: "us-iso-[a-z]+-\(number)"
        case .isoB: "us-isob-[a-z]+-\(number)"
        case .isoF: "us-isof-[a-z]+-\(number)"
        case .isoE: "eu-isoe-[a-z]+-\(number)"
        case .europeanSovereign: "eusc-de-[a-z]+-\(number)"
        case .china: "cn-[a-z]+-\(number)"
        case .commercial: "(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\(number)"
        }
    }
}

extension Region {
    /// The names of the regions of all known partitions.
    static var pattern: String { "(\(Partition.allCases.map(\.regionPattern).joined(separator: "|")))" }

    /// The names of regions that a partition may have: its own, and those of no known partition.
    static func pattern(of partition: Partition) -> String { partition.regionPattern }
}

extension RoleARN {
    static func pattern(of partitions: [Partition]) -> String {
        "arn:(\(partitions.map(\.rawValue).joined(separator: "|"))):iam::[0-9]{12}:role/([!-~]{0,510}/)?"
            + "[A-Za-z0-9_+=,.@-]{1,64}"
    }
}
