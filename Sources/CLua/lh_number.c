/* SPDX-License-Identifier: MIT */
/* Integers as text. Lua formats each by snprintf, which costs some 700
   instructions: a sixth of a page that concatenates numbers. The release build
   makes liblua call lh_snprintf_chk instead (Makefile). */
#include "lh_internal.h"

#include <stdarg.h>
#include <stdio.h>

int32_t lh_format_integer(char *buffer, int64_t value) {
  char digits[20];
  int count = 0, length = 0;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do {
    digits[count++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (value < 0) buffer[length++] = '-';
  while (count > 0) buffer[length++] = digits[--count];
  return length;
}

/* What <stdio.h> makes of snprintf when fortified; no header declares it. */
int lh_snprintf_chk(char *buffer, size_t size, int flag, size_t room,
                    const char *format, ...);

int lh_snprintf_chk(char *buffer, size_t size, int flag, size_t room,
                    const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length;
  if (strcmp(format, "%lld") == 0 && size > LH_INTEGER_SIZE && room >= size) {
    length = lh_format_integer(buffer, va_arg(arguments, long long));
    buffer[length] = '\0';
  } else {
    length = __builtin___vsnprintf_chk(buffer, size, flag, room, format, arguments);
  }
  va_end(arguments);
  return length;
}
