import JSON

/// The inline volume of the node driver (docs/node-driver.md), which has the token files of a Pod without a sidecar.
struct NodeVolume {
    /// The number of endpoints that the driver accepts in one volume.
    static let maximumEndpoints = 16

    private static let endpointsAttribute = "endpoints"
    private static let filesAttribute = "files"
    private static let lifetimesAttribute = "lifetimes"

    /// The maximum lengths of its attributes in bytes, as the driver accepts them.
    static let maximumLengths = [
        (endpointsAttribute, 64 * maximumEndpoints), (lifetimesAttribute, 2_048),
        (filesAttribute, InjectedFile.maximumLength),
    ]

    private let driver: String
    private let endpoints: SidecarEndpoints
    private let files: [InjectedFile]

    /// - Parameter driver: the name of the CSIDriver object.
    init(driver: String, endpoints: SidecarEndpoints, files: [InjectedFile]) throws(AdmissionDenial) {
        guard endpoints.names.count <= Self.maximumEndpoints else {
            throw AdmissionDenial(
                .forbidden,
                "the Pod requests \(endpoints.names.count) endpoints, but a volume of the node driver has at most "
                    + "\(Self.maximumEndpoints); remove labels")
        }
        self.driver = driver
        self.endpoints = endpoints
        self.files = files
    }

    /// The element of `volumes`.
    var json: JSONValue {
        var attributes: [JSONValue.Member] = [
            .init(Self.endpointsAttribute, .string(endpoints.names.joined(separator: ",")))
        ]
        if !files.isEmpty { attributes.append(.init(Self.filesAttribute, .string(InjectedFile.setting(files)))) }
        if let lifetimes = endpoints.lifetimes { attributes.append(.init(Self.lifetimesAttribute, .string(lifetimes))) }
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
        guard let driver, let volume = pod.volumes[InjectedNames.tokenVolume]?.json.value,
            volume["csi"]?["driver"]?.stringValue == driver
        else { return nil }
        return volume
    }

    /// The lifetimes that such a volume requests, in seconds, by the endpoint's name.
    static func lifetimes(of volume: JSONValue) -> [String: Int] {
        SidecarEndpoints.seconds(volume["csi"]?["volumeAttributes"]?[lifetimesAttribute]?.stringValue ?? "")
    }

    /// The files of such a volume, of those endpoints only.
    static func files(of volume: JSONValue, _ endpoints: some Collection<String>) -> [InjectedFile] {
        let setting = volume["csi"]?["volumeAttributes"]?[filesAttribute]?.stringValue
        return setting.map { InjectedFile.list(setting: $0, of: endpoints) } ?? []
    }
}
