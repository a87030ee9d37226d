/* SPDX-License-Identifier: MIT */
/*
** Asks for / over connections that are open already, one after the other, at a
** given rate, and says how long the answers took: a client that needs next to
** no processor.
**
** ask RATE SECONDS DESCRIPTOR…   says how many, and the 50th, 99th and 100th
**                                percentile in microseconds
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void sleep_until(double moment) {
  struct timespec time = {.tv_sec = (time_t)moment, .tv_nsec = (long)((moment - (double)(time_t)moment) * 1e9)};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static int by_size(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

int main(int count, char **arguments) {
  static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  if (count < 4) return 2;
  double rate = atof(arguments[1]), seconds = atof(arguments[2]);
  int most = (int)(rate * seconds), done = 0;
  double *took = calloc((size_t)most + 1, sizeof *took), begun = now();
  while (done < most && now() - begun < seconds * 2) {
    sleep_until(begun + done / rate);
    int fd = atoi(arguments[3 + done % (count - 3)]);
    char answer[4096];
    ssize_t length = 0;
    double sent = now();
    if (send(fd, request, sizeof request - 1, 0) < 0) return 1;
    while (length < 5 || memcmp(answer + length - 5, "hello", 5) != 0) {
      ssize_t more = recv(fd, answer + length, sizeof answer - (size_t)length, 0);
      if (more <= 0) return 1;
      length += more;
    }
    took[done++] = now() - sent;
  }
  if (done == 0) return 1;
  qsort(took, (size_t)done, sizeof *took, by_size);
  printf("%d %.0f %.0f %.0f\n", done, took[done / 2] * 1e6, took[done * 99 / 100] * 1e6, took[done - 1] * 1e6);
  return 0;
}
