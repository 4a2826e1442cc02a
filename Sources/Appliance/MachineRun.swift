import Glibc

/// The run of the machine, from its start to its end.
package enum MachineRun {
  /// The kernel's boot id: 36 characters that no other run has, or `unknown`.
  package static let identifier: String = {
    var bytes = [UInt8](repeating: 0, count: 36)
    let file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    let count = file >= 0 ? read(file, &bytes, bytes.count) : -1
    if file >= 0 { close(file) }
    return count == bytes.count ? String(decoding: bytes, as: UTF8.self) : "unknown"
  }()
}
