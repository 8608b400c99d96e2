import GatewayTestSupport
import NIOCore
import NIOEmbedded
import Testing

@testable import GatewayServer

@Suite("Deadlines of connections")
struct MovingDeadlineTests {
    @Test("A deadline that moves, is removed and is set again passes when a timer of its own would have fired")
    func random() {
        for seed in 0..<200 {
            var random = SeededRandom(seed: UInt64(seed))
            let loop = EmbeddedEventLoop()
            var passed: [NIODeadline] = []
            var expected: [NIODeadline] = []
            let deadline = MovingDeadline(on: loop) { passed.append(loop.now) }
            var timer: Scheduled<Void>?
            for _ in 0..<100 {
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    deadline.remove()
                    timer?.cancel()
                    timer = nil
                case 1:
                    let time = TimeAmount.milliseconds(Int64.random(in: 0...50, using: &random))
                    deadline.set(in: time)
                    timer?.cancel()
                    timer = loop.assumeIsolated().scheduleTask(in: time) {
                        timer = nil
                        expected.append(loop.now)
                    }
                default: loop.advanceTime(by: .milliseconds(Int64.random(in: 0...20, using: &random)))
                }
                #expect(passed == expected)
                #expect(deadline.isSet == (timer != nil))
            }
        }
    }

    @Test("A deadline that has moved a thousand times has one timer")
    func oneTimer() {
        let loop = EmbeddedEventLoop()
        let deadline = MovingDeadline(on: loop) {}
        for _ in 0..<1_000 {
            deadline.set(in: .seconds(10))
            loop.advanceTime(by: .milliseconds(1))
            deadline.remove()
        }
        deadline.stop()
        #expect(!deadline.isSet)
    }
}
