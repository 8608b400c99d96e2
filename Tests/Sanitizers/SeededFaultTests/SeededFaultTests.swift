import CSeededFault
import Dispatch
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Faults that a sanitizer must report. `scripts/sanitize` runs each by the environment variable STS_SEEDED_FAULT, to show
/// that the sanitizer is in force; an ordinary run skips them.
@Suite("Seeded faults")
struct SeededFaultTests {
    @Test("Memory that is freed is read (AddressSanitizer)", .enabled(if: isSeeded("heap")))
    func heap() {
        let memory = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        memory.initialize(to: 7)
        memory.deallocate()
        #expect(memory.pointee == 7)
    }

    @Test(
        "An int is shifted by more than its width, in C (UndefinedBehaviorSanitizer)",
        .enabled(if: isSeeded("undefined")))
    func undefined() {
        #expect(seeded_shift(Int32(40)) >= 0)
    }

    @Test("Two threads write the same memory (ThreadSanitizer)", .enabled(if: isSeeded("race")))
    func race() {
        // Threads of their own: on a busy machine, one thread may run all blocks of a queue.
        let memory = Shared()
        let (begin, end) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        for _ in 0..<2 {
            Thread.detachNewThread {
                begin.wait()
                for _ in 0..<10_000 { memory.value.pointee += 1 }
                end.signal()
            }
        }
        for _ in 0..<2 { begin.signal() }
        for _ in 0..<2 { end.wait() }
        #expect(memory.value.pointee > 0)
        memory.value.deallocate()
    }
}

/// Memory that two threads write without an order: the fault.
private struct Shared: @unchecked Sendable {
    let value = UnsafeMutablePointer<Int>.allocate(capacity: 1)

    init() { value.initialize(to: 0) }
}

private func isSeeded(_ name: String) -> Bool { getenv("STS_SEEDED_FAULT").map { String(cString: $0) } == name }
