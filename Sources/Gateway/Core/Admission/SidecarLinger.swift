/// The annotation `sidecar-linger`: how long a classic sidecar goes on refreshing after SIGTERM.
struct SidecarLinger {
    static let key = "sidecar-linger"
    private static let maximum = 86_400

    /// As the sidecar reads it, such as `10m`; nil where the annotation is absent, or the sidecar is a native one.
    let setting: String?
    let warnings: [String]

    init(_ pod: PodReading, isNative: Bool, _ policy: InjectionPolicy) throws(AdmissionDenial) {
        let key = policy.key(Self.key)
        guard let text = pod.annotations[key] else {
            (setting, warnings) = (nil, [])
            return
        }
        guard let seconds = Self.seconds(text) else {
            throw AdmissionDenial(
                .forbidden,
                "\(key): invalid duration \(PodQuotation.of(text)); expected 1s to 24h, such as 30s, 10m or 1h")
        }
        guard !isNative else {
            setting = nil
            warnings = [
                "\(key) has no effect, since a native sidecar ends after the other containers anyway; "
                    + "remove the annotation"
            ]
            return
        }
        setting = text
        let isTooLong = seconds >= pod.terminationGracePeriod
        warnings =
            isTooLong
            ? [
                "\(key) is \(text), but the Pod is killed after terminationGracePeriodSeconds "
                    + "(\(pod.terminationGracePeriod)); use a longer grace period"
            ] : []
    }

    private static func seconds(_ text: String) -> Int? {
        let factors: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
        let digits = text.dropLast()
        guard let factor = text.last.flatMap({ factors[$0] }), (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(digits),
            (1...maximum).contains(number * factor)
        else { return nil }
        return number * factor
    }
}
