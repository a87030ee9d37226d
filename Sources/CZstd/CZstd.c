/* SPDX-License-Identifier: MIT */
#include "CZstd.h"
