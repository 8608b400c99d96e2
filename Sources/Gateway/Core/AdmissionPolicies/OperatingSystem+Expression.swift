extension OperatingSystem {
    /// ``isWindows(_:nodeSelector:)`` of the Pod, with the variable `all` of ``InjectionExpressions``.
    static var isWindowsExpression: String {
        let names =
            ["object.spec.?os.?name"] + labels.sorted().map { "object.spec.?nodeSelector[?\(CEL.text($0))]" }
        let terms =
            "object.spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms"
            + ".orValue([])"
        let values = "e.?values.orValue([])"
        let admitsOnlyWindows =
            "e.key in \(CEL.texts(labels.sorted())) && ((e.operator == 'In' && \(values).size() > 0 && "
            + "\(values).all(v, v.lowerAscii() == 'windows')) || "
            + "(e.operator == 'NotIn' && \(values).exists(v, v.lowerAscii() == 'linux')))"
        let parts =
            names.map { "\($0).orValue('').lowerAscii() == 'windows'" } + [
                hasOptions("object.spec"), "variables.all.exists(c, \(hasOptions("c")))",
                "(\(terms).size() > 0 && \(terms).all(t, t.?matchExpressions.orValue([]).exists(e, \(admitsOnlyWindows))))",
            ]
        return parts.joined(separator: " || ")
    }

    /// Whether the securityContext has `windowsOptions` with a member.
    private static func hasOptions(_ place: String) -> String {
        let members = ["gmsaCredentialSpec", "gmsaCredentialSpecName", "hostProcess", "runAsUserName"]
        let parts = members.map { "\(place).?securityContext.?windowsOptions.?\($0).hasValue()" }
        return "(\(parts.joined(separator: " || ")))"
    }
}
