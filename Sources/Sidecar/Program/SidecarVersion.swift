enum SidecarVersion {
    /// The project's; the gateway's own has the same.
    static let text = "0.2.0"
}
