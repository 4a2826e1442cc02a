import Glibc

enum Memory {
  /// The memory of the process that is in use now, in bytes.
  static func resident() throws -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { throw BenchError("/proc is not there") }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { throw BenchError("/proc/self/statm is empty") }
    let fields = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }.split(separator: UInt8(ascii: " "))
    guard fields.count > 1, let pages = Int(String(decoding: fields[1], as: UTF8.self)) else {
      throw BenchError("/proc/self/statm is not as it should be")
    }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }
}
