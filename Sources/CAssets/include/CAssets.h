/* SPDX-License-Identifier: MIT */
/* Files that the server itself sends to browsers, embedded as they lie beside
** this header's folder. Knows neither Lua nor HTTP. */
#ifndef CASSETS_H
#define CASSETS_H

#include <stddef.h>

typedef struct lh_asset {
  const char *bytes;
  size_t size;
} lh_asset;

/* The style of error pages: of those for the author, and of those for visitors. */
lh_asset lh_asset_page_css(void);
lh_asset lh_asset_plain_css(void);
/* What keeps an open page up to date during development. */
lh_asset lh_asset_live_js(void);

#endif
