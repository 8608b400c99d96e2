/// What a command gives to a plugin that works with an administrator's credentials. `serve` has none: it runs no program.
public struct Administration: Sendable {
    /// The profile of the credentials (`--profile`), which takes precedence over all other sources; nil where none is named.
    public let profile: String?
    /// The endpoint's `provision.accounts`, in the order of the configuration.
    public let accounts: [ProvisioningAccount]
    /// Runs the programs that the administrator's own settings name; nil where none may run.
    public let programs: (any ProgramRunning)?

    /// Creates the value from its parts; nothing is checked.
    public init(profile: String? = nil, accounts: [ProvisioningAccount] = [], programs: (any ProgramRunning)?) {
        self.profile = profile
        self.accounts = accounts
        self.programs = programs
    }
}

/// An account of the relying party, and how its credentials are found.
public struct ProvisioningAccount: Sendable, Equatable {
    /// The account's ID at the relying party.
    public let id: String
    /// The profile of its credentials; nil for those of the command.
    public let profile: String?
    /// The role that is assumed with these credentials; nil for none.
    public let role: String?

    /// Creates an account from its parts; nothing is checked.
    public init(id: String, profile: String? = nil, role: String? = nil) {
        self.id = id
        self.profile = profile
        self.role = role
    }
}

/// Runs programs without a shell.
public protocol ProgramRunning: Sendable {
    /// Runs a program until it ends, and returns its standard output. Its standard error is discarded.
    ///
    /// - Parameters:
    ///   - words: the program's name or path, and its arguments.
    ///   - timeout: in seconds; then the program is killed.
    ///   - maximumBytes: the limit of the output.
    func run(_ words: [String], timeout: Int, maximumBytes: Int) async throws(ProgramError) -> [UInt8]
}

/// Why a program has no output. It holds nothing that the program has written.
public enum ProgramError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It could not be started; the reason of the system.
    case cannotStart(String)
    /// It ran longer than the time limit, which is given in seconds.
    case timedOut(Int)
    /// It wrote more than the limit, which is given in bytes.
    case tooLong(Int)
    /// It failed; its exit status, or 128 and the number of the signal.
    case failed(Int)
    /// The command was cancelled.
    case cancelled

    /// One line in lower case, without a final period.
    public var description: String {
        switch self {
        case .cannotStart(let reason): "cannot be started: \(reason)"
        case .timedOut(let seconds): "did not end within \(seconds) s"
        case .tooLong(let bytes): "wrote more than \(bytes) bytes"
        case .failed(let status): "failed with the exit status \(status)"
        case .cancelled: "cancelled"
        }
    }
}
