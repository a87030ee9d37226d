/* SPDX-License-Identifier: MIT */
#include "CAssets.h"

static const char page_css[] = {
#embed "page.css"
};

static const char plain_css[] = {
#embed "plain.css"
};

static const char live_js[] = {
#embed "live.js"
};

lh_asset lh_asset_page_css(void) {
  return (lh_asset){page_css, sizeof page_css};
}

lh_asset lh_asset_plain_css(void) {
  return (lh_asset){plain_css, sizeof plain_css};
}

lh_asset lh_asset_live_js(void) { return (lh_asset){live_js, sizeof live_js}; }
