/* SPDX-License-Identifier: MIT */
/*
** Connections that are closed as soon as they are there, at a given rate; and
** the least that a server can do with them, to compare with.
**
** storm PORT RATE SECONDS   says how many a second it made
** storm accept              says its port; accepts and closes until it is ended
*/
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct sockaddr_in loopback(int port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int accept_all(void) {
  int entrance = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(entrance, (struct sockaddr *)&address, size) != 0 || listen(entrance, 4096) != 0 ||
      getsockname(entrance, (struct sockaddr *)&address, &size) != 0)
    return 1;
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    int fd = accept(entrance, NULL, NULL);
    if (fd >= 0) close(fd);
  }
}

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "accept") == 0) return accept_all();
  if (count != 4) return 2;
  struct sockaddr_in address = loopback(atoi(arguments[1]));
  double rate = atof(arguments[2]), seconds = atof(arguments[3]), begun = now(), passed;
  int64_t made = 0, failed = 0;
  while ((passed = now() - begun) < seconds) {
    if ((double)made > rate * passed) {
      usleep(500);
      continue;
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) made++;
    else failed++;
    close(fd);
  }
  printf("%.0f %lld\n", (double)made / passed, (long long)failed);
  return 0;
}
