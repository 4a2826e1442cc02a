import Glibc

/// Lets the threads that were just woken, and the processes that they wake, go first where there is only one processor
/// for all: sleeps a millisecond. `sched_yield` lets go only who is ready at this moment.
package func giveWay() { usleep(1_000) }
