import JSON

/// Compares a volume that has a reserved name with the injected one. Other writers may have added members (defaults of the
/// API server), so only the injected members must be equal.
enum InjectedContent {
    /// The first member of the wanted value that is missing or different, such as `emptyDir.medium`; nil where there is
    /// none.
    static func difference(_ found: JSONValue, from wanted: JSONValue) -> String? {
        for member in wanted.memberList {
            guard let value = found[member.name] else { return member.name }
            if let place = difference(value, from: member.value, at: member.name) { return place }
        }
        return nil
    }

    private static func difference(_ found: JSONValue, from wanted: JSONValue, at place: String) -> String? {
        switch (found, wanted) {
        case (.object, .object(let members)):
            for member in members {
                let path = "\(place).\(member.name)"
                guard let value = found[member.name] else { return path }
                if let difference = difference(value, from: member.value, at: path) { return difference }
            }
            return nil
        case (.array(let elements), .array(let wantedElements)):
            guard elements.count == wantedElements.count else { return place }
            return zip(elements, wantedElements).lazy.compactMap { difference($0, from: $1, at: place) }.first
        default: return found == wanted ? nil : place
        }
    }
}
