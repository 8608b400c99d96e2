import JSON

/// The inline volume of the node driver (docs/node-driver.md), which has the token files of a Pod without a sidecar.
struct NodeVolume {
    /// The number of endpoints that the driver accepts in one volume.
    static let maximumEndpoints = 16

    private static let endpointsAttribute = "endpoints"
    private static let filesAttribute = "files"

    private let driver: String
    private let endpoints: [String]
    private let files: [InjectedFile]

    /// - Parameters:
    ///   - driver: the name of the CSIDriver object.
    ///   - endpoints: the names, sorted.
    init(driver: String, endpoints: [String], files: [InjectedFile]) throws(AdmissionDenial) {
        guard endpoints.count <= Self.maximumEndpoints else {
            throw AdmissionDenial(
                .forbidden,
                "the Pod requests \(endpoints.count) endpoints, but a volume of the node driver has at most "
                    + "\(Self.maximumEndpoints); remove labels")
        }
        self.driver = driver
        self.endpoints = endpoints
        self.files = files
    }

    /// The element of `volumes`.
    var json: JSONValue {
        var attributes: [JSONValue.Member] = [.init(Self.endpointsAttribute, .string(endpoints.joined(separator: ",")))]
        if !files.isEmpty { attributes.append(.init(Self.filesAttribute, .string(InjectedFile.setting(files)))) }
        return [
            "name": .string(InjectedNames.tokenVolume),
            "csi": ["driver": .string(driver), "readOnly": true, "volumeAttributes": .object(attributes)],
        ]
    }

    /// The endpoints of such a volume, whatever its driver is; empty for another volume.
    static func endpoints(of volume: JSONValue) -> [String] {
        guard volume["name"]?.stringValue == InjectedNames.tokenVolume,
            let text = volume["csi"]?["volumeAttributes"]?[endpointsAttribute]?.stringValue
        else { return [] }
        return text.split(separator: ",").map(String.init)
    }

    /// The volume of the Pod's tokens, if it is one of the driver.
    static func found(in pod: PodReading, driver: String?) -> JSONValue? {
        guard let driver, let volume = pod.volumes[InjectedNames.tokenVolume]?.json,
            volume["csi"]?["driver"]?.stringValue == driver
        else { return nil }
        return volume
    }

    /// The files of such a volume, of those endpoints only.
    static func files(of volume: JSONValue, _ endpoints: some Collection<String>) -> [InjectedFile] {
        let setting = volume["csi"]?["volumeAttributes"]?[filesAttribute]?.stringValue
        return setting.map { InjectedFile.list(setting: $0, of: endpoints) } ?? []
    }
}
