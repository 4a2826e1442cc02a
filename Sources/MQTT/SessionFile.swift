import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The system calls after whose failure the store has something to decide; tests make them fail.
struct SessionFileCalls: Sendable {
  /// The arguments of `pwrite` and its result.
  var write: @Sendable (Int32, UnsafeRawBufferPointer, Int) -> Int = {
    pwrite($0, $1.baseAddress, $1.count, off_t($2))
  }
  var truncate: @Sendable (Int32, Int) -> Int32 = { ftruncate($0, off_t($1)) }
  /// Both return when a file or folder is on the disk; the first may leave out times and the like.
  var syncData: @Sendable (Int32) -> Int32 = {
    #if canImport(Darwin)
      fcntl($0, F_FULLFSYNC)
    #else
      fdatasync($0)
    #endif
  }
  var sync: @Sendable (Int32) -> Int32 = {
    #if canImport(Darwin)
      fcntl($0, F_FULLFSYNC)
    #else
      fsync($0)
    #endif
  }
  /// Renames within a folder.
  var rename: @Sendable (_ folder: Int32, _ from: String, _ to: String) -> Int32 = {
    renameat($0, $1, $0, $2)
  }
}

/// An open file; closed when nobody has it any more.
final class Descriptor {
  let number: Int32

  init(_ number: Int32) {
    self.number = number
  }

  deinit {
    _ = close(number)
  }
}

/// The bytes of an open session file.
final class SessionFile {
  /// How often a call is repeated that a signal interrupts; then its failure counts.
  private static let attempts = 100

  private let descriptor: Descriptor
  private let path: String
  private let calls: SessionFileCalls

  init(_ descriptor: Descriptor, path: String, calls: SessionFileCalls) {
    self.descriptor = descriptor
    self.path = path
    self.calls = calls
  }

  func size() throws(SessionStoreError) -> Int {
    var status = stat()
    guard fstat(descriptor.number, &status) == 0 else { throw failure("examine") }
    return Int(status.st_size)
  }

  /// The first `count` bytes, or all where there are fewer.
  func read(atMost count: Int) throws(SessionStoreError) -> ByteBuffer {
    var bytes = ByteBuffer()
    while bytes.readableBytes < count {
      let offset = bytes.writerIndex
      var length = 0
      bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count - offset) { space in
        let room = min(space.count, count - offset)
        length = Self.repeating { pread(descriptor.number, space.baseAddress, room, off_t(offset)) }
        return max(0, length)
      }
      guard length >= 0 else { throw failure("read") }
      if length == 0 { break }
    }
    return bytes
  }

  /// One call, unless the system takes only a part at once. After a failure a part may have been written.
  func write(_ bytes: ByteBuffer, at offset: Int) throws(SessionStoreError) {
    var written = 0
    while written < bytes.readableBytes {
      let count = bytes.withUnsafeReadableBytes { readable in
        Self.repeating {
          calls.write(
            descriptor.number,
            UnsafeRawBufferPointer(rebasing: readable.dropFirst(written)),
            offset + written)
        }
      }
      guard count >= 0 else { throw failure("write") }
      guard count > 0 else {
        throw .inputOutput(operation: "write", path: path, reason: "nothing was written")
      }
      written += count
    }
  }

  func truncate(to size: Int) throws(SessionStoreError) {
    guard Self.repeating({ Int(calls.truncate(descriptor.number, size)) }) == 0 else {
      throw failure("truncate")
    }
  }

  // Not repeated, whatever the error: after a failure the kernel may have dropped what it could not write, and
  // would then report success.

  func syncData() throws(SessionStoreError) {
    guard calls.syncData(descriptor.number) == 0 else { throw failure("sync") }
  }

  func sync() throws(SessionStoreError) {
    guard calls.sync(descriptor.number) == 0 else { throw failure("sync") }
  }

  private func failure(_ operation: String) -> SessionStoreError {
    SessionStoreError(operation, path, code: errno)
  }

  private static func repeating(_ call: () -> Int) -> Int {
    for _ in 1..<attempts {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
    return call()
  }
}
