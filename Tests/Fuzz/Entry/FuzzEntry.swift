import FuzzTargets
import Glibc

// What libFuzzer calls. scripts/fuzz compiles it; the variable STS_FUZZ_TARGET names the target.

private let target: FuzzTarget = {
    let name = getenv("STS_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let found = FuzzTarget.all.first(where: { $0.name == name }) else {
        fatalError("STS_FUZZ_TARGET: no target \"\(name)\"; expected one of \(FuzzTarget.all.map(\.name))")
    }
    return found
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    } catch {
        fatalError("\(target.name): \(error)")
    }
    return 0
}
