import CLinux
import Glibc

/// The guest's own clock, as the kernel knows of its synchronisation. The host's is another.
enum MachineClock {
  /// Does what a time daemon would, and leaves the time as it is.
  static func set(isSynchronised: Bool) {
    var state = timex()
    state.modes = UInt32(ADJ_STATUS | ADJ_MAXERROR)
    state.status = isSynchronised ? 0 : STA_UNSYNC
    adjtimex(&state)
  }
}
