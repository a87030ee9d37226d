/* SPDX-License-Identifier: MIT */
#include "CMalloc.h"
