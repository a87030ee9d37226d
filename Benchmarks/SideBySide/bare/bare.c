/* SPDX-License-Identifier: MIT */
/*
** The limit: a loop over epoll that looks for the end of a head and writes the
** same bytes each time. It parses nothing and guards against nothing; what a
** server needs beyond its CPU is what HTTP and scripts cost.
**
** bare PORT
*/
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char reply[] =
    "HTTP/1.1 200 OK\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: SAMEORIGIN\r\n"
    "Referrer-Policy: strict-origin-when-cross-origin\r\n"
    "Content-Length: 5\r\n\r\nhello";

static int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0) {
    perror("bare");
    exit(1);
  }
  return fd;
}

static void watch(int queue, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event) != 0) close(fd);
}

static void serve(int fd) {
  char request[8192];
  ssize_t length = read(fd, request, sizeof request);
  if (length <= 0) {
    close(fd);
  } else if (length >= 4 && memcmp(request + length - 4, "\r\n\r\n", 4) == 0) {
    if (write(fd, reply, sizeof reply - 1) < 0 || memmem(request, (size_t)length, "close", 5) != NULL) close(fd);
  }
}

int main(int count, char **arguments) {
  int entrance = listen_on(count > 1 ? atoi(arguments[1]) : 8080);
  int queue = epoll_create1(EPOLL_CLOEXEC);
  watch(queue, entrance);
  struct epoll_event events[256];
  for (;;) {
    int ready = epoll_wait(queue, events, 256, -1);
    for (int index = 0; index < ready; index++) {
      if (events[index].data.fd != entrance) {
        serve(events[index].data.fd);
        continue;
      }
      int fd, on = 1;
      while ((fd = accept4(entrance, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(queue, fd);
      }
    }
  }
}
