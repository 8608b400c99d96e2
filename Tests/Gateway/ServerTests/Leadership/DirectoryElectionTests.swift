import Foundation
import GatewayTestSupport
import KubernetesTestSupport
import Testing

@testable import GatewayServer

@Suite("Leader election by a lock in a directory", .hangs)
struct DirectoryElectionTests {
    let folder: TemporaryFolder
    let log = RecordedJSONLog()

    init() throws { folder = try TemporaryFolder() }

    private func candidate(_ time: TestScheduler, in folder: String? = nil) -> (DirectoryElection, Leadership) {
        let leadership = Leadership(monotonic: time.scheduler.monotonic)
        let election = DirectoryElection(
            directory: folder ?? self.folder.path, leadership: leadership, scheduler: time.scheduler, logger: log.logger
        )
        return (election, leadership)
    }

    private func wait(_ leadership: Leadership, for expected: Bool) async {
        for await isLeading in leadership.changes() where isLeading == expected { return }
    }

    @Test("One of two is elected, and the other one when the lock is released")
    func takeover() async throws {
        let (first, second) = (TestScheduler(), TestScheduler())
        let (one, leadsOne) = candidate(first)
        let (two, leadsTwo) = candidate(second)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await one.run() }
            await wait(leadsOne, for: true)
            await FakeCluster.running {
                try? await two.run()
            } _: {
                for _ in 0..<3 {
                    await second.waitForSleeper()
                    #expect(!leadsTwo.isLeading)
                    second.advance(by: 1)
                }
                group.cancelAll()
                await group.waitForAll()
                #expect(!leadsOne.isLeading)
                await second.waitForSleeper()
                second.advance(by: 1)
                await wait(leadsTwo, for: true)
                #expect(leadsTwo.isLeading)
            }
        }
        #expect(!leadsTwo.isLeading)
        #expect(try folder.permissions("leader.lock") == 0o600)
    }

    @Test("A removed lock file ends the leadership, and is locked again")
    func removedFile() async throws {
        let time = TestScheduler()
        let (election, leadership) = candidate(time)
        try await FakeCluster.running {
            try? await election.run()
        } _: {
            await wait(leadership, for: true)
            await time.waitForSleeper()
            try FileManager.default.removeItem(atPath: folder.path + "/leader.lock")
            time.advance(by: 1)
            await time.waitForSleeper()
            #expect(leadership.isLeading)
            #expect(log.text.contains("the file was removed"))
            #expect(FileManager.default.fileExists(atPath: folder.path + "/leader.lock"))
        }
    }

    @Test("A missing directory is logged once, and the lock is acquired when it exists")
    func missingDirectory() async throws {
        let time = TestScheduler()
        let (election, leadership) = candidate(time, in: folder.path + "/later")
        try await FakeCluster.running {
            try? await election.run()
        } _: {
            for _ in 0..<2 {
                await time.waitForSleeper()
                time.advance(by: 1)
            }
            await time.waitForSleeper()
            #expect(log.text.split(separator: "grant the gateway's user write access to it").count - 1 == 1)
            try FileManager.default.createDirectory(
                atPath: folder.path + "/later", withIntermediateDirectories: false)
            time.advance(by: 1)
            await wait(leadership, for: true)
        }
    }
}
