import JSON

/// Compares a container or volume that has a reserved name with the injected one. Other writers may have added members
/// (defaults of the API server, mounts of admission controllers), so only the injected members must be equal.
enum InjectedContent {
    /// Members that others may change: images for mirrors, resources for scaling.
    private static let adjustable: Set<String> = ["image", "resources"]

    /// The first member of the wanted value that is missing or different, such as `args`; nil where there is none.
    static func difference(_ found: JSONValue, from wanted: JSONValue) -> String? {
        for member in wanted.memberList where !adjustable.contains(member.name) {
            guard let value = found[member.name] else { return member.name }
            if let place = difference(value, from: member.value, at: member.name) { return place }
        }
        return nil
    }

    private static func difference(_ found: JSONValue, from wanted: JSONValue, at place: String) -> String? {
        switch (found, wanted) {
        case (.object, .object(let members)):
            // The CA bundle may change between two reviews of one Pod.
            if wanted["name"] == .string(SidecarContainers.trustSetting) { return nil }
            for member in members {
                let path = "\(place).\(member.name)"
                guard let value = found[member.name] else { return path }
                if let difference = difference(value, from: member.value, at: path) { return difference }
            }
            return nil
        case (.array(let elements), .array(let wantedElements)):
            guard let key = key(of: wantedElements) else {
                guard elements.count == wantedElements.count else { return place }
                return zip(elements, wantedElements).lazy.compactMap { difference($0, from: $1, at: place) }.first
            }
            for element in wantedElements {
                let named = elements.filter { $0[key] == element[key] }
                let path = "\(place)[\(element[key]?.stringValue ?? "")]"
                guard named.count == 1, let match = named.first else { return path }
                if let difference = difference(match, from: element, at: path) { return difference }
            }
            return nil
        default: return found == wanted ? nil : place
        }
    }

    /// The member that identifies a list's elements: `mountPath` or `name`; nil where they have only their order.
    private static func key(of elements: [JSONValue]) -> String? {
        ["mountPath", "name"].first { key in elements.allSatisfy { $0[key] != nil } }
    }
}
