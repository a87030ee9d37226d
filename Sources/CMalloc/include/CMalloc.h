/* SPDX-License-Identifier: MIT */
/* mallopt and its parameters, which Swift's Glibc module leaves out. */
#ifndef CMALLOC_H
#define CMALLOC_H

#ifdef __linux__
#include <malloc.h>
#endif

#endif
