/// The sidecar's resource requests and limits, as Kubernetes quantities.
package struct SidecarResources: Sendable, Equatable {
    package var requestedCPU: String
    package var requestedMemory: String
    /// nil for none.
    package var cpuLimit: String?
    package var memoryLimit: String
    /// nil for none.
    package var requestedEphemeralStorage: String?
    /// nil for none.
    package var ephemeralStorageLimit: String?

    /// The configuration's defaults.
    package init() {
        let absent = ConfigurationValue(node: nil, keyPath: "", line: 0, problems: ProblemList())
        self.init(ConfigurationBlock(absent, ResourceKeys(), []))
    }
}
