/* SPDX-License-Identifier: MIT */
/* Bytes that Lua has no part in. */
#define _GNU_SOURCE /* memmem */
#include "CLua.h"

#include <string.h>

const void *lh_find(const void *bytes, size_t size, const void *wanted,
                    size_t length) {
  return memmem(bytes, size, wanted, length);
}
