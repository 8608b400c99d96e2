#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The target of STS_FUZZ_TARGET.
private let target: FuzzTarget = {
    let name = getenv("STS_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let found = FuzzTarget.all.first(where: { $0.name == name }) else {
        fatalError("STS_FUZZ_TARGET: no target \"\(name)\"; expected one of \(FuzzTarget.all.map(\.name))")
    }
    return found
}()

/// What libFuzzer calls in the program that scripts/fuzz links. A finding ends the program, so that libFuzzer keeps the input.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    } catch {
        fatalError("\(target.name): \(error)")
    }
    return 0
}
