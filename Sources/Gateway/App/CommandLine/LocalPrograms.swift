import GatewayPluginAPI

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Runs programs of this machine with this process's environment and standard input.
struct LocalPrograms: ProgramRunning {
    /// The environment of the programs.
    let environment: [String: String]
    /// The clock of time limits.
    var now: @Sendable () -> ContinuousClock.Instant = { .now }

    func run(_ words: [String], timeout: Int, maximumBytes: Int) async throws(ProgramError) -> [UInt8] {
        guard !words.isEmpty else { throw .cannotStart("no program is named") }
        let output = try Self.pipe()
        defer { close(output.read) }
        let identifier: pid_t
        do {
            defer { close(output.write) }
            identifier = try spawn(words, output: output.write)
        }
        let end = now().advanced(by: .seconds(timeout))
        var content: [UInt8] = []
        while true {
            // Ended before it is read: then nothing is left to read after it.
            let status = Self.status(of: identifier)
            Self.append(output.read, to: &content, atMost: maximumBytes + 1)
            var error: ProgramError?
            if content.count > maximumBytes {
                error = .tooLong(maximumBytes)
            } else if let status {
                guard status == 0 else { throw .failed(status) }
                return content
            } else if now() >= end {
                error = .timedOut(timeout)
            } else {
                do { try await Task.sleep(for: .milliseconds(20)) } catch { throw Self.kill(identifier, .cancelled) }
            }
            if let error { throw status == nil ? Self.kill(identifier, error) : error }
        }
    }

    private func spawn(_ words: [String], output: Int32) throws(ProgramError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let arguments = words.map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var identifier: pid_t = 0
        let code = posix_spawnp(&identifier, words[0], &actions, nil, arguments, variables)
        guard code == 0 else { throw .cannotStart(String(cString: strerror(code))) }
        return identifier
    }

    /// A pipe that no other program inherits, and whose read end does not block.
    private static func pipe() throws(ProgramError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard systemPipe(&ends) == 0 else { throw .cannotStart(String(cString: strerror(errno))) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return (ends[0], ends[1])
    }

    private static func append(_ descriptor: Int32, to content: inout [UInt8], atMost limit: Int) {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while content.count < limit {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return }
            content += buffer.prefix(count)
        }
    }

    /// The exit status, or 128 and the number of the signal; nil while it runs.
    private static func status(of identifier: pid_t) -> Int? {
        var status: Int32 = 0
        let ended = waitpid(identifier, &status, WNOHANG)
        guard ended != 0, !(ended < 0 && errno == EINTR) else { return nil }
        guard ended > 0 else { return 128 }
        return Int(status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F))
    }

    private static func kill(_ identifier: pid_t, _ error: ProgramError) -> ProgramError {
        systemKill(identifier)
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
        return error
    }
}

private func systemPipe(_ ends: inout [Int32]) -> Int32 { pipe(&ends) }

private func systemKill(_ identifier: pid_t) { _ = kill(identifier, SIGKILL) }
