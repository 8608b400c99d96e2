import JSON

/// The containers and volumes of the sidecar. Its settings (docs/sidecar.md) are environment variables.
struct SidecarContainers {
    private let policy: InjectionPolicy
    private let endpoints: SidecarEndpoints
    private let audience: String
    private let subjectTokenLifetime: Int
    private let resources: JSONValue
    /// The time for which a classic sidecar goes on after SIGTERM; nil where it ends at once.
    private let linger: String?
    /// The value of `STS_FILES`; nil where there is no file.
    private let files: String?
    private let user: Int?
    private let group: Int?

    /// The sidecar's user where the Pod's user is root: the conventional number of `nonroot` in container images.
    static let unprivilegedUser = 65_532

    init(
        _ policy: InjectionPolicy, endpoints: SidecarEndpoints, audience: String, pod: PodReading,
        annotations: OpenUnisonAnnotations, linger: String?, files: [InjectedFile], resources: JSONValue
    ) {
        self.policy = policy
        self.endpoints = endpoints
        self.audience = audience
        subjectTokenLifetime = policy.subjectTokenLifetime(terminationGracePeriod: pod.terminationGracePeriod)
        self.resources = resources
        self.linger = linger
        self.files = files.isEmpty ? nil : InjectedFile.setting(files)
        // The kubelet does not start a container with runAsNonRoot as root.
        user =
            annotations.user ?? policy.sidecar.security.user ?? (pod.runsAsUser == 0 ? Self.unprivilegedUser : nil)
        group = annotations.group ?? policy.sidecar.security.group
    }

    /// The native sidecar; the other containers start after it has fetched the tokens.
    var native: JSONValue {
        container(
            InjectedNames.sidecar, "run",
            [
                .init("restartPolicy", "Always"),
                .init(
                    "startupProbe",
                    [
                        "exec": ["command": [.string(InjectedNames.program), "probe"]],
                        "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 300,
                    ]),
            ])
    }

    /// The init container that fetches the first tokens for a classic sidecar.
    var firstFetch: JSONValue { container(InjectedNames.firstFetch, "once", []) }

    /// The classic sidecar.
    var classic: JSONValue {
        container(InjectedNames.sidecar, "run", [], linger.map { [(Self.lingerSetting, $0)] } ?? [])
    }

    private func container(
        _ name: String, _ command: JSONValue, _ more: [JSONValue.Member], _ moreSettings: [(String, String)] = []
    ) -> JSONValue {
        .object(
            [
                .init("name", .string(name)),
                .init("image", .string(policy.sidecar.image)),
                .init("command", [.string(InjectedNames.program)]),
                .init("args", [command]),
                .init(
                    "env", .array((settings + moreSettings).map { ["name": .string($0.0), "value": .string($0.1)] })),
            ] + more + [
                .init("resources", resources),
                .init("securityContext", securityContext),
                .init(
                    "volumeMounts",
                    [
                        [
                            "name": .string(InjectedNames.tokenVolume),
                            "mountPath": .string(InjectedNames.tokenFolder),
                        ],
                        [
                            "name": .string(InjectedNames.subjectTokenVolume),
                            "mountPath": .string(InjectedNames.subjectTokenFolder), "readOnly": true,
                        ],
                    ]),
            ])
    }

    /// The native sidecar of a Pod without properties of its own, without endpoints.
    static func template(_ policy: InjectionPolicy) throws(AdmissionDenial) -> JSONValue {
        var policy = policy
        policy.sidecar.security.user = nil
        policy.sidecar.security.group = nil
        let pod = try PodReading(["spec": [:]])
        return SidecarContainers(
            policy, endpoints: SidecarEndpoints([], known: .none, found: [:]), audience: policy.audience, pod: pod,
            annotations: try OpenUnisonAnnotations(pod, policy: policy), linger: nil, files: [],
            resources: try SidecarResourcePlan(policy.sidecar.resources, for: pod, policy).json
        ).native
    }

    /// The variables that are the same in every Pod, beside that of the server.
    static func constantSettings(_ policy: InjectionPolicy) -> [(String, String)] {
        var settings: [(String, String)] = []
        if policy.sidecar.tokenMode != 0o644 {
            let digits = String(policy.sidecar.tokenMode, radix: 8)
            settings.append((modeSetting, String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits))
        }
        if let trust = policy.trust { settings.append((trustSetting, EnvironmentVariableValue.escaped(trust))) }
        return settings
    }

    private var settings: [(String, String)] {
        var settings = [
            ("STS_SERVER", EnvironmentVariableValue.escaped(policy.server)),
            (Self.endpointsSetting, endpoints.setting),
        ]
        if let renewals = endpoints.renewals { settings.append((Self.renewalsSetting, renewals)) }
        if let lifetimes = endpoints.lifetimes { settings.append((Self.lifetimesSetting, lifetimes)) }
        if let files { settings.append((Self.filesSetting, files)) }
        return settings + Self.constantSettings(policy)
    }

    /// The variable of the endpoints: names, with `=PATH` where the path is not `/NAME`.
    static let endpointsSetting = "STS_ENDPOINTS"
    /// The variable of the token files' mode.
    private static let modeSetting = "STS_TOKEN_MODE"
    /// The variables of settings that have a default.
    static let optionalSettings = [
        modeSetting, trustSetting, lingerSetting, filesSetting, renewalsSetting, lifetimesSetting,
    ]
    /// The variable of the files beside the token files.
    static let filesSetting = "STS_FILES"
    /// The variable of the times that tokens remain valid when they are renewed.
    static let renewalsSetting = "STS_RENEW_BEFORE"
    /// The variable of the lifetimes that the Pod requests.
    static let lifetimesSetting = "STS_LIFETIMES"
    /// The variable of the time for which a classic sidecar goes on after SIGTERM.
    private static let lingerSetting = "STS_LINGER"
    /// The variable of the initial CA bundle.
    static let trustSetting = "STS_CA_CERTIFICATES"

    /// The security context that Pod Security `restricted` requires, with a read-only root file system.
    private var securityContext: JSONValue {
        var members: [JSONValue.Member] = [
            .init("allowPrivilegeEscalation", false),
            .init("capabilities", ["drop": ["ALL"]]),
            .init("privileged", false),
            .init("readOnlyRootFilesystem", true),
            .init("runAsNonRoot", true),
        ]
        if policy.sidecar.security.hasSeccompProfile {
            members.append(.init("seccompProfile", ["type": "RuntimeDefault"]))
        }
        if let user { members.append(.init("runAsUser", .integer(user))) }
        if let group { members.append(.init("runAsGroup", .integer(group))) }
        return .object(members)
    }

    /// The volume of issued tokens: in memory, so that tokens are never written to a disk.
    static let tokenVolume: JSONValue = [
        "name": .string(InjectedNames.tokenVolume), "emptyDir": ["medium": "Memory", "sizeLimit": "16Mi"],
    ]

    /// The volume of the sidecar's ServiceAccount token.
    var subjectTokenVolume: JSONValue {
        [
            "name": .string(InjectedNames.subjectTokenVolume),
            "projected": [
                "sources": [
                    [
                        "serviceAccountToken": [
                            "audience": .string(audience),
                            "expirationSeconds": .integer(subjectTokenLifetime), "path": "token",
                        ]
                    ]
                ]
            ],
        ]
    }

    /// The volume mount of every other container.
    static let tokenMount: JSONValue = [
        "name": .string(InjectedNames.tokenVolume), "mountPath": .string(InjectedNames.tokenFolder), "readOnly": true,
    ]
}
