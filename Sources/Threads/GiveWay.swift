import Glibc

/// Lets a thread that was just woken go first, where there is no other processor for it.
package func giveWay() { sched_yield() }
