import Foundation
import Synchronization

/// The output of a pipe, recorded by a thread.
final class KeptOutput: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isClosed = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// - Parameter descriptor: the read end, which is closed at the end.
    init(_ descriptor: Int32) {
        Thread.detachNewThread { [weak self] in
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count < 0 && errno == EINTR { continue }
                self?.take(buffer.prefix(max(count, 0)))
                if count <= 0 { break }
            }
            close(descriptor)
        }
    }

    private func take(_ bytes: ArraySlice<UInt8>) {
        let waiters = state.withLock { state in
            state.bytes.append(contentsOf: bytes)
            if bytes.isEmpty { state.isClosed = true }
            defer { state.waiters = [] }
            return state.waiters
        }
        waiters.forEach { $0.resume() }
    }

    var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

    /// Returns the whole output when the other end is closed.
    func all() async -> String {
        _ = await line { _ in false }
        return text
    }

    /// The first line that satisfies the condition; nil where the other end is closed before there is one.
    func line(where condition: @Sendable (String) -> Bool) async -> String? {
        while true {
            let (bytes, isClosed) = state.withLock { ($0.bytes, $0.isClosed) }
            let lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
            if let line = lines.first(where: condition) { return line }
            if isClosed { return nil }
            await change(since: bytes.count)
        }
    }

    private func change(since count: Int) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let hasChanged = state.withLock { state in
                if state.isClosed || state.bytes.count != count { return true }
                state.waiters.append(continuation)
                return false
            }
            if hasChanged { continuation.resume() }
        }
    }
}
