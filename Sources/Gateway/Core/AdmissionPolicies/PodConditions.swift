import JSON

/// The validations of the validating policy: what must hold of a Pod after all mutations. A Pod that was not injected, since
/// the mutating policy is missing or not in force yet, is denied.
struct PodConditions {
    let policy: InjectionPolicy
    let endpoints: [PolicyEndpoint]

    private func key(_ name: String) -> String { CEL.text(policy.key(name)) }

    private static let folder = InjectedNames.tokenFolder
    private static let served = "variables.all.transformList(i, c, variables.served[i], c)"

    /// Why the mutating policy leaves a Pod as it is. An API server shows the message of the first condition that fails, so
    /// these are before those on what the Pod lacks then.
    private var reasonsToSkip: [(String, String)] {
        let reasons = [
            ("!variables.isWindows", OperatingSystem.denial),
            (
                "!variables.hasOwnSidecar",
                "the Pod has its own container \(InjectedNames.containers.sorted().joined(separator: " or ")), but the name is "
                    + "reserved for injection; use a different name, or remove the container if it was injected before"
            ),
            ("!variables.hasLongSettings", SidecarEndpoints.tooLong),
        ]
        let expressions = InjectionExpressions(policy: policy, endpoints: endpoints)
        return reasons
            + ["user", "group"].map { name in
                (expressions.isID(name), "\(policy.key(name)): invalid ID; expected a number from 1 to \(Int32.max)")
            }
    }

    /// Expressions that must be true, each with the message of the denial.
    var validations: [(expression: String, message: String)] {
        let reserved = CEL.texts(InjectedNames.containers.sorted())
        let rules: [(String, String)] = [
            (
                "variables.delivery in \(CEL.texts(policy.nodeDriver == nil ? ["sidecar"] : ["sidecar", "csi"]))",
                "\(policy.key(TokenDelivery.key)): invalid value; expected \"sidecar\""
                    + (policy.nodeDriver == nil ? ", since no node driver is installed" : " or \"csi\"")
            ),
            (
                "['skip-containers', 'include-containers'].all(n, "
                    + "variables.annotations[?\(key("")) + n].orValue('').size() <= \(InjectionExpressions.maximumList))",
                "\(policy.key("skip-containers")), \(policy.key("include-containers")): longer than "
                    + "\(InjectionExpressions.maximumList) characters; name fewer containers"
            ),
            (
                "variables.included.all(n, variables.all.exists(c, c.name == n))",
                "\(policy.key("include-containers")): unknown container; name a container of the Pod"
            ),
            (
                "!(\(key("sidecar-after")) in variables.annotations) || variables.delivery == 'csi' || "
                    + "variables.initContainers.exists(c, c.name == variables.annotations[\(key("sidecar-after"))])",
                "\(policy.key("sidecar-after")): unknown init container; name an init container of the Pod, or remove the "
                    + "annotation"
            ),
            (
                "variables.all.all(c, c.name in \(reserved) || c.?volumeMounts.orValue([]).all(m, "
                    + "m.name != '\(InjectedNames.subjectTokenVolume)'))",
                "a container mounts \(InjectedNames.subjectTokenVolume), which is reserved for the sidecar"
            ),
            (
                "\(Self.served).all(c, c.?volumeMounts.orValue([]).all(m, "
                    + "!m.mountPath.matches('^/*var/+run/+secrets/+sts(/|$)') || (m.mountPath == '\(Self.folder)' && "
                    + "m.name == '\(InjectedNames.tokenVolume)' && m.?readOnly.orValue(false) && "
                    + "m.?subPath.orValue('') == '' && m.?subPathExpr.orValue('') == '')))",
                "a container mounts another volume at or below \(Self.folder), or the tokens writable; use a different "
                    + "mount path, or add the container to \(policy.key("skip-containers"))"
            ),
            (
                "\(Self.served).all(c, c.?volumeMounts.orValue([]).all(m, m.name != '\(InjectedNames.tokenVolume)' || "
                    + "m.?readOnly.orValue(false) || \(createVolume) == 'false'))",
                "a container mounts \(InjectedNames.tokenVolume) writable; set readOnly: true"
            ),
            (
                "\(createVolume) in ['', 'true', 'false'] && (\(createVolume) != 'false' || "
                    + "variables.annotations[?\(key(TokenDelivery.key))].orValue('') != 'csi')",
                "\(policy.key("create-volume")): invalid value; expected \"true\", or \"false\" with delivery by a sidecar"
            ),
            (
                "variables.delivery != 'csi' || variables.found.size() <= \(NodeVolume.maximumEndpoints)",
                "a volume of the node driver has at most \(NodeVolume.maximumEndpoints) endpoints; remove labels"
            ),
            (lengths, SidecarEndpoints.tooLong),
            (volumes, "the Pod lacks a volume of injection, or has its own with the name; \(Self.missing)"),
            (
                sidecar,
                "the Pod lacks the sidecar of its endpoints, or has its own container \(InjectedNames.sidecar); \(Self.missing)"
            ),
            (
                "\(Self.served).all(c, c.?volumeMounts.orValue([]).exists(m, m.mountPath == '\(Self.folder)'))",
                "a container lacks the mount \(Self.folder); \(Self.missing)"
            ),
            ("variables.lacking.all(l, l.size() == 0)", "a container lacks a variable of injection; \(Self.missing)"),
        ]
        let all = (reasonsToSkip + rules).map { ("!variables.isRequested || (\($0.0))", $0.1) }
        return endpoints.flatMap(\.conditions) + all
    }

    private static let missing =
        "create the Pod again if it does not have one of its own, since the mutating policy may be new"

    private var createVolume: String { "variables.annotations[?\(key("create-volume"))].orValue('')" }

    /// The settings of endpoints, which an earlier injection may have made longer.
    private var lengths: String {
        let settings = CEL.texts([SidecarContainers.endpointsSetting, SidecarContainers.lifetimesSetting])
        func isShort(_ text: String, _ maximum: Int) -> String { "bytes(\(text)).size() <= \(maximum)" }
        let attributes = NodeVolume.maximumLengths.map { name, maximum in
            isShort("v.?csi.?volumeAttributes.?\(name).orValue('')", maximum)
        }
        return "variables.sidecars.all(c, c.?env.orValue([]).all(e, "
            + "(!(e.name in \(settings)) || \(isShort("e.?value.orValue('')", SidecarEndpoints.maximumLength))) && "
            + "(e.name != '\(SidecarContainers.filesSetting)' || "
            + "\(isShort("e.?value.orValue('')", InjectedFile.maximumLength))))) && "
            + "variables.volumes.all(v, v.name != '\(InjectedNames.tokenVolume)' || "
            + "(\(attributes.joined(separator: " && "))))"
    }

    private var volumes: String {
        let tokens = "v.name == '\(InjectedNames.tokenVolume)'"
        let csi = policy.nodeDriver.map { "v.?csi.?driver.orValue('') == \(CEL.text($0))" } ?? "false"
        return "variables.delivery == 'csi' ? variables.volumes.exists(v, \(tokens) && \(csi)) : "
            + "(variables.volumes.exists(v, \(tokens) && (v.?emptyDir.?medium.orValue('') == 'Memory' || "
            + "\(createVolume) == 'false')) && "
            + "variables.volumes.exists(v, v.name == '\(InjectedNames.subjectTokenVolume)' && "
            + "v.?projected.?sources.orValue([]).exists(s, s.?serviceAccountToken.?audience.orValue('') == "
            + "\(CEL.text(policy.audience)))))"
    }

    private var sidecar: String {
        let requested = CEL.list(endpoints.map { ($0.isRequested, "[\(CEL.text($0.name))]") })
        return "variables.delivery == 'csi' ? (\(requested)).all(n, n in variables.found) : "
            + "(variables.containers.exists(c, \(InjectionExpressions.isSidecar)) || variables.initContainers.exists(c, "
            + "\(InjectionExpressions.isSidecar) && c.?restartPolicy.orValue('') == 'Always')) && "
            + "(\(requested)).all(n, n in variables.found)"
    }
}
