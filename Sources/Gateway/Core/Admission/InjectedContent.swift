import JSON

/// Whether something of our names that is in a Pod already is what would be put there. Others may have added to it
/// since (the API server its defaults, an admission controller a mount), so it is asked whether all is there that
/// should be.
enum InjectedContent {
    /// What others rightly set anew: registries are mirrored, and resources are scaled.
    private static let adjustable: Set<String> = ["image", "resources"]

    /// Where the found value lacks something of the wanted one, such as `args`; nil where it has it all.
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
            // A certificate authority may be renewed between two reviews of one Pod.
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

    /// What tells a list's elements apart (a mount by its path, others by their name); nil where it is their order.
    private static func key(of elements: [JSONValue]) -> String? {
        ["mountPath", "name"].first { key in elements.allSatisfy { $0[key] != nil } }
    }
}
