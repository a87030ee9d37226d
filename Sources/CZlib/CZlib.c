/* SPDX-License-Identifier: MIT */
#include "CZlib.h"

int lh_inflate_init(z_stream *stream, int window_bits) {
  return inflateInit2(stream, window_bits);
}
