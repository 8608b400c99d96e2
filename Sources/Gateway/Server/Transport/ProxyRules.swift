import GatewayCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The proxy rules of the environment: `HTTPS_PROXY`, and `NO_PROXY` for exceptions; the names in lower case are read,
/// too. Plain `http` and loopback addresses do not use the proxy.
struct ProxyRules: Sendable {
    /// An entry of `NO_PROXY`.
    private enum Exception: Sendable {
        case everything
        /// The name itself, and every name below it.
        case name(String, isBelowOnly: Bool, port: Int?)
        case network([UInt8], bits: Int)
    }

    let proxy: ProxyAddress?
    private let exceptions: [Exception]

    /// The value of `HTTPS_PROXY` where it is not valid.
    let invalid: String?

    init(environment: [String: String]) {
        func variable(_ name: String) -> String? {
            [name, name.lowercased()].compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        let text = variable("HTTPS_PROXY")
        proxy = text.flatMap { ProxyAddress($0) }
        invalid = proxy == nil ? text : nil
        exceptions = (variable("NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.compactMap(Self.exception)
    }

    /// Returns the proxy for a host; nil for a direct connection.
    ///
    /// - Parameter host: a name, or an address without brackets.
    func proxy(forHost host: String, port: Int) -> ProxyAddress? {
        let host = host.lowercased()
        let address = Self.address(host)
        if host == "localhost" || address.map(Self.isLoopback) ?? false { return nil }
        for exception in exceptions {
            switch exception {
            case .everything: return nil
            case .name(let name, let isBelowOnly, let wanted):
                guard wanted == nil || wanted == port else { continue }
                if host.hasSuffix("." + name) || !isBelowOnly && host == name { return nil }
            case .network(let network, let bits):
                if let address, Self.has(network, bits, address) { return nil }
            }
        }
        return proxy
    }

    private static func exception(_ entry: Substring) -> Exception? {
        if entry == "*" { return .everything }
        var text = entry.lowercased()
        if let slash = text.lastIndex(of: "/") {
            guard let network = address(String(text[..<slash])), let bits = Int(text[text.index(after: slash)...]),
                (0...network.count * 8).contains(bits)
            else { return nil }
            return .network(network, bits: bits)
        }
        if let whole = address(text) { return .network(whole, bits: whole.count * 8) }
        var port: Int?
        if let withPort = ListenAddress(text) {
            if let whole = address(withPort.host) { return .network(whole, bits: whole.count * 8) }
            text = withPort.host
            port = withPort.port
        }
        if text.hasPrefix("*.") { text.removeFirst() }
        let isBelowOnly = text.hasPrefix(".")
        if isBelowOnly { text.removeFirst() }
        return text.isEmpty ? nil : .name(text, isBelowOnly: isBelowOnly, port: port)
    }

    /// Returns the 4 or 16 bytes of an address; nil for a name.
    private static func address(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
        return inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil
    }

    private static func isLoopback(_ address: [UInt8]) -> Bool {
        address.count == 4 ? address[0] == 127 : address == [UInt8](repeating: 0, count: 15) + [1]
    }

    private static func has(_ network: [UInt8], _ bits: Int, _ address: [UInt8]) -> Bool {
        guard network.count == address.count else { return false }
        return network.indices.allSatisfy { index in
            let maskBits = min(8, max(0, bits - index * 8))
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> maskBits)
            return network[index] & mask == address[index] & mask
        }
    }
}
