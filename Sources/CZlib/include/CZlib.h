/* SPDX-License-Identifier: MIT */
/* zlib as Swift can call it: its init functions are macros. */
#ifndef CZLIB_H
#define CZLIB_H

#include <zlib.h>

/* inflateInit2: `window_bits` says which format is expected. */
int lh_inflate_init(z_stream *stream, int window_bits);

/* deflateInit2 with the usual window and memory; `window_bits` as above. */
int lh_deflate_init(z_stream *stream, int level, int window_bits);

#endif
