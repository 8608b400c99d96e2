import FoundationEssentials
import JSON

/// The objects of the cluster and their history, as a value: each change increases the one resourceVersion that all
/// kinds share, as in etcd.
struct StoredObjects: Sendable {
    private(set) var revision = 1
    private(set) var objects: [ObjectKey: JSONValue] = [:]
    /// The changes since ``compactedRevision``.
    private(set) var history: [StoreChange] = []
    /// A watch from before this one gets 410.
    private(set) var compactedRevision = 0
    private var objectCount = 0

    func object(_ key: ObjectKey) throws(APIStatus) -> JSONValue {
        guard let object = objects[key] else { throw .notFound(key.resource, key.name) }
        return object
    }

    func matching(_ scope: WatchScope) -> [(key: ObjectKey, object: JSONValue)] {
        objects.filter { key, object in
            key.resource == scope.resource && (scope.namespace == nil || scope.namespace == key.namespace)
                && scope.selector.matches(object)
        }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    mutating func create(
        _ resource: APIResource, namespace: String?, _ body: JSONValue, at now: Date
    ) throws(APIStatus) -> JSONValue {
        var object = body
        let name = try newName(resource, body)
        if let given = body[path: "metadata", "namespace"]?.string, given != namespace {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
        if let given = body[path: "metadata", "resourceVersion"]?.string, !given.isEmpty {
            throw APIStatus(500, "InternalError", "resourceVersion should not be set on objects to be created")
        }
        if let namespace, objects[ObjectKey(resource: .namespaces, namespace: nil, name: namespace)] == nil {
            throw .notFound(.namespaces, namespace)
        }
        let key = ObjectKey(resource: resource, namespace: namespace, name: name)
        guard objects[key] == nil else { throw .alreadyExists(resource, name) }
        objectCount += 1
        object.set(.string(resource.kind), at: "kind")
        object.set(.string(resource.apiVersion), at: "apiVersion")
        object.set(.string(name), at: "metadata", "name")
        if let namespace { object.set(.string(namespace), at: "metadata", "namespace") }
        object.set(.string(Self.uid(objectCount)), at: "metadata", "uid")
        object.set(.string(now.formatted(.iso8601)), at: "metadata", "creationTimestamp")
        Self.settle(&object, as: resource)
        return keep(.added, key, object)
    }

    /// PUT: the body replaces the object; its resourceVersion must be the present one.
    mutating func update(_ key: ObjectKey, _ body: JSONValue) throws(APIStatus) -> JSONValue {
        let present = try object(key)
        if let name = body[path: "metadata", "name"]?.string, name != key.name {
            throw .badRequest("the name of the object (\(name)) does not match the name on the URL (\(key.name))")
        }
        let given = body[path: "metadata", "resourceVersion"]?.string ?? ""
        if given.isEmpty, !key.resource.allowsUnconditionalUpdate {
            throw .invalid(
                key.resource.qualifiedName, key.name,
                "metadata.resourceVersion: Invalid value: 0: must be specified for an update")
        }
        guard given.isEmpty || given == present[path: "metadata", "resourceVersion"]?.string else {
            throw .conflict(key.resource, key.name)
        }
        let uid = present[path: "metadata", "uid"]
        if let other = body[path: "metadata", "uid"]?.string, other != uid?.string {
            throw .conflict(
                key.resource, key.name,
                "Precondition failed: UID in precondition: \(other), UID in object meta: \(uid?.string ?? "")")
        }
        var object = body
        object.set(.string(key.resource.kind), at: "kind")
        object.set(.string(key.resource.apiVersion), at: "apiVersion")
        for name in ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "resourceVersion"] {
            object.set(present[path: "metadata", name], at: "metadata", name)
        }
        Self.settle(&object, as: key.resource)
        if key.resource == .secrets { try Self.checkSecret(object, replacing: present, name: key.name) }
        // A write without changes has no effect.
        return object.isSame(as: present) ? present : keep(.modified, key, object)
    }

    mutating func patch(_ key: ObjectKey, _ patch: JSONValue) throws(APIStatus) -> JSONValue {
        try update(key, try object(key).merging(patch))
    }

    /// The type of a Secret cannot change, and an immutable Secret not at all.
    private static func checkSecret(
        _ object: JSONValue, replacing present: JSONValue, name: String
    ) throws(APIStatus) {
        if object["type"] != present["type"] {
            throw .invalid("Secret", name, "type: Invalid value: field is immutable")
        }
        guard present["immutable"] == true else { return }
        let isChanged = !(object["data"] ?? .null).isSame(as: present["data"] ?? .null)
        if object["immutable"] != true || isChanged {
            let field = isChanged ? "data" : "immutable"
            throw .invalid("Secret", name, "\(field): Forbidden: field is immutable when `immutable` is set")
        }
    }

    /// - Parameter options: `DeleteOptions`; only the preconditions are used.
    mutating func delete(_ key: ObjectKey, options: JSONValue? = nil) throws(APIStatus) -> JSONValue {
        let present = try object(key)
        for (field, name) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
            let stored = present[path: "metadata", field]?.string ?? ""
            if let given = options?[path: "preconditions", field]?.string, given != stored {
                throw .conflict(
                    key.resource, key.name,
                    "Precondition failed: \(name) in precondition: \(given), \(name) in object meta: \(stored)")
            }
        }
        if key.resource == .namespaces {
            for inside in objects.keys.filter({ $0.namespace == key.name }).sorted() { remove(inside) }
        }
        return remove(key)
    }

    /// Sets `deletionTimestamp`, as for a Pod until the kubelet has stopped it.
    mutating func beginDeletion(_ key: ObjectKey, at now: Date) throws(APIStatus) -> JSONValue {
        var object = try object(key)
        object.set(.string(now.formatted(.iso8601)), at: "metadata", "deletionTimestamp")
        return keep(.modified, key, object)
    }

    /// Drops the history, so that a watch from an earlier resourceVersion gets 410.
    mutating func compact() {
        // The revision is increased, so that the former latest one is too old, too.
        revision += 1
        compactedRevision = revision
        history = []
    }

    @discardableResult
    private mutating func remove(_ key: ObjectKey) -> JSONValue {
        guard let object = objects[key] else { return .null }
        return keep(.deleted, key, object)
    }

    private mutating func keep(_ kind: StoreChange.Kind, _ key: ObjectKey, _ object: JSONValue) -> JSONValue {
        revision += 1
        var object = object
        object.set(.string(String(revision)), at: "metadata", "resourceVersion")
        let previous = objects[key]
        objects[key] = kind == .deleted ? nil : object
        history.append(StoreChange(kind: kind, revision: revision, key: key, object: object, previous: previous))
        return object
    }

    private func newName(_ resource: APIResource, _ body: JSONValue) throws(APIStatus) -> String {
        var name = body[path: "metadata", "name"]?.string ?? ""
        if name.isEmpty, let prefix = body[path: "metadata", "generateName"]?.string, !prefix.isEmpty {
            let suffix = String(objectCount + 1, radix: 36)
            name = prefix + String(repeating: "x", count: max(0, 5 - suffix.utf8.count)) + suffix
        }
        guard !name.isEmpty else {
            throw .invalid(resource.kind, "", "metadata.name: Required value: name or generateName is required")
        }
        let isValid =
            name.utf8.count <= 253 && name.utf8.first != UInt8(ascii: ".") && name.utf8.first != UInt8(ascii: "-")
            && name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            }
        guard isValid else {
            throw .invalid(
                resource.kind, name,
                "metadata.name: Invalid value: \"\(name)\": a lowercase RFC 1123 subdomain is required")
        }
        return name
    }

    private static func settle(_ object: inout JSONValue, as resource: APIResource) {
        if resource == .secrets, let texts = object["stringData"] {
            for member in texts.members {
                let encoded = Data((member.value.string ?? "").utf8).base64EncodedString()
                object.set(.string(encoded), at: "data", member.name)
            }
            object.set(nil, at: "stringData")
        }
        if resource == .secrets, object["type"] == nil { object.set("Opaque", at: "type") }
        if resource == .pods, object[path: "spec", "serviceAccountName"] == nil {
            object.set("default", at: "spec", "serviceAccountName")
        }
        if resource == .namespaces, let name = object[path: "metadata", "name"] {
            object.set(name, at: "metadata", "labels", "kubernetes.io/metadata.name")
        }
    }

    private static func uid(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return "3f6c1a52-0b7e-4d94-8e21-" + String(repeating: "0", count: 12 - digits.utf8.count) + digits
    }
}

extension JSONValue {
    /// Whether two values are equal, in any order of members.
    fileprivate func isSame(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.object(let left), .object(let right)):
            left.count == right.count
                && left.allSatisfy { member in other[member.name].map(member.value.isSame) ?? false }
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        default: self == other
        }
    }
}
