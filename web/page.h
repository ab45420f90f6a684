/* What the files of the page's C share: how a function is exported to JavaScript, and the error
 * that the last call left. */
#ifndef NF_WEB_PAGE_H
#define NF_WEB_PAGE_H

#include "nf/core.h"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name))) name
#else
#define EXPORT(name) name
#endif

extern nf_error page_e;

#endif
