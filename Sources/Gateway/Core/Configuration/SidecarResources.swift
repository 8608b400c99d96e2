/// What the sidecar asks of its node, as quantities of Kubernetes.
package struct SidecarResources: Sendable, Equatable {
    package var requestedCPU = "5m"
    package var requestedMemory = "16Mi"
    /// None by default, since a throttled start would hold the Pod's start up.
    package var cpuLimit: String?
    package var memoryLimit = "32Mi"

    package init() {}

    init(_ block: BlockReader) {
        self.init()
        let (requests, limits) = (block.block("requests"), block.block("limits"))
        requestedCPU = Self.quantity(requests, "cpu") ?? requestedCPU
        requestedMemory = Self.quantity(requests, "memory") ?? requestedMemory
        cpuLimit = Self.quantity(limits, "cpu")
        memoryLimit = Self.quantity(limits, "memory") ?? memoryLimit
    }

    private static func quantity(_ block: BlockReader, _ key: String) -> String? {
        guard let text = block.text(key) else { return nil }
        if isQuantity(text) { return text }
        block.error(key, "\(block.quote(text, key)) does not fit; write a quantity, such as 5m or 32Mi")
        return nil
    }

    /// A positive number with or without a fraction and a suffix (apimachinery, resource.Quantity).
    private static func isQuantity(_ text: String) -> Bool {
        let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let number = Double(digits) ?? 0
        return number > 0 && digits.last != "." && suffixes.contains(String(text[digits.endIndex...]))
    }

    private static let suffixes: Set<String> = ["", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"]
}
