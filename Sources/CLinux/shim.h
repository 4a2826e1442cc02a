// CLinux: the kernel's interfaces that Swift's Glibc module leaves out.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timex.h>

// Declared for _GNU_SOURCE only, which Swift's Glibc module is not compiled with.
#include <spawn.h>
int pthread_setname_np(pthread_t thread, const char *name);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);

// prctl takes what follows its first argument as C's `...`, which Swift does not call.
#include <sys/prctl.h>
static inline int set_timer_slack(unsigned long nanoseconds) { return prctl(PR_SET_TIMERSLACK, nanoseconds, 0, 0, 0); }
