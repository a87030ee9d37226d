/* SPDX-License-Identifier: MIT */
/*
** Ends Lua code that runs too long, and tells which line held up its thread.
**
** Each thread that runs Lua has a seat with a counter: odd while it is in a
** turn. One thread of the process looks at the seats 40 times a second, and
** not at all while none of them changes. To a thread that has stood still it
** sends SIGURG; the handler runs there, compares the counter and arms a hook
** of Lua, which ldebug.c allows in signals. Until then nothing is armed and no
** clock is read: an armed hook would make Lua code twice as slow.
*/
#include "lh_internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

enum { TICK_MS = 25, STALL_MS = 50, REPORT_MS = 1000 };

_Thread_local LH_TLS lh_seat lh_here;
_Atomic bool lh_watchdog_sleeps = true;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static lh_seat *seats; /* under the lock, as their `next` and what they say of time */
static _Atomic(lh_stall_listener) listener;

void lh_stall_listen(lh_stall_listener report) {
  atomic_store(&listener, report);
}

/* {==== In the thread that runs Lua ==== */

/* Yields where it can: that is not caught by pcall, calls no message handler
** and leaves the stack as it was for the traceback. An error raised in a hook
** leaves hooks off in what runs after it on this thread, so they are turned on
** before: a message handler is called for the error, and again for what ends
** it itself (ldebug.c, luaG_errormsg), until the C stack is full. */
static void kill_hook(lua_State *L, lua_Debug *ar) {
  lh_vm *vm = vm_of(L);
  if (!vm->killed) { /* inherited from one that was killed */
    lua_sethook(L, NULL, 0, 0);
  } else if (lua_isyieldable(L)) {
    lua_getinfo(L, "l", ar); /* the yield moves it back */
    vm->stopped_line = ar->currentline;
    lh_set_mark(L, LH_STOPPED);
    lua_yield(L, 0); /* legal in a count hook only */
  } else {
    lh_keep_stop(L);
    lh_allow_hooks(L);
    luaL_error(L, "ran too long without waiting");
  }
}

void lh_arm_kill(lua_State *L) {
  lh_allow_hooks(L);
  lua_sethook(L, kill_hook, LUA_MASKCOUNT, 1);
}

/* The author's line: that of the innermost function in a file. */
static void sample_hook(lua_State *L, lua_Debug *ar) {
  enum { DEEPEST = 32 };
  lh_seat *seat = &lh_here;
  lua_Debug frame;
  lua_sethook(L, NULL, 0, 0);
  if (seat->sample.epoch != atomic_load_explicit(&seat->epoch, memory_order_relaxed))
    return; /* it was armed just before a wait */
  seat->sample.in_c = ar->event == LUA_HOOKRET;
  for (int level = 0; level < DEEPEST && lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "Sl", &frame);
    if (frame.currentline <= 0 || frame.source[0] != '@') continue;
    if (level > 1) seat->sample.in_c = false;
    strncpy(seat->sample.source, frame.short_src, sizeof seat->sample.source - 1);
    seat->sample.line = frame.currentline;
    break;
  }
  atomic_store_explicit(&seat->sampled, seat->sample.epoch, memory_order_release);
}

static void copy_place(lh_sample *sample, const char *place) {
  size_t i = 0;
  for (; place != NULL && place[i] != 0 && i < sizeof sample->place - 1; i++)
    sample->place[i] = place[i];
  sample->place[i] = 0;
}

/* A signal may come late, when its turn is over: hence the numbers. */
static void on_signal(int number) {
  (void)number;
  lh_seat *seat = &lh_here;
  lh_vm *vm = seat->vm;
  uint32_t epoch = atomic_load_explicit(&seat->epoch, memory_order_relaxed);
  if (vm == NULL || !(epoch & 1)) return;
  lua_State *L = vm->running;
  if (atomic_load_explicit(&seat->kill_epoch, memory_order_acquire) == epoch) {
    vm->killed = 1;
    if (L != NULL) lh_arm_kill(L);
    return;
  }
  if (atomic_load_explicit(&seat->sample_epoch, memory_order_acquire) != epoch ||
      seat->sample.epoch == epoch)
    return;
  seat->sample = (lh_sample){.epoch = epoch, .in_host = L == NULL};
  copy_place(&seat->sample, seat->place);
  atomic_store_explicit(&seat->placed, epoch, memory_order_release);
  /* A script's own hook (a profiler) goes first. A return from C is caught
  ** too: the line after a long call may be another. */
  if (L != NULL && lua_gethook(L) == NULL)
    lua_sethook(L, sample_hook, LUA_MASKCOUNT | LUA_MASKRET, 1);
}

/* }==== */

/* {==== In the watchdog's thread ==== */

static uint64_t milliseconds_of(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t) != 0) return 0;
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What has to be said, after the lock is free again. */
typedef struct report {
  bool due;
  lh_stall stall;
  lh_sample sample;
} report;

static void stalled(lh_seat *seat, uint64_t now, bool ended, report *out) {
  static uint64_t last;
  static uint32_t omitted;
  seat->told++;
  if (out->due || (last != 0 && now - last < REPORT_MS)) {
    omitted++;
    return;
  }
  if (atomic_load_explicit(&seat->placed, memory_order_acquire) != seat->seen)
    return; /* over before the signal came */
  bool has_line = atomic_load_explicit(&seat->sampled, memory_order_acquire) == seat->seen;
  out->due = true;
  out->sample = seat->sample;
  out->stall = (lh_stall){
      .line = has_line ? out->sample.line : 0,
      .in_c = has_line ? out->sample.in_c : !out->sample.in_host,
      .ended = ended,
      .milliseconds = (uint32_t)(now - seat->since),
      .omitted = omitted,
  };
  last = now;
  omitted = 0;
}

static void send(lh_seat *seat, _Atomic uint32_t *to, uint32_t epoch) {
  atomic_store_explicit(to, epoch, memory_order_release);
  pthread_kill(seat->thread, SIGURG);
}

/* One that does not end is told of again: the log may have moved on. */
uint64_t lh_stall_due(uint32_t told) {
  static const uint64_t due[] = {1000, 10 * 1000, 60 * 1000, 600 * 1000};
  return told < sizeof due / sizeof *due ? due[told] : UINT64_MAX;
}

/* True when something happened there since the last look. */
static bool look_at(lh_seat *seat, uint64_t now, report *out) {
  uint32_t epoch = atomic_load_explicit(&seat->epoch, memory_order_acquire);
  if (epoch != seat->seen) {
    if (seat->asked && seat->told == 0) stalled(seat, now, true, out);
    seat->seen = epoch;
    seat->since = now;
    seat->asked = false;
    seat->told = 0;
    if (epoch & 1) seat->cpu_since = milliseconds_of(seat->clock);
    return true;
  }
  if (!(epoch & 1)) return false;
  uint64_t held = now - seat->since;
  if (held >= STALL_MS && !seat->asked) {
    seat->asked = true;
    send(seat, &seat->sample_epoch, epoch);
  } else if (held >= lh_stall_due(seat->told)) {
    stalled(seat, now, false, out);
  }
  uint32_t limit = atomic_load_explicit(&seat->cpu_limit, memory_order_relaxed);
  /* Again at each look, until the turn ends: Lua may lose a hook that is armed
  ** at a bad moment (ldebug.c, luaG_traceexec), and pcall may catch an error. */
  if (limit != 0 && held >= limit / 2 &&
      milliseconds_of(seat->clock) - seat->cpu_since >= limit)
    send(seat, &seat->kill_epoch, epoch);
  return true;
}

static void tell(report *out) {
  lh_stall_listener report_to = atomic_load(&listener);
  if (report_to == NULL) return;
  out->stall.source = out->sample.source;
  out->stall.place = out->sample.place;
  report_to(&out->stall);
}

/* After a look at which nothing had changed, threads that begin a turn are
** asked to wake us; we look once more for those that began before they could
** know, then sleep. The pause is what makes a fence in each turn unnecessary. */
static void *watch(void *unused) {
  const struct timespec tick = {0, TICK_MS * 1000000L};
  (void)unused;
  for (;;) {
    report out = {.due = false};
    bool active = false;
    pthread_mutex_lock(&lock);
    uint64_t now = milliseconds_of(CLOCK_MONOTONIC);
    for (lh_seat *seat = seats; seat != NULL; seat = seat->next)
      if (look_at(seat, now, &out)) active = true;
    if (active)
      atomic_store(&lh_watchdog_sleeps, false);
    else if (!atomic_exchange(&lh_watchdog_sleeps, true))
      active = true;
    else
      while (lh_watchdog_sleeps) pthread_cond_wait(&woken, &lock);
    pthread_mutex_unlock(&lock);
    if (out.due) tell(&out);
    nanosleep(&tick, NULL);
  }
  return NULL;
}

/* }==== */

/* {==== Seats ==== */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t ending; /* its destructor runs when a thread ends */

static void leave(void *seat) {
  pthread_mutex_lock(&lock);
  for (lh_seat **at = &seats; *at != NULL; at = &(*at)->next) {
    if (*at != seat) continue;
    *at = (*at)->next;
    break;
  }
  pthread_mutex_unlock(&lock);
}

static void start(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigset_t all, before;
  pthread_t thread;
  sigaction(SIGURG, &action, NULL);
  pthread_key_create(&ending, leave);
  sigfillset(&all); /* the new thread takes no signals of others */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  if (pthread_create(&thread, NULL, watch, NULL) == 0) pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void take_seat(lh_seat *seat) {
  sigset_t urgent;
  pthread_once(&once, start);
  sigemptyset(&urgent);
  sigaddset(&urgent, SIGURG);
  pthread_sigmask(SIG_UNBLOCK, &urgent, NULL);
  pthread_setspecific(ending, seat);
  seat->taken = true;
  seat->thread = pthread_self();
#ifdef __APPLE__ /* no clock of another thread: wall time is as good there */
  seat->clock = CLOCK_MONOTONIC;
#else
  if (pthread_getcpuclockid(seat->thread, &seat->clock) != 0)
    seat->clock = CLOCK_MONOTONIC;
#endif
  pthread_mutex_lock(&lock);
  seat->next = seats;
  seats = seat;
  pthread_mutex_unlock(&lock);
}

void lh_wake_watchdog(lh_seat *seat) {
  if (!seat->taken) take_seat(seat);
  pthread_mutex_lock(&lock);
  atomic_store(&lh_watchdog_sleeps, false);
  pthread_cond_signal(&woken);
  pthread_mutex_unlock(&lock);
}

/* }==== */
