import NIOCore
import NIOPosix
import Testing

@testable import GatewayServer

@Suite("Tasks on an event loop")
struct EventLoopExecutorTests {
    @Test("A task and its children run on the event loop, before and after a suspension")
    func onLoop() async {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let places = await withTaskExecutorPreference(EventLoopExecutor(loop)) {
            await withTaskGroup(of: [Bool].self) { group in
                group.addTask {
                    var places = [loop.inEventLoop]
                    await Task.yield()
                    places.append(loop.inEventLoop)
                    // On the pool of Swift's tasks, and back.
                    _ = await Task.detached { 1 }.value
                    places.append(loop.inEventLoop)
                    return places
                }
                return await group.reduce(into: [loop.inEventLoop]) { $0 += $1 }
            }
        }
        #expect(places == [true, true, true, true])
    }
}
