package import FoundationEssentials

/// A value that a ``DocumentStore`` stores as one document.
package protocol StateDocument: Sendable {
    /// Where documents of this type are stored.
    static var layout: DocumentLayout { get }

    /// Identifies the document among those of its layout; empty where the layout has a single document.
    var name: String { get }

    /// What is stored beside the document for other readers; the gateway does not read it again.
    var companions: [DocumentCompanion] { get }

    /// Reads the stored document.
    ///
    /// - Throws: `malformed` or `newerVersion`.
    init(document: Data, name: String) throws(StoreError)

    /// Writes the document in its stored format.
    func encoded() throws(StoreError) -> Data
}

extension StateDocument {
    package var companions: [DocumentCompanion] { [] }
}

/// A document that every replica has in memory, and that the leader advances.
package protocol ReplicatedDocument: StateDocument {
    /// Random, chosen when the document is created and never changed.
    var owner: String { get }
    /// Grows by one with every write.
    var revision: Int { get }
    /// The same document with the next revision, to restore it in a store that has lost it.
    var restored: Self { get }

    /// Decides which of two documents stays, where the store contains `found` and a replica has this one.
    ///
    /// - Returns: true where this one stays in force and is written back; false where `found` replaces it.
    func outranks(_ found: Self, in conflict: DocumentConflict) -> Bool
}

extension ReplicatedDocument {
    /// A document of another owner, or an earlier revision of this one, replaces this one only after the window.
    package func outranks(_ found: Self, in conflict: DocumentConflict) -> Bool {
        guard owner != found.owner || found.revision < revision else { return false }
        return conflict.isWithinWindow
    }
}

/// The location of the documents of one type, in Secrets and in a directory. It is part of the stored format.
package struct DocumentLayout: Sendable {
    /// The name of the document type in messages.
    package let title: String
    /// A Secret's name is this followed by the document's name.
    package let secretName: String
    /// A Secret's data key.
    package let dataKey: String
    /// A file's name is the document's name followed by this.
    package let fileName: String
    /// The label of Secrets whose value is the document's name; nil where the layout has a single document.
    package let label: String?
    /// The annotation of a Secret by which an operator makes a request; nil for none.
    package let requestAnnotation: String?

    package init(
        title: String, secretName: String, dataKey: String, fileName: String, label: String? = nil,
        requestAnnotation: String? = nil
    ) {
        self.title = title
        self.secretName = secretName
        self.dataKey = dataKey
        self.fileName = fileName
        self.label = label
        self.requestAnnotation = requestAnnotation
    }
}

/// Content that is stored beside a document.
package struct DocumentCompanion: Sendable {
    /// nil where a Secret has none.
    package let dataKey: String?
    package let fileName: String
    package let content: Data
    /// Whether this is a file of an earlier release: it is not written, and removed where its content differs.
    package let isFormer: Bool

    package init(dataKey: String?, fileName: String, content: Data, isFormer: Bool = false) {
        self.dataKey = dataKey
        self.fileName = fileName
        self.content = content
        self.isFormer = isFormer
    }
}
