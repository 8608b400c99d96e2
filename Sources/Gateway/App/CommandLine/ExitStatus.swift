import ArgumentParser

/// The exit codes other than 0, from sysexits.h except where noted.
enum ExitStatus {
    /// `config check` found an error.
    static let checkFailed = ExitCode(1)
    /// `EX_USAGE`.
    static let usage = ExitCode(64)
    /// `EX_UNAVAILABLE`: an operation failed or was rejected.
    static let unavailable = ExitCode(69)
    /// `EX_TEMPFAIL`: a part is done, and the rest needs another place.
    static let temporaryFailure = ExitCode(75)
    /// Ended by SIGINT or SIGTERM, as shells report it.
    static let interrupted = ExitCode(130)
    /// `EX_CONFIG`: the configuration is invalid.
    static let configuration = ExitCode(78)
}
