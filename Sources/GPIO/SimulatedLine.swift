import DoorCore
import Glibc

/// A file that holds the word `open` or `closed`, read again whenever somebody has written it.
///
/// It has the levels of a contact to ground with a pull-up: low while closed.
final class SimulatedLine: SensedLine {
  let descriptor: Int32
  private let path: String
  private let fileName: String
  private var lastLevel: LineLevel?

  init(path: String) throws(LineError) {
    self.path = path
    let parts = path.split(separator: "/", omittingEmptySubsequences: true)
    guard path.hasPrefix("/"), let fileName = parts.last else {
      throw .noSimulation(path: path, reason: "it is no absolute path")
    }
    self.fileName = String(fileName)
    // A file that is not there yet begins as a closed door.
    let created = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    if created >= 0 {
      _ = write(created, "closed\n", 7)
      close(created)
    } else if errno != EEXIST {
      throw .noSimulation(path: path, reason: String(cString: strerror(errno)))
    }
    descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    let folder = "/" + parts.dropLast().joined(separator: "/")
    // The folder is watched and not the file, so that a file moved into its place counts too.
    guard descriptor >= 0, inotify_add_watch(descriptor, folder, UInt32(IN_CLOSE_WRITE | IN_MOVED_TO)) >= 0
    else {
      let reason = String(cString: strerror(errno))
      if descriptor >= 0 { close(descriptor) }
      throw .noSimulation(path: path, reason: reason)
    }
  }

  deinit {
    close(descriptor)
  }

  func level() throws(LineError) -> LineLevel {
    let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .noSimulation(path: path, reason: String(cString: strerror(errno))) }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = max(read(file, &bytes, bytes.count), 0)
    let word = String(decoding: bytes.prefix(count), as: UTF8.self).filter { !$0.isWhitespace }
    switch word {
    case "closed": lastLevel = .low
    case "open": lastLevel = .high
    case "": break  // Somebody is just writing it.
    default: throw .noSimulation(path: path, reason: "it holds \"\(word.prefix(20))\"")
    }
    guard let lastLevel else { throw .noSimulation(path: path, reason: "it is empty") }
    return lastLevel
  }

  func readEdges() throws(LineError) -> [LineEdge] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4_096, alignment: 8)
    defer { buffer.deallocate() }
    let count = read(descriptor, buffer.baseAddress, buffer.count)
    var offset = 0
    var isOurs = false
    while offset < count {
      let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
      let nameStart = offset + MemoryLayout<inotify_event>.size
      let name = buffer[nameStart..<nameStart + Int(event.len)].prefix { $0 != 0 }
      if String(decoding: name, as: UTF8.self) == fileName { isOurs = true }
      offset = nameStart + Int(event.len)
    }
    return isOurs ? [LineEdge(level: try level(), time: .now)] : []
  }
}
