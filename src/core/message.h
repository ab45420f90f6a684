/* How the io floor says what went wrong: a status for the program, and one line for the
 * person, which names the file, the place in it, what was found and what would be right. */
#ifndef NF_IO_MESSAGE_H
#define NF_IO_MESSAGE_H

#include "core/status.h"

enum { NF_MESSAGE = 1024 }; /* bytes of a message, its final zero included */

/* Writes the message (cut to fit, control characters shown as '?') and returns status, so
 * that an error is one statement: return nf_fail(NF_EIO, message, "%s: …", path). */
int nf_fail(int status, char message[NF_MESSAGE], const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
