/* SPDX-License-Identifier: MIT */
/* zstd as Swift can call it. */
#ifndef CZSTD_H
#define CZSTD_H

#include <zstd.h>

#endif
