import Glibc
import MQTTFuzzing

// Built as ever, this is a program that replays inputs; built with FUZZING and libFuzzer, which brings its own
// `main`, it is what that calls. `FUZZ_TARGET` names the target.

private let target: FuzzTarget = {
  guard let name = getenv("FUZZ_TARGET"), let target = FuzzTarget(rawValue: String(cString: name)) else {
    print("set FUZZ_TARGET to one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
    exit(64)
  }
  return target
}()

#if FUZZING
  @_cdecl("LLVMFuzzerTestOneInput")
  public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
      try target.check(Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
      fatalError("\(error)")
    }
    return 0
  }
#else
  @main struct FuzzProgram {
    static func main() {
      var failures = 0
      for path in CommandLine.arguments.dropFirst() {
        do {
          try target.check(contents(of: path))
        } catch {
          failures += 1
          print("\(path): \(error)")
        }
      }
      print("\(CommandLine.arguments.count - 1) inputs, \(failures) failures")
      exit(failures == 0 ? 0 : 1)
    }

    private static func contents(of path: String) -> [UInt8] {
      guard let file = fopen(path, "rb") else {
        print("\(path) cannot be read")
        exit(66)
      }
      defer { fclose(file) }
      var bytes: [UInt8] = []
      while case let byte = getc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
      return bytes
    }
  }
#endif
