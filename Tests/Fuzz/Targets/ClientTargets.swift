import ExchangeClient
import JSON

/// What the sidecar reads of a gateway, which may be another server.
extension FuzzTarget {
    static let response = FuzzTarget("response") { input in
        let whole = read(input, pieces: input.count)
        for size in [1, 7] {
            let other = read(input, pieces: size)
            // Bytes after the response end the use of the connection where they arrive with it.
            try FuzzFinding.unless(
                other?.status == whole?.status && other?.fields == whole?.fields && other?.body == whole?.body,
                "pieces of \(size) bytes are read as another response")
        }
        guard let response = whole else { return }
        try FuzzFinding.unless(response.body.count <= 4_096, "a body that is longer than the limit")
        for wire in TokenRequest.Wire.allCases {
            guard let (token, lifetime) = try? TokenRequest.decode(response, wire, at: 1_778_251_200) else { continue }
            try FuzzFinding.unless(lifetime > 0, "a token without a lifetime")
            try FuzzFinding.unless("\(token)".utf8.count < 200, "a description with the token")
        }
    }

    private static func read(_ input: [UInt8], pieces size: Int) -> HTTPResponse? {
        var reader = HTTPResponseReader(maximumBodyBytes: 4_096)
        var rest = input[...]
        do throws(SidecarError) {
            while !rest.isEmpty {
                if let response = try reader.feed(rest.prefix(max(1, size))) { return response }
                rest = rest.dropFirst(max(1, size))
            }
            return try reader.finish()
        } catch {
            return nil
        }
    }

    static let clientJSON = FuzzTarget("client-json") { input in
        guard JSONReader.read(input) != nil else { return }
        // The gateway's parser is as strict; its limits are wider.
        try FuzzFinding.unless((try? JSON.JSONValue(parsing: input)) != nil, "accepted by the client alone")
    }

    static let bundle = FuzzTarget("ca-bundle") { input in
        let count = TrustedCertificates.forEachCertificate(in: input) { _ in }
        try FuzzFinding.unless(count >= 0 && count <= input.count / 27, "more certificates than the text has room for")
    }
}
