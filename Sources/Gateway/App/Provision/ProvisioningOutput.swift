import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON
import Synchronization

/// The output of the `provision` command: text for people, or one JSON document.
final class ProvisioningOutput: Sendable {
    enum Format: String, Sendable, CaseIterable {
        case text, json, terraform, cloudformation, configuration

        /// Of the resources, in place of a plan; nil for a run that may change something.
        var template: ProvisioningTemplate? { ProvisioningTemplate(rawValue: rawValue) }
    }

    private struct State {
        var endpoint = ""
        var count = (current: 0, total: 0)
        var lastWaiting: String?
        var frame = 0
        var isOnWaitingLine = false
        var kept: [String] = []
        var entries: [(name: String, members: [JSONValue.Member])] = []
    }

    private let format: Format
    private let isTerminal: Bool
    private let state = Mutex(State())

    init(_ format: Format, isTerminal: Bool) {
        self.format = format
        self.isTerminal = isTerminal
    }

    /// A line for people; with JSON on standard error.
    func line(_ text: String) {
        endWaitingLine()
        Terminal.write(Terminal.printable(text) + "\n", to: format == .text ? 1 : 2)
    }

    /// A line on standard error.
    ///
    /// - Parameter code: ends the line; nil for none.
    func error(_ text: String, _ code: ErrorCode? = nil) {
        endWaitingLine()
        let text = CommandText.of(text)
        Terminal.error(Terminal.printable(code?.ending(text) ?? text))
    }

    /// What the removal of the current endpoint leaves in place.
    var kept: [String] { state.withLock { $0.kept } }

    func begin(_ endpoint: String, steps: Int) {
        state.withLock {
            $0.endpoint = endpoint
            $0.kept = []
            $0.count = (0, steps)
            if !$0.entries.contains(where: { $0.name == endpoint }) { $0.entries.append((endpoint, [])) }
        }
    }

    /// Adds a member to the endpoint's object in the JSON document.
    func set(_ name: String, _ value: JSONValue) {
        state.withLock { state in
            guard let index = state.entries.firstIndex(where: { $0.name == state.endpoint }) else { return }
            state.entries[index].members.removeAll { $0.name == name }
            state.entries[index].members.append(.init(name, value))
        }
    }

    private func append(_ name: String, _ value: JSONValue) {
        let current = state.withLock { state in
            state.entries.first { $0.name == state.endpoint }?.members.first { $0.name == name }?.value
        }
        if case .array(let values) = current { set(name, .array(values + [value])) } else { set(name, [value]) }
    }

    /// Writes the JSON document.
    func end() {
        guard format == .json else { return }
        let entries = state.withLock { $0.entries }
        let document: JSONValue = [
            "endpoints": .array(entries.map { .object([.init("name", .string($0.name))] + $0.members) })
        ]
        Terminal.write(document.indentedText + "\n", to: 1)
    }

    func report(_ event: Provisioning.Event) {
        switch event {
        case .began(let id, let title):
            let count = state.withLock {
                $0.count.current += 1
                $0.lastWaiting = nil
                return $0.count
            }
            line("[\(count.current)/\(count.total)] \(id): \(title)")
        case .changed(let title):
            append("changes", .string(title))
            line("    \(title): done")
        case .waiting(let reason): waiting(reason)
        case .retrying(let reason, let seconds): line("    \(reason); next attempt in \(seconds) s")
        case .completed(_, let existing): line("    \(existing)")
        case .note(let text):
            append("notes", .string(text))
            line("    note: \(text)")
        case .kept(let text):
            append("kept", .string(text))
            state.withLock { $0.kept.append(text) }
            line("    stays: \(text)")
        }
    }

    /// A spinner on a terminal; elsewhere a line when the reason changes.
    private func waiting(_ reason: String) {
        let (isNew, frame) = state.withLock { state in
            let isNew = state.lastWaiting != reason
            state.lastWaiting = reason
            state.isOnWaitingLine = isTerminal
            state.frame += 1
            return (isNew, state.frame % Self.frames.count)
        }
        if isTerminal {
            Terminal.write("\r\u{1B}[K    \(Self.frames[frame]) waiting: \(Terminal.printable(reason))", to: 2)
        } else if isNew {
            line("    waiting: \(reason)")
        }
    }

    private static let frames = ["|", "/", "-", "\\"]

    private func endWaitingLine() {
        let wasWaiting = state.withLock { state in
            defer { state.isOnWaitingLine = false }
            return state.isOnWaitingLine
        }
        if wasWaiting { Terminal.write("\n", to: 2) }
    }

    /// Prints a plan.
    ///
    /// - Returns: whether each step could be inspected.
    func plan(_ steps: [Provisioning.PlannedStep]) -> Bool {
        var isComplete = true
        set("steps", .array(steps.map(Self.json)))
        for step in steps {
            line("\(step.id): \(step.title)")
            switch step.finding {
            case .failure(let error):
                isComplete = false
                line("    error: \(CommandText.of("\(error)"))")
            case .success(let finding):
                line("    exists: \(finding.existing ?? "nothing")")
                for change in finding.changes {
                    line("    would \(change.title)")
                    for text in change.differences { line("        \(text)") }
                    for text in change.request.split(separator: "\n") { line("      | \(text)") }
                }
                if finding.changes.isEmpty, let waiting = finding.waiting { line("    would wait: \(waiting)") }
                for note in finding.notes { line("    note: \(note)") }
                for kept in finding.kept { line("    stays: \(kept)") }
            }
        }
        return isComplete
    }

    private static func json(_ step: Provisioning.PlannedStep) -> JSONValue {
        var members: [JSONValue.Member] = [.init("id", .string(step.id)), .init("title", .string(step.title))]
        switch step.finding {
        case .failure(let error): members.append(.init("error", .string(error.message)))
        case .success(let finding):
            members.append(.init("existing", finding.existing.map(JSONValue.string) ?? .null))
            members.append(
                .init(
                    "changes",
                    .array(
                        finding.changes.map {
                            [
                                "title": .string($0.title),
                                "differences": .array($0.differences.map(JSONValue.string)),
                                "request": .string($0.request),
                            ]
                        })))
            members.append(.init("waiting", finding.waiting.map(JSONValue.string) ?? .null))
            members.append(.init("notes", .array(finding.notes.map(JSONValue.string))))
            if !finding.kept.isEmpty { members.append(.init("kept", .array(finding.kept.map(JSONValue.string)))) }
        }
        return .object(members)
    }
}
